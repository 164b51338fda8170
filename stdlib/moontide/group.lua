--- Grouped rows: what `groupBy`, `rollup` and `cube` give.
local check = require "moontide.check"
local column = require "moontide.column"
local dataframe = require "moontide.dataframe"
local expression = require "moontide.expression"
local pivot = require "moontide.pivot"
local types = getmetatable(require "moontide.types").internal

local GroupedData = check.class "GroupedData"
local methods = GroupedData.methods

local INPUT, GROUPING = {}, {}

local function group(df, kind, keys, of)
  return setmetatable({ [INPUT] = df, [GROUPING] = { kind = kind, keys = keys, pivot = of } },
    GroupedData)
end

for _, kind in ipairs { "groupBy", "rollup", "cube" } do
  dataframe.methods[kind] = function(self, ...)
    return group(self, kind, column.columns(kind, ...))
  end
end

--- Groups by each of several sets of columns: `groupingSets({ { "a" }, {} }, "a", "b")`.
function dataframe.methods:groupingSets(sets, ...)
  if not check.isList(sets) then
    check.refuse(check.argument("groupingSets", 1), "a list of lists of columns", sets)
  end
  local keys, places = column.columns("groupingSets", ...), {}
  for position, set in ipairs(sets) do
    places[position] = {}
    for _, key in ipairs(column.columns("groupingSets", set)) do
      -- The engine finds out which keys are one.
      keys[#keys + 1] = key
      table.insert(places[position], #keys - 1)
    end
  end
  local grouped = group(self, "groupingSets", keys)
  rawget(grouped, GROUPING).sets = places
  return grouped
end

local function derive(self, op, fields)
  local grouping = rawget(self, GROUPING)
  fields.grouping, fields.keys, fields.sets = grouping.kind, grouping.keys, grouping.sets
  return dataframe.derive(rawget(self, INPUT), op, fields)
end

local function aggregated(self, aggregates)
  local of = rawget(self, GROUPING).pivot
  if of then
    local df = rawget(self, INPUT)
    if df.isStreaming then
      check.fail("UNSUPPORTED_FEATURE.PIVOT_ON_STREAM", "`pivot` is for data that ends",
        'Write one aggregate for each value: `F.expr "sum(v) FILTER (WHERE k = 1) AS one"`.')
    end
    return derive(self, "aggregate", {
      aggregates = aggregates, pivotColumn = of.column,
      pivotValues = of.values or pivot.values(df, of.column),
    })
  end
  return derive(self, "aggregate", { aggregates = aggregates })
end

-- `agg { amount = "sum", ["*"] = "count" }`, in the order of the columns' names.
local function byName(map)
  local aggregates = {}
  for position, name in ipairs(check.sortedKeys(map)) do
    local aggregate = check.text(map[name], "`" .. name .. "` of `agg`")
    aggregates[position] = expression.call(aggregate, expression.column(name))
  end
  return aggregates
end

function methods:agg(...)
  local first = ...
  local aggregates
  if select("#", ...) == 1 and check.isKeywords(first) then
    aggregates = byName(first)
  else
    local list, count = check.spread(...)
    aggregates = {}
    for position = 1, count do
      if not column.isColumn(list[position]) then
        check.refuse(check.argument("agg", position), "a Column", list[position])
      end
      aggregates[position] = column.unwrap(list[position])
    end
  end
  if #aggregates == 0 then check.refuse(check.argument("agg", 1), "a Column", nil) end
  return aggregated(self, aggregates)
end

function dataframe.methods:agg(...)
  return methods.agg(group(self, "groupBy", {}), ...)
end

function methods:count()
  local count = expression.call("count", expression.literal(1))
  return aggregated(self, { expression.new("alias", { count, names = { "count" } }) })
end

local NUMBERS = {
  tinyint = true, smallint = true, int = true, bigint = true, float = true, double = true,
}

-- The number columns that are no keys: what `sum()` without names means.
local function numberColumns(self)
  local isKey, names = {}, {}
  for _, key in ipairs(rawget(self, GROUPING).keys) do
    if key.name then isKey[key.name:lower()] = true end
  end
  for _, entry in ipairs(rawget(self, INPUT).dtypes) do
    local name, text = entry[1], entry[2]
    if (NUMBERS[text] or text:find "^decimal") and not isKey[name:lower()] then
      names[#names + 1] = name
    end
  end
  return names
end

for method, aggregate in next, {
  sum = "sum", avg = "avg", mean = "avg", min = "min", max = "max",
} do
  methods[method] = function(self, ...)
    local names = check.names(method, ...)
    if #names == 0 then names = numberColumns(self) end
    local aggregates = {}
    for position, name in ipairs(names) do
      aggregates[position] = expression.call(aggregate, expression.column(name))
    end
    return aggregated(self, aggregates)
  end
end

--- Turns the values of a column into columns: `groupBy("year"):pivot("course", { "Lua", "C" })`.
function methods:pivot(...)
  local given, present = check.arguments("pivot", { "column", "values" }, ...)
  local grouping = rawget(self, GROUPING)
  local of = { column = column.column(given.column, check.argument("pivot", 1)) }
  if present.values then
    if not check.isList(given.values) then
      check.refuse(check.argument("pivot", 2), "a list of values", given.values)
    end
    of.values = {}
    for position, value in ipairs(given.values) do
      of.values[position] = expression.literal(value)
      if not of.values[position] then
        local what = "value " .. position .. " of `pivot`"
        check.refuse(what, "a string, a number or a boolean", value)
      end
    end
  end
  return group(rawget(self, INPUT), grouping.kind, grouping.keys, of)
end

-- Functions of the script's own over the rows of a group

local MODES = { "append", "update" }
local TIMEOUTS = { "none", "processingTime", "eventTime" }

local function optionsOf(method, options, known)
  if not check.isKeywords(options) then
    check.refuse(check.argument(method, 1), "a table of options", options)
  end
  check.knownKeys(options, known, "`" .. method .. "`")
end

local function word(options, name, words, method, default)
  if rawequal(options[name], nil) then return default end
  return check.word(options[name], words, ("`%s` of `%s`"):format(name, method))
end

local function initialState(options, method)
  local df = options.initialState
  return df and dataframe.input(df, ("`initialState` of `%s`"):format(method)) or nil
end

local function groupsWithState(method, isFlat)
  methods[method] = function(self, options, fn)
    optionsOf(method, options,
      { "outputSchema", "stateSchema", "outputMode", "timeout", "initialState" })
    local mode = word(options, "outputMode", MODES, method, "update")
    if not isFlat and mode ~= "update" then
      check.fail("VALUE_NOT_ALLOWED", "`mapGroupsWithState` is always in update mode",
        "`flatMapGroupsWithState` can append.")
    end
    return derive(self, "flatMapGroupsWithState", {
      outputSchema = types.text(options.outputSchema, ("`outputSchema` of `%s`"):format(method)),
      stateSchema = types.text(options.stateSchema, ("`stateSchema` of `%s`"):format(method)),
      outputMode = mode,
      timeout = word(options, "timeout", TIMEOUTS, method, "none"),
      initialState = initialState(options, method),
      host = check.func(fn, check.argument(method, 2)),
      returnsOneRow = not isFlat,
    })
  end
end
groupsWithState("mapGroupsWithState", false)
groupsWithState("flatMapGroupsWithState", true)

local PROCESSOR = { "init", "handleInputRows", "handleExpiredTimer", "handleInitialState", "close" }
local PROCESSOR_OPTIONS = { "outputSchema", "outputMode", "timeMode", "initialState" }

function methods:transformWithState(options)
  local method, known = "transformWithState", {}
  table.move(PROCESSOR_OPTIONS, 1, #PROCESSOR_OPTIONS, 1, known)
  table.move(PROCESSOR, 1, #PROCESSOR, #known + 1, known)
  optionsOf(method, options, known)
  local processor = {}
  for _, name in ipairs(PROCESSOR) do
    if not rawequal(options[name], nil) or name == "handleInputRows" then
      processor[name] = check.func(options[name], ("`%s` of `%s`"):format(name, method))
    end
  end
  return derive(self, method, {
    outputSchema = types.text(options.outputSchema, ("`outputSchema` of `%s`"):format(method)),
    outputMode = word(options, "outputMode", MODES, method, "append"),
    timeMode = word(options, "timeMode", TIMEOUTS, method, "none"),
    initialState = initialState(options, method),
    host = processor,
  })
end

--- `applyInGroups(fn(key, rows), schema)`: `fn` returns a list of rows for each group.
function methods:applyInGroups(...)
  local given = check.arguments("applyInGroups", { "fn", "schema" }, ...)
  return derive(self, "applyInGroups", {
    ["function"] = check.func(given.fn, check.argument("applyInGroups", 1)),
    schema = types.text(given.schema, check.argument("applyInGroups", 2)),
  })
end

return GroupedData
