--- `pivot`: each aggregate once for every value of a column, over the rows that have it.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"
local specs = require "moontide.specs"

--- How many columns a pivot without values may make.
local LIMIT = 10000

local function isAggregate(expr)
  local spec = expr.kind == "call" and specs.find(expr.name:lower())
  return expr.kind == "udaf" or spec and spec.kind == "aggregate"
end

-- The same expression with every aggregate over the matching rows only.
local function filtered(expr, match)
  if expr.kind == "text" then
    check.fail("UNSUPPORTED_FEATURE", "`pivot` cannot look into SQL text",
      "Write the aggregate with functions: `F.sum \"v\"`.")
  end
  local copy = {}
  for key, part in next, expr do copy[key] = part end
  if isAggregate(expr) then
    copy.filter = match
    return copy
  end
  for position, operand in ipairs(expr) do copy[position] = filtered(operand, match) end
  return copy
end

local function valueText(value)
  if rawequal(value, nil) then return "null" end
  return tostring(value)
end

-- NULL where no row has the value: a count would be 0.
local function cell(aggregate, match)
  local rows = expression.call("count", expression.literal(1))
  rows.filter = match
  local present = expression.call(">", rows, expression.literal(0))
  return expression.new("case", { present, filtered(aggregate, match) })
end

local pivot = {}

--- The distinct values of a column, in order: they are looked up now.
function pivot.values(df, pivotColumn)
  local key = column.wrap(expression.new("alias", { pivotColumn, names = { "value" } }))
  local rows = df:select(key):distinct():orderBy("value"):limit(LIMIT + 1):collect()
  if #rows > LIMIT then
    check.fail("_LEGACY_ERROR_TEMP_1325",
      ("the column of `pivot` has more than %d values"):format(LIMIT),
      "Give the values that are wanted: `pivot(column, { … })`.")
  end
  local values = {}
  for position, row in ipairs(rows) do values[position] = { value = row[1] } end
  return values
end

--- The aggregates for every value: `value` where there is one aggregate, else `value_name`.
function pivot.aggregates(pivotColumn, values, aggregates)
  local out = {}
  for _, entry in ipairs(values) do
    local match = expression.call("<=>", pivotColumn, expression.literal(entry.value))
    for _, aggregate in ipairs(aggregates) do
      local name = valueText(entry.value)
      local inner = aggregate
      if aggregate.kind == "alias" then
        inner = aggregate[1]
        if #aggregates > 1 then name = name .. "_" .. aggregate.names[1] end
      elseif #aggregates > 1 then
        name = name .. "_" .. (aggregate.text or aggregate.name or aggregate.kind)
      end
      out[#out + 1] = expression.new("alias", { cell(inner, match), names = { name } })
    end
  end
  return out
end

return pivot
