--- Values that are missing or wrong: `dropna`, `fillna`, `replace`, made of other methods once the
-- columns are known, as in Spark.
local F = require "moontide.functions"
local check = require "moontide.check"
local chosen = require "moontide.chosen"
local dataframe = require "moontide.dataframe"
local null = require "moontide.native".null

local methods, values = dataframe.methods, dataframe.values

local FLOATING = { FLOAT = true, DOUBLE = true }

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
  local fields = chosen.fields(self, "dropna", given.subset)
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
  if kind == "number" then return chosen.isNumeric(typeText) end
  return kind == "string" and typeText == "STRING" or kind == "boolean" and typeText == "BOOLEAN"
end

local function filled(field, value)
  local present = field.column
  if FLOATING[field.type] then
    present = F.when(present:isNaN(), F.lit(nil)):otherwise(present)
  end
  return F.coalesce(present, F.lit(value):cast(field.type)):alias(field.name)
end

-- The DataFrame with some columns, by their names, replaced by others.
local function withReplaced(df, replaced)
  local columns = {}
  for position, name in ipairs(df.columns) do
    columns[position] = replaced[name] or df:col(chosen.quoted(name))
  end
  return (df:select(columns))
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
  for _, field in ipairs(chosen.fields(self, "fillna", names)) do
    local new = value
    if byName then
      for name, given in next, byName do
        if name:lower() == field.name:lower() then new = given end
      end
    end
    if byName or fits(new, field.type) then replaced[field.name] = filled(field, new) end
  end
  return (withReplaced(self, replaced))
end

-- What `replace` takes for one kind of column, and which columns are of that kind.
local KINDS = {
  number = chosen.isNumeric,
  string = function(typeText) return typeText == "STRING" end,
  boolean = function(typeText) return typeText == "BOOLEAN" end,
}

local function asList(value)
  if check.isList(value) then return value end
  return { rawequal(value, nil) and null or value }
end

-- Old and new values in step, from two lists, a list and a value, or a table of new by old.
local function replacements(old, new, hasNew)
  if type(old) == "table" and not hasNew then
    local olds, news = {}, {}
    for from, to in next, old do olds[#olds + 1], news[#news + 1] = from, to end
    return olds, news
  end
  if not hasNew then check.refuse(check.argument("replace", 2), "a value", nil) end
  local olds, news = asList(old), asList(new)
  if #news ~= #olds and check.isList(new) then
    check.fail("LENGTH_SHOULD_BE_THE_SAME",
      ("`replace` has %d old values and %d new ones"):format(#olds, #news))
  end
  local all = {}
  for position = 1, #olds do all[position] = check.isList(new) and news[position] or news[1] end
  return olds, all
end

-- Spark refuses to mix kinds; `moontide.null` goes with any.
local function kindOf(olds, news)
  local kind
  for position, old in ipairs(olds) do
    local new = news[position]
    kind = kind or type(old)
    local isOfKind = KINDS[kind] and type(old) == kind
      and (rawequal(new, null) or type(new) == kind)
    if not isOfKind then
      check.fail("MIXED_TYPE_REPLACEMENT",
        "`replace` takes numbers for numbers, texts for texts or booleans for booleans, not "
          .. check.describe(new) .. " for " .. check.describe(old))
    end
  end
  return kind
end

--- Puts other values in place of some: `replace(1, 2)`, `replace({ "a", "b" }, { "A", "B" }, "s")`,
-- `replace { a = "A" }`; `moontide.null` is NULL.
function methods:replace(old, ...)
  local hasNew = select("#", ...) > 0
  local new, subset = ...
  local olds, news = replacements(old, new, hasNew)
  local kind = kindOf(olds, news)
  local replaced = {}
  for _, field in ipairs(chosen.fields(self, "replace", subset)) do
    if kind and KINDS[kind](field.type) then
      local case
      for position, from in ipairs(olds) do
        local to = F.lit(news[position]):cast(field.type)
        local same = from ~= from and field.column:isNaN() or field.column:eq(from)
        case = case and case:when(same, to) or F.when(same, to)
      end
      replaced[field.name] = case:otherwise(field.column):alias(field.name)
    end
  end
  return (withReplaced(self, replaced))
end

--- PySpark's `df.na`: `fill`, `drop` and `replace`.
local Missing = check.class "DataFrameNaFunctions"
Missing.__call = check.notCallable("na", "df.na:fill(0)")
local OF = {}

for name, method in next, { fill = "fillna", drop = "dropna", replace = "replace" } do
  Missing.methods[name] = function(self, ...) return methods[method](rawget(self, OF), ...) end
end

function values.na(df) return setmetatable({ [OF] = df }, Missing) end
