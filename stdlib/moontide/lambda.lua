--- Lua functions given to `F.transform` and its like: called once, with Columns, while the plan is
-- built.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"

local LETTERS = { "x", "y", "z" }

-- How many lambdas are being built inside one another: their variables need different names.
local depth = 0

--- The lambda expression that a Lua function of one to three parameters stands for.
local function lambda(fn, what)
  check.func(fn, what)
  local info = debug.getinfo(fn, "u")
  if info.isvararg or info.nparams < 1 or info.nparams > #LETTERS then
    check.fail("WRONG_NUM_ARGS_FOR_HIGHER_ORDER_FUNCTION",
      what .. " should be a function of one to three parameters",
      "It is called once, with Columns, while the plan is built.")
  end
  depth = depth + 1
  local names, variables = {}, {}
  for position = 1, info.nparams do
    names[position] = LETTERS[position] .. "_" .. depth
    variables[position] = column.wrap(expression.new("variable", { name = names[position] }))
  end
  local ok, result = pcall(fn, table.unpack(variables))
  depth = depth - 1
  if not ok then error(result, 0) end
  if not column.isColumn(result) then
    check.fail("HIGHER_ORDER_FUNCTION_SHOULD_RETURN_COLUMN",
      what .. " should return a Column, not " .. check.describe(result),
      "It is called once, with Columns, while the plan is built; `F.lit` makes a constant.")
  end
  return expression.new("lambda", { parameters = names, column.unwrap(result) })
end

return lambda
