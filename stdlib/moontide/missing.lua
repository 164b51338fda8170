--- `dropna`, `fillna` and `describe`: made of other methods once the columns are known, as in
-- Spark.
local F = require "moontide.functions"
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"

local methods = dataframe.methods

local FLOATING = { FLOAT = true, DOUBLE = true }
local NUMERIC = {
  TINYINT = true, SMALLINT = true, INT = true, BIGINT = true, FLOAT = true, DOUBLE = true,
}

local function isNumeric(text) return NUMERIC[text] or text:find "^DECIMAL" ~= nil end

-- A name with a dot is no path to a field when it is quoted.
local function quoted(name)
  return "`" .. name:gsub("`", "``") .. "`"
end

-- The columns named, or all: { name, type text, column }.
local function chosen(df, method, subset)
  if type(subset) == "string" then subset = { subset } end
  local wanted = subset and {}
  for _, name in ipairs(subset or {}) do
    wanted[check.text(name, "`subset` of `" .. method .. "`"):lower()] = name
  end
  local out = {}
  for _, field in ipairs(df.schema.fields) do
    if not wanted or wanted[field.name:lower()] then
      out[#out + 1] = {
        name = field.name, type = field.type:ddl(), column = df:col(quoted(field.name)),
      }
      if wanted then wanted[field.name:lower()] = nil end
    end
  end
  local unknown = wanted and select(2, next(wanted))
  if unknown then
    check.fail("UNRESOLVED_COLUMN.WITH_SUGGESTION",
      ("there is no column `%s` in this DataFrame"):format(unknown),
      check.suggestion(unknown, df.columns))
  end
  return out
end

-- NaN counts as missing, as in Spark.
local function isPresent(field)
  local present = field.column:isNotNull()
  if FLOATING[field.type] then present = present & ~field.column:isNaN() end
  return present
end

--- Keeps the rows in which at least `thresh` of the columns have a value.
function methods:dropna(...)
  local given = check.arguments("dropna", { "how", "thresh", "subset" }, ...)
  local how = check.word(given.how or "any", { "any", "all" }, "`how` of `dropna`")
  local fields = chosen(self, "dropna", given.subset)
  if #fields == 0 then return self end
  local least = given.thresh and check.integer(given.thresh, "`thresh` of `dropna`")
    or how == "any" and #fields or 1
  local count
  for _, field in ipairs(fields) do
    local one = F.when(isPresent(field), 1):otherwise(0)
    count = count and count + one or one
  end
  return (self:where(count:geq(least)))
end

local function fits(value, typeText)
  local kind = type(value)
  if kind == "number" then return isNumeric(typeText) end
  return kind == "string" and typeText == "STRING" or kind == "boolean" and typeText == "BOOLEAN"
end

local function filled(field, value)
  local present = field.column
  if FLOATING[field.type] then
    present = F.when(present:isNaN(), F.lit(nil)):otherwise(present)
  end
  return F.coalesce(present, F.lit(value):cast(field.type)):alias(field.name)
end

--- Puts a value where there is none: `fillna(0)`, `fillna("?", { "a" })`, `fillna { a = 0 }`.
function methods:fillna(value, subset)
  local byName = check.isKeywords(value) and value or nil
  local names = subset
  if byName then
    names = check.sortedKeys(byName)
  elseif not (type(value) == "number" or type(value) == "string" or type(value) == "boolean") then
    check.refuse(check.argument("fillna", 1), "a number, a string, a boolean or a table", value)
  end
  local replaced = {}
  for _, field in ipairs(chosen(self, "fillna", names)) do
    local new = value
    if byName then
      for name, given in next, byName do
        if name:lower() == field.name:lower() then new = given end
      end
    end
    if byName or fits(new, field.type) then replaced[field.name] = filled(field, new) end
  end
  local columns = {}
  for position, name in ipairs(self.columns) do
    columns[position] = replaced[name] or self:col(quoted(name))
  end
  return (self:select(columns))
end

local STATISTICS = { "count", "mean", "stddev", "min", "max" }

-- The column under which `describe` keeps one statistic of one column on the way.
local function slot(statistic, position) return statistic .. "_" .. position end

--- Count, mean, standard deviation, least and greatest of number and text columns, as text.
function methods:describe(...)
  local subset = select("#", ...) > 0 and check.names("describe", ...) or nil
  local fields, computed, rows = {}, {}, {}
  for _, field in ipairs(chosen(self, "describe", subset)) do
    if isNumeric(field.type) or field.type == "STRING" then fields[#fields + 1] = field end
  end
  for row, statistic in ipairs(STATISTICS) do
    local shown = { F.lit(statistic):alias "summary" }
    for position, field in ipairs(fields) do
      local operand = field.column
      if field.type == "STRING" and (statistic == "mean" or statistic == "stddev") then
        operand = operand:tryCast "DOUBLE"
      end
      local name = slot(statistic, position)
      computed[#computed + 1] = F[statistic](operand):cast("STRING"):alias(name)
      shown[#shown + 1] = F.col(name):alias(field.name)
    end
    rows[row] = F.struct(shown)
  end
  if #fields == 0 then computed[1] = F.count(F.lit(1)):alias "rows" end
  local described = self:agg(computed):select(F.inline(F.array(rows)))
  return described
end
