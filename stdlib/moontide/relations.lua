--- DataFrame methods that choose and order rows and columns.
local check = require "moontide.check"
local column = require "moontide.column"
local dataframe = require "moontide.dataframe"
local expression = require "moontide.expression"

local methods = dataframe.methods
local derive = dataframe.derive

-- Columns

function methods:select(...)
  return derive(self, "select", { columns = column.columns("select", ...) })
end

function methods:selectExpr(...)
  local columns = {}
  for position, text in ipairs(check.names("selectExpr", ...)) do
    columns[position] = expression.text(text)
  end
  return derive(self, "select", { columns = columns })
end

-- A column to be added must be a Column: a string would be a name or a value, nobody can tell.
local function added(given, what)
  if column.isColumn(given) then return column.unwrap(given) end
  local hint = type(given) == "string"
    and ('Write `F.col "%s"` for the column, `F.lit "%s"` for the text.'):format(given, given)
  check.fail("NOT_COLUMN", what .. " should be a Column, not " .. check.describe(given),
    hint or rawequal(given, nil) and "A misspelt variable is nil in Lua."
      or "`F.lit` makes a constant column.")
end

local function named(name, expr)
  return expression.new("alias", { expr, names = { name } })
end

function methods:withColumn(...)
  local given = check.arguments("withColumn", { "colName", "col" }, ...)
  local name = check.text(given.colName, check.argument("withColumn", 1))
  local expr = added(given.col, check.argument("withColumn", 2))
  return derive(self, "withColumns", { columns = { named(name, expr) } })
end

--- `withColumns { a = …, b = … }`; new columns come in the order of their names, since a Lua table
-- has none of its own.
function methods:withColumns(map)
  if not check.isKeywords(map) then
    check.refuse(check.argument("withColumns", 1), "a table of Columns by name", map)
  end
  local columns = {}
  for position, name in ipairs(check.sortedKeys(map)) do
    columns[position] = named(name, added(map[name], "`" .. name .. "` of `withColumns`"))
  end
  return derive(self, "withColumns", { columns = columns })
end

function methods:withColumnRenamed(...)
  local given = check.arguments("withColumnRenamed", { "existing", "new" }, ...)
  return derive(self, "withColumnsRenamed", {
    existing = { check.text(given.existing, check.argument("withColumnRenamed", 1)) },
    names = { check.text(given.new, check.argument("withColumnRenamed", 2)) },
  })
end

function methods:withColumnsRenamed(map)
  if not check.isKeywords(map) then
    check.refuse(check.argument("withColumnsRenamed", 1), "a table of names by name", map)
  end
  local existing, names = check.sortedKeys(map), {}
  for position, name in ipairs(existing) do
    names[position] = check.text(map[name], "`" .. name .. "` of `withColumnsRenamed`")
  end
  return derive(self, "withColumnsRenamed", { existing = existing, names = names })
end

--- Drops columns; a name that is not there is no error, as in Spark.
function methods:drop(...)
  local list, count = check.spread(...)
  local names, columns = {}, {}
  for position = 1, count do
    local given, what = list[position], check.argument("drop", position)
    if type(given) == "string" then
      names[#names + 1] = given
    else
      columns[#columns + 1] = added(given, what)
    end
  end
  return derive(self, "drop", { names = names, columns = columns })
end

function methods:toDF(...)
  return derive(self, "toDF", { names = check.names("toDF", ...) })
end

function methods:alias(name)
  return derive(self, "alias", { name = check.text(name, check.argument("alias", 1)) })
end

-- Rows

function methods:where(...)
  local given = check.arguments("where", { "condition" }, ...).condition
  if type(given) == "function" then return derive(self, "filterRows", { ["function"] = given }) end
  local condition
  if type(given) == "string" then
    condition = expression.text(given)
  else
    condition = column.condition(given, check.argument("where", 1))
  end
  return derive(self, "filter", { condition = condition })
end
methods.filter = methods.where

-- `limit(n)` and `offset(n)`.
for _, method in ipairs { "limit", "offset" } do
  methods[method] = function(self, count)
    local rows = check.integer(count, check.argument(method, 1))
    if rows < 0 then
      check.fail("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
        ("%s should be at least 0, not %d"):format(check.argument(method, 1), rows))
    end
    return (derive(self, method, { count = rows }))
  end
end

local function sortKey(expr, ascending)
  if expr.kind == "sort" then return expr end
  return expression.new("sort", { expr, ascending = ascending, nullsFirst = ascending })
end

--- `orderBy("a", F.col("b"):desc())`, `orderBy("a", "b", { ascending = { true, false } })`.
function methods:orderBy(...)
  local count = select("#", ...)
  local given, ascending = { ... }, true
  if count > 0 and check.isKeywords(given[count]) then
    check.knownKeys(given[count], { "ascending" }, "`orderBy`")
    ascending = given[count].ascending
    count = count - 1
  end
  local keys = column.columns("orderBy", table.unpack(given, 1, count))
  if #keys == 0 then check.refuse(check.argument("orderBy", 1), "a column", nil) end
  for position, expr in ipairs(keys) do
    local up = ascending
    if type(ascending) == "table" then up = ascending[position] end
    if type(up) == "number" then up = up ~= 0 end
    keys[position] = sortKey(expr, check.boolean(up, "`ascending` of `orderBy`"))
  end
  return derive(self, "sort", { order = keys })
end
methods.sort = methods.orderBy

function methods:distinct()
  return derive(self, "deduplicate", {})
end

local function deduplicate(method, op)
  methods[method] = function(self, ...)
    local list = ...
    if check.isKeywords(list) then
      list = check.arguments(method, { "subset" }, ...).subset
    end
    local names
    if select("#", ...) > 0 then
      names = check.isList(list) and check.names(method, list) or check.names(method, ...)
    end
    return derive(self, op, { names = names })
  end
end
deduplicate("dropDuplicates", "deduplicate")
deduplicate("dropDuplicatesWithinWatermark", "deduplicateWithinWatermark")

function methods:sample(...)
  local names = { "withReplacement", "fraction", "seed" }
  -- PySpark: the first argument may be left out.
  if type((...)) == "number" then names = { "fraction", "seed" } end
  local given = check.arguments("sample", names, ...)
  return derive(self, "sample", {
    fraction = check.number(given.fraction, "`fraction` of `sample`"),
    withReplacement = given.withReplacement == true,
    seed = given.seed and check.integer(given.seed, "`seed` of `sample`"),
  })
end

--- Parts the rows at random, by weights: each row comes in one part. The rows are put in order
-- first, so that each part, computed by itself, sees them alike.
function methods:randomSplit(weights, seed)
  if not check.isList(weights) or #weights == 0 then
    check.refuse(check.argument("randomSplit", 1), "a list of weights", weights)
  end
  local sum = 0
  for position, weight in ipairs(weights) do
    if check.number(weight, "weight " .. position .. " of `randomSplit`") < 0 then
      check.fail("VALUE_NOT_POSITIVE",
        ("weight %d of `randomSplit` is negative: %s"):format(position, weight))
    end
    sum = sum + weight
  end
  seed = rawequal(seed, nil) and math.random(0) or check.integer(seed, "`seed` of `randomSplit`")
  local ordered = derive(self, "sortOrderable", {})
  local parts, reached = {}, 0
  for position, weight in ipairs(weights) do
    local lower = reached / sum
    reached = reached + weight
    parts[position] = derive(ordered, "sample", {
      lowerBound = lower, fraction = reached / sum, withReplacement = false, seed = seed,
    })
  end
  return parts
end

function methods:repartition(count, ...)
  if math.type(count) == "integer" then
    return derive(self, "repartition", {
      count = check.integer(count, check.argument("repartition", 1), 1),
      columns = column.columns("repartition", ...),
    })
  end
  return derive(self, "repartition", { columns = column.columns("repartition", count, ...) })
end

function methods:coalesce(count)
  return derive(self, "coalesce", {
    count = check.integer(count, check.argument("coalesce", 1), 1),
  })
end

--- Turns columns into rows: `unpivot("id", { "jan", "feb" }, "month", "sum")`. Without values all
-- columns but the ids turn.
function methods:unpivot(...)
  local given = check.arguments("unpivot",
    { "ids", "values", "variableColumnName", "valueColumnName" }, ...)
  local function list(name, position)
    local columns = given[name]
    if not check.isList(columns) then columns = { columns } end
    for place, one in ipairs(columns) do
      columns[place] = column.column(one, check.argument("unpivot", position))
    end
    return columns
  end
  return derive(self, "unpivot", {
    ids = list("ids", 1), values = not rawequal(given.values, nil) and list("values", 2) or nil,
    variable = check.text(given.variableColumnName, check.argument("unpivot", 3)),
    names = { check.text(given.valueColumnName, check.argument("unpivot", 4)) },
    includesNulls = true,
  })
end
methods.melt = methods.unpivot

-- How rows are spread is settled by the engine, as it is for `F.broadcast`.
local JOIN_HINTS = { "broadcast", "merge", "shuffle_hash", "shuffle_replicate_nl" }
local PARTITION_HINTS = { coalesce = true, repartition = true }

--- Spark's hints: `coalesce` and `repartition` are those methods; a join has one strategy here, so
-- that a hint for one changes nothing.
function methods:hint(name, ...)
  local word = check.text(name, check.argument("hint", 1)):lower()
  if PARTITION_HINTS[word] then return methods[word](self, ...) end
  check.word(word, { "coalesce", "repartition", table.unpack(JOIN_HINTS) },
    check.argument("hint", 1))
  return self
end

--- Each row as a JSON object, in a column `value`.
function methods:toJSON()
  local row = expression.callWith("struct", { expression.new("star", {}) })
  return derive(self, "select", { columns = { named("value", expression.call("to_json", row)) } })
end

-- Event time, names for operators, and composition

function methods:withWatermark(...)
  local given = check.arguments("withWatermark", { "eventTime", "delayThreshold" }, ...)
  local name = given.eventTime
  return derive(self, "withWatermark", {
    column = column.column(name, check.argument("withWatermark", 1)),
    delay = check.duration(given.delayThreshold, check.argument("withWatermark", 2)),
  })
end

function methods:observe(name, ...)
  return derive(self, "observe", {
    name = check.text(name, check.argument("observe", 1)),
    columns = column.columns("observe", ...),
  })
end

--- Names the stateful operator just built, so that a changed plan finds its state again.
function methods:uid(name)
  return derive(self, "uid", { name = check.text(name, check.argument("uid", 1)) })
end

--- `df:transform(fn, …)` is `fn(df, …)`, for chains.
function methods:transform(fn, ...)
  local result = check.func(fn, check.argument("transform", 1))(self, ...)
  if not dataframe.isDataFrame(result) then
    check.fail("NOT_EXPECTED_TYPE",
      "the function of `transform` should return a DataFrame, not " .. check.describe(result))
  end
  return result
end
