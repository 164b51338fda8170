--- `pivot` without values: what its column holds.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"

--- How many columns a pivot without values may make.
local LIMIT = 10000

local pivot = {}

--- The distinct values of a column, in order: they are looked up now.
function pivot.values(df, pivotColumn)
  local key = column.wrap(expression.new("alias", { pivotColumn, names = { "value" } }))
  local keys = df:select(key):distinct():orderBy("value"):limit(LIMIT + 1)
  local type = keys.dtypes[1][2]
  -- Text is exact, where Lua has no date and no decimal.
  local rows = keys:select(keys:col("value"):cast("string"):alias("value")):collect()
  if #rows > LIMIT then
    check.fail("_LEGACY_ERROR_TEMP_1325",
      ("the column of `pivot` has more than %d values"):format(LIMIT),
      "Give the values that are wanted: `pivot(column, { … })`.")
  end
  local values = {}
  for position, row in ipairs(rows) do
    values[position] = expression.new("cast", { expression.literal(row[1]), type = type })
  end
  return values
end

return pivot
