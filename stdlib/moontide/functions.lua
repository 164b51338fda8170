--- `moontide.functions`: Spark SQL's functions as functions on Columns.
--
-- Most are made from the engine's Specs when first used; those that take their arguments in a way
-- of their own are written out below.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"
local lambda = require "moontide.lambda"
local origin = require "moontide.origin"
local specs = require "moontide.specs"
local types = getmetatable(require "moontide.types").internal
local userFunction = require "moontide.user_function"

local wrap = column.wrap
local own = {}

function own.col(name)
  return wrap(expression.column(check.text(name, check.argument("col", 1))))
end
own.column = own.col

function own.lit(value)
  return wrap(column.value(value, check.argument("lit", 1)))
end

--- An expression as SQL text, possibly with its name: `F.expr "a + 1 AS b"`.
function own.expr(text)
  return wrap(expression.text(check.text(text, check.argument("expr", 1))))
end

function own.when(...)
  return column.case({}):when(...)
end

own.udf = userFunction.udf
own.udaf = userFunction.udaf

local function distinct(method, aggregate)
  return function(...)
    local operands = column.columns(method, ...)
    if #operands == 0 then check.refuse(check.argument(method, 1), "a column", nil) end
    return wrap(expression.callWith(aggregate, operands, true))
  end
end
own.count_distinct = distinct("count_distinct", "count")
own.countDistinct = own.count_distinct
own.sum_distinct = distinct("sum_distinct", "sum")
own.listagg_distinct = distinct("listagg_distinct", "listagg")
own.string_agg_distinct = distinct("string_agg_distinct", "string_agg")

--- A function by a name that the script computes: the engine's own, or one that
-- `session.udf:register` has made known.
function own.call_function(name, ...)
  check.text(name, check.argument("call_function", 1))
  return wrap(expression.callWith(name, column.columns("call_function", ...)))
end
own.call_udf = own.call_function

--- A struct of pairs is written as in SQL: `F.named_struct("a", x, "b", y)`, names being values.
function own.named_struct(...)
  local operands = {}
  for position = 1, select("#", ...) do
    local read = position % 2 == 1 and column.value or column.column
    operands[position] = read((select(position, ...)), check.argument("named_struct", position))
  end
  return wrap(expression.callWith("named_struct", operands))
end

for _, name in ipairs {
  "asc", "ascNullsFirst", "ascNullsLast", "desc", "descNullsFirst", "descNullsLast",
} do
  local method = column.class.methods[name]
  local function order(given)
    return method(wrap(column.column(given, check.argument(name, 1))))
  end
  own[name] = order
  own[name:gsub("Nulls(%a+)", function(side) return "_nulls_" .. side:lower() end)] = order
end

--- PySpark's hint that a table is small; every static side is broadcast here.
function own.broadcast(df) return df end

-- Arguments by the kind that the Spec gives each parameter

local readers = {}

function readers.column(given, what) return column.column(given, what) end
function readers.value(given, what) return column.value(given, what) end
readers.any = readers.column
readers.columns = readers.column

local function plain(checkPlain)
  return function(given, what)
    if column.isColumn(given) then return column.unwrap(given) end
    return expression.literal(checkPlain(given, what))
  end
end
readers.text = plain(check.text)
readers.integer = plain(check.integer)
readers.number = plain(check.number)
readers.boolean = plain(check.boolean)
readers.duration = plain(check.duration)
readers["function"] = lambda

function readers.type(given, what)
  if column.isColumn(given) then return column.unwrap(given) end
  return expression.literal(types.text(given, what))
end

--- A table of options goes as SQL has it: `map('mode', 'FAILFAST')`.
function readers.table(given, what)
  if column.isColumn(given) then return column.unwrap(given) end
  if not check.isKeywords(given) then check.refuse(what, "a table of options", given) end
  local operands = {}
  for _, key in ipairs(check.sortedKeys(given)) do
    operands[#operands + 1] = expression.literal(key)
    operands[#operands + 1] = expression.literal(tostring(given[key]))
  end
  return expression.callWith("map", operands)
end

local function parameterAt(spec, position)
  local parameters = spec.parameters
  return parameters[position] or spec.variadic and parameters[#parameters]
end

-- Keywords in last place, unless they are the options that this parameter takes.
local GAP = {}

local function splitKeywords(spec, names, given, count)
  local last = given[count]
  if not check.isKeywords(last) then return nil, count end
  local parameter = parameterAt(spec, count)
  if parameter and parameter.kind == "table" then
    for key in next, last do
      if not names[key] then return nil, count end
    end
  end
  return last, count - 1
end

local function positional(spec, ...)
  local given, count = { ... }, select("#", ...)
  if spec.variadic and #spec.parameters == 1 then
    given, count = check.spread(...)
  end
  local names = {}
  for position, parameter in ipairs(spec.parameters) do names[parameter.name] = position end
  local keywords
  keywords, count = splitKeywords(spec, names, given, count)
  local present = {}
  for position = 1, count do present[position] = true end
  for key, value in next, keywords or {} do
    local position = names[key]
    if not position then
      check.fail("UNRECOGNIZED_PARAMETER_NAME",
        ("`%s` has no parameter `%s`"):format(spec.name, key),
        check.suggestion(key, check.sortedKeys(names)))
    end
    given[position], present[position] = value, true
    count = math.max(count, position)
  end
  return given, count, present
end

local function refuseCount(spec, count)
  local fewest, most = spec.minimum, #spec.parameters
  local wanted = spec.variadic and "at least " .. fewest
    or fewest == most and tostring(most) or fewest .. " to " .. most
  local names = {}
  for position, parameter in ipairs(spec.parameters) do names[position] = parameter.name end
  check.fail("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
    ("`%s` takes %s argument%s, not %d"):format(
      spec.name, wanted, wanted == "1" and "" or "s", count),
    #names > 0 and "Its parameters: " .. table.concat(names, ", ") .. "." or nil)
end

local IS_TEXT = { text = true, duration = true, type = true }

-- A parameter's default: another argument, a text, or what SQL makes of it.
local function defaultOf(spec, operands, position)
  local parameter = spec.parameters[position]
  local default = parameter.default or ""
  for source, other in ipairs(spec.parameters) do
    if other.name == default then return operands[source] end
  end
  if default == "" then refuseCount(spec, position - 1) end
  if IS_TEXT[parameter.kind] then
    return expression.literal(default:match "^'(.*)'$" or default)
  end
  return expression.text(default)
end

-- Arguments that a later keyword jumped over get their defaults.
local function fillGaps(spec, operands)
  for position, operand in ipairs(operands) do
    if operand == GAP then operands[position] = defaultOf(spec, operands, position) end
  end
end

local function build(spec)
  return function(...)
    local given, count, present = positional(spec, ...)
    if count < spec.minimum or not spec.variadic and count > #spec.parameters then
      refuseCount(spec, count)
    end
    local operands = {}
    for position = 1, count do
      local parameter = parameterAt(spec, position)
      if present[position] then
        local what = check.argument(spec.name, position)
        operands[position] = readers[parameter.kind](given[position], what)
      else
        operands[position] = GAP
      end
    end
    fillGaps(spec, operands)
    return wrap(expression.callWith(spec.name, operands))
  end
end

local function find(name)
  if own[name] then return own[name] end
  if type(name) ~= "string" then return nil end
  -- `repeat_`, `and_`: Lua's keywords cannot follow a dot.
  local spec = specs.find(name) or specs.find(name:match "^(.-)_$") or specs.find(name:lower())
  if not spec then return nil end
  own[name] = build(spec)
  return own[name]
end

-- Older and longer names of PySpark's.
for other, name in next, {
  approxCountDistinct = "approx_count_distinct", bitwiseNOT = "bitwise_not", negate = "negative",
  sumDistinct = "sum_distinct", timestamp_add = "timestampadd", timestamp_diff = "timestampdiff",
  toDegrees = "degrees", toRadians = "radians",
} do
  own[other] = function(...) return find(name)(...) end
end

local function names()
  local all = {}
  for name in next, own do all[name] = true end
  for _, name in ipairs(specs.names()) do all[name] = true end
  return check.sortedKeys(all)
end

return setmetatable({}, {
  __name = "functions module",
  __index = function(_, name)
    origin.note()
    local fn = find(name)
    if fn then return fn end
    check.fail("UNRESOLVED_ROUTINE", ("there is no function `%s`"):format(tostring(name)),
      check.suggestion(name, names()))
  end,
  __newindex = function(_, name)
    check.fail("UNSUPPORTED_OPERATION", ("cannot assign `F.%s`"):format(tostring(name)),
      "Keep your functions in a table of your own.")
  end,
})
