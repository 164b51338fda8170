--- Statistics over the columns of a DataFrame that ends: `describe`, `summary`, `df.stat`.
local F = require "moontide.functions"
local check = require "moontide.check"
local chosen = require "moontide.chosen"
local dataframe = require "moontide.dataframe"

local methods, values = dataframe.methods, dataframe.values

-- Statistics of a table

-- Aggregates by their names: whether each reads text as numbers.
local STATISTICS = {
  count = false, mean = true, stddev = true, min = false, max = false,
  count_distinct = false, approx_count_distinct = false,
}

-- "25%" as an aggregate, or nil.
local function percentile(text)
  local share = tonumber(text:match "^(.+)%%$")
  if not share or share < 0 or share > 100 then return nil end
  return function(operand) return F.percentile_approx(operand, share / 100) end
end

local function statistic(text)
  local wantsNumbers = STATISTICS[text]
  if not rawequal(wantsNumbers, nil) then return F[text], wantsNumbers end
  local aggregate = percentile(text)
  if aggregate then return aggregate, true end
  check.fail("UNRECOGNIZED_STATISTIC", ("there is no statistic `%s`"):format(text),
    check.suggestion(text, check.sortedKeys(STATISTICS))
      or 'Others are percentiles, such as "25%".')
end

-- A row for each statistic, its name in the column `summary`; all values as text.
local function described(df, fields, statistics)
  local computed, rows = {}, {}
  for row, text in ipairs(statistics) do
    local aggregate, wantsNumbers = statistic(text)
    local shown = { F.lit(text):alias "summary" }
    for position, field in ipairs(fields) do
      local operand = field.column
      if wantsNumbers and field.type == "STRING" then operand = operand:tryCast "DOUBLE" end
      -- The column that keeps this statistic of this column on the way.
      local slot = row .. "_" .. position
      computed[#computed + 1] = aggregate(operand):cast("STRING"):alias(slot)
      shown[#shown + 1] = F.col(slot):alias(field.name)
    end
    rows[row] = F.struct(shown)
  end
  if #fields == 0 then computed[1] = F.count(F.lit(1)):alias "rows" end
  return (df:agg(computed):select(F.inline(F.array(rows))))
end

-- The columns of numbers and text.
local function describable(df, method, subset)
  local fields = {}
  for _, field in ipairs(chosen.fields(df, method, subset)) do
    if chosen.isNumeric(field.type) or field.type == "STRING" then fields[#fields + 1] = field end
  end
  return fields
end

--- Count, mean, standard deviation, least and greatest of number and text columns, as text.
function methods:describe(...)
  local subset = select("#", ...) > 0 and check.names("describe", ...) or nil
  return described(self, describable(self, "describe", subset),
    { "count", "mean", "stddev", "min", "max" })
end

--- The statistics named, of all number and text columns, as text; without names those of `describe`
-- and the quartiles.
function methods:summary(...)
  local statistics = check.names("summary", ...)
  if #statistics == 0 then
    statistics = { "count", "mean", "stddev", "min", "25%", "50%", "75%", "max" }
  end
  return described(self, describable(self, "summary"), statistics)
end

-- Statistics of two columns

local function pair(df, method, given)
  local names = { check.text(given.col1, check.argument(method, 1)),
    check.text(given.col2, check.argument(method, 2)) }
  for _, field in ipairs(chosen.fields(df, method, names)) do
    if not chosen.isNumeric(field.type) then
      check.fail("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        ("`%s` is of numbers, and `%s` has the type %s"):format(method, field.name, field.type))
    end
  end
  -- Spark takes NULL for 0 here, unlike in its aggregates.
  local function present(name)
    return F.coalesce(df:col(chosen.quoted(name)):cast "DOUBLE", F.lit(0.0))
  end
  return present(names[1]), present(names[2])
end

--- Pearson's correlation of two columns of numbers.
function methods:corr(...)
  local given = check.arguments("corr", { "col1", "col2", "method" }, ...)
  check.word(given.method or "pearson", { "pearson" }, "`method` of `corr`")
  return self:agg(F.corr(pair(self, "corr", given))):head()[1]
end

--- The sample covariance of two columns of numbers.
function methods:cov(...)
  local given = check.arguments("cov", { "col1", "col2" }, ...)
  return self:agg(F.covar_samp(pair(self, "cov", given))):head()[1]
end

--- How often each pair of values comes: a row for each value of the first column, a column for each
-- of the second.
function methods:crosstab(...)
  local given = check.arguments("crosstab", { "col1", "col2" }, ...)
  local function text(name, position)
    local column = self:col(chosen.quoted(check.text(name, check.argument("crosstab", position))))
    return F.coalesce(column:cast "STRING", F.lit "null")
  end
  local corner = given.col1 .. "_" .. given.col2
  local pairs_ = self:select(text(given.col1, 1):alias(corner), text(given.col2, 2):alias "value")
  return (pairs_:groupBy(F.col(chosen.quoted(corner))):pivot("value")
    :agg(F.count(F.lit(1))):fillna(0))
end

-- Rows by the share of their value

--- Picks rows at random, a share for each value of a column: `sampleBy("kind", { a = 0.5 })`; rows
-- with other values go.
function methods:sampleBy(...)
  local given = check.arguments("sampleBy", { "col", "fractions", "seed" }, ...)
  local key = given.col
  if type(key) == "string" then key = self:col(key) end
  if type(given.fractions) ~= "table" then
    check.refuse(check.argument("sampleBy", 2), "a table of fractions by value", given.fractions)
  end
  local share
  for value, fraction in next, given.fractions do
    local what = ("the fraction of `%s`"):format(value)
    if check.number(fraction, what) < 0 or fraction > 1 then
      check.fail("VALUE_OUT_OF_BOUNDS", ("%s should be from 0 to 1, not %s"):format(what, fraction))
    end
    local is, wanted = key:eq(value), F.lit(fraction + 0.0)
    share = share and share:when(is, wanted) or F.when(is, wanted)
  end
  if not share then return self:limit(0) end
  local random = rawequal(given.seed, nil) and F.rand()
    or F.rand(check.integer(given.seed, "`seed` of `sampleBy`"))
  return (self:where(random:lt(share:otherwise(0.0))))
end

-- Quantiles

--- Quantiles of a column of numbers, as a list; of several columns a list of lists.
function methods:approxQuantile(...)
  local given = check.arguments("approxQuantile", { "col", "probabilities", "relativeError" }, ...)
  local several = check.isList(given.col)
  local names = several and check.names("approxQuantile", given.col) or { given.col }
  local shares = {}
  if not check.isList(given.probabilities) then
    check.refuse(check.argument("approxQuantile", 2), "a list of numbers", given.probabilities)
  end
  for position, share in ipairs(given.probabilities) do
    if check.number(share, "a probability") < 0 or share > 1 then
      check.fail("NOT_EXPECTED_TYPE",
        ("a probability of `approxQuantile` is from 0 to 1, not %s"):format(share))
    end
    shares[position] = share + 0.0
  end
  local off = check.number(given.relativeError, check.argument("approxQuantile", 3))
  if off < 0 then
    check.fail("NEGATIVE_VALUE", "`relativeError` of `approxQuantile` cannot be negative")
  end
  local accuracy = math.max(1, math.floor(1 / math.max(off, 1e-9)))
  local computed = {}
  for position, field in ipairs(chosen.fields(self, "approxQuantile", names)) do
    if not chosen.isNumeric(field.type) then
      check.fail("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        ("`approxQuantile` is of numbers, and `%s` has the type %s"):format(field.name, field.type))
    end
    local operand = field.column:cast "DOUBLE"
    computed[position] = F.percentile_approx(
      F.when(operand:isNaN(), F.lit(nil)):otherwise(operand), F.lit(shares), accuracy)
  end
  local row = self:agg(computed):head()
  if not row then return several and {} or nil end
  if not several then return row[1] or {} end
  local all = {}
  for position = 1, #computed do all[position] = row[position] or {} end
  return all
end

--- PySpark's `df.stat`: the same methods under another roof.
local Statistics = check.class "DataFrameStatFunctions"
Statistics.__call = check.notCallable("stat", 'df.stat:corr("a", "b")')
local OF = {}

for _, name in ipairs { "approxQuantile", "corr", "cov", "crosstab", "sampleBy" } do
  Statistics.methods[name] = function(self, ...) return methods[name](rawget(self, OF), ...) end
end

function values.stat(df) return setmetatable({ [OF] = df }, Statistics) end
