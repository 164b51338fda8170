-- Random typed expressions over random rows, each evaluated in several ways that must agree, in the
-- values or in the class of the error: as Columns and as SQL text, a whole column at a time and row
-- by row, with constants folded and not.
--
--     moontide run Tests/user/fuzz/expressions.lua [SEED [COUNT]]
local moontide = require "moontide"
local F = require "moontide.functions"

local seed = tonumber(arg[1] or 1)
local count = tonumber(arg[2] or 250)
math.randomseed(seed)

local session = moontide.session { master = "local[1]" }
local conf = session.conf

local function pick(list) return list[math.random(#list)] end
local function chance(percent) return math.random(100) <= percent end

-- Rows

local SCHEMA = [[i INT, l BIGINT, d DOUBLE, n DECIMAL(10,2), s STRING, b BOOLEAN, t DATE,
  a ARRAY<INT>, c TIMESTAMP, v INTERVAL DAY TO SECOND, w DECIMAL(38,10),
  r STRUCT<x: INT, y: STRING>, m MAP<STRING, INT>, z BINARY, e ARRAY<STRUCT<x: INT, y: STRING>>]]
local NUMBERS = { -3, -1, 0, 1, 2, 7, 2147483647 }
local STRINGS = { "", "a", "Ab", "12", " x ", "1.5", "ß", "2024-02-29", "%", "true" }
local ROWS = 16

local function value(make) if not chance(18) then return make() end end

local rows = {}
for row = 1, ROWS do
  rows[row] = {
    i = value(function() return pick(NUMBERS) end),
    l = value(function() return pick { -5, 0, 1, 3, 9007199254740993, math.maxinteger } end),
    d = value(function() return pick { -1.5, 0.0, -0.0, 0.25, 3.0, 1e300, 0 / 0, 1 / 0 } end),
    n = value(function() return pick { "-1.25", "0.00", "3.10", "99999999.99" } end),
    s = value(function() return pick(STRINGS) end),
    b = value(function() return chance(50) end),
    t = value(function() return pick { -1, 0, 19782, 20000 } end),
    a = value(function()
      local list = {}
      for place = 1, math.random(0, 3) do list[place] = pick { 1, 2, 3 } end
      return list
    end),
  }
end
for _, row in ipairs(rows) do
  local function pair()
    return {
      x = value(function() return pick(NUMBERS) end),
      y = value(function() return pick(STRINGS) end),
    }
  end
  row.c = value(function()
    return pick { -1, 0, 1704164645123456, 1709251199999999, -62135596800000000 }
  end)
  row.v = value(function() return pick { 0, -1, 93784500000, -86400000000, math.maxinteger } end)
  row.w = value(function()
    return pick { "0", "-1.5", "9999999999999999999999999999.9999999999", "0.0000000001" }
  end)
  row.r = value(pair)
  local function number() return pick(NUMBERS) end
  row.m = value(function() return { a = number(), [""] = value(number) } end)
  row.z = value(function() return pick { "", "\0\255", "abc" } end)
  row.e = value(function()
    local list = {}
    for place = 1, math.random(0, 2) do list[place] = pair() end
    return list
  end)
end
local df = session:createDataFrame(rows, SCHEMA)

-- Expressions: a Column and the same as text

local make

local function node(column, text) return { column = column, text = text } end

local function literal(kind)
  if kind == "int" then
    local number = pick { 0, 1, 2, 3, 10, 2147483647 }
    return node(F.lit(number), tostring(number))
  elseif kind == "double" then
    local number = pick { 0.5, 2.0, 1e10 }
    return node(F.lit(number), ("%.17gD"):format(number))
  elseif kind == "string" then
    local text = pick { "a", "12", "", "x%", "2024-01-05" }
    return node(F.lit(text), "'" .. text .. "'")
  elseif kind == "boolean" then
    local flag = chance(50)
    return node(F.lit(flag), tostring(flag))
  elseif kind == "date" then
    return node(F.to_date(F.lit "2024-01-31"), "to_date('2024-01-31')")
  elseif kind == "decimal" then
    return node(F.lit("2.50"):cast "DECIMAL(10,2)", "CAST('2.50' AS DECIMAL(10,2))")
  end
  return node(F.array(F.lit(1), F.lit(2)), "array(1, 2)")
end

local NAMES = {
  int = "i", bigint = "l", double = "d", decimal = "n", string = "s", boolean = "b", date = "t",
  array = "a", timestamp = "c", interval = "v", wide = "w", struct = "r", map = "m", binary = "z",
  structs = "e",
}

local SQL = {
  decimal = "DECIMAL(10,2)", array = "ARRAY<INT>", interval = "INTERVAL DAY TO SECOND",
  wide = "DECIMAL(38,10)", struct = "STRUCT<x: INT, y: STRING>", map = "MAP<STRING, INT>",
  structs = "ARRAY<STRUCT<x: INT, y: STRING>>",
}
local UNWRITTEN = {
  bigint = true, timestamp = true, interval = true, wide = true, struct = true, map = true,
  binary = true, structs = true,
}

local function leaf(kind)
  if not UNWRITTEN[kind] and chance(35) then return literal(kind) end
  if chance(6) then
    local sql = SQL[kind] or kind
    return node(F.lit(nil):cast(sql), "CAST(NULL AS " .. sql .. ")")
  end
  return node(F.col(NAMES[kind]), NAMES[kind])
end

local function binary(sign, a, b)
  local methods = {
    ["="] = "eq", ["!="] = "neq", ["<"] = "lt", ["<="] = "leq", [">"] = "gt", [">="] = "geq",
    ["<=>"] = "eqNullSafe",
  }
  local column
  if methods[sign] then
    column = a.column[methods[sign]](a.column, b.column)
  elseif sign == "+" then column = a.column + b.column
  elseif sign == "-" then column = a.column - b.column
  elseif sign == "*" then column = a.column * b.column
  elseif sign == "/" then column = a.column / b.column
  elseif sign == "%" then column = a.column % b.column
  elseif sign == "AND" then column = a.column & b.column
  else column = a.column | b.column end
  return node(column, ("(%s %s %s)"):format(a.text, sign, b.text))
end

local function called(name, ...)
  local columns, texts = {}, {}
  for place, part in ipairs { ... } do columns[place], texts[place] = part.column, part.text end
  return node(F[name](table.unpack(columns)), ("%s(%s)"):format(name, table.concat(texts, ", ")))
end

local function cast(part, type)
  return node(part.column:cast(type), ("CAST(%s AS %s)"):format(part.text, type))
end

local function case(kind, depth)
  local condition, one, other = make("boolean", depth), make(kind, depth), make(kind, depth)
  return node(F.when(condition.column, one.column):otherwise(other.column),
    ("CASE WHEN %s THEN %s ELSE %s END"):format(condition.text, one.text, other.text))
end

local KINDS = {
  "int", "bigint", "double", "decimal", "string", "boolean", "date", "array", "timestamp",
  "interval", "wide", "struct", "map", "binary", "structs",
}
local NUMERIC = { "int", "bigint", "double", "decimal", "wide" }

local function comparison(depth)
  local kind = pick {
    "int", "bigint", "double", "decimal", "string", "date", "boolean", "array", "timestamp",
    "interval", "wide", "struct", "binary", "structs",
  }
  local numeric = kind == "int" or kind == "bigint" or kind == "double" or kind == "decimal"
    or kind == "wide" or kind == "string"
  local other = chance(75) and kind or pick(NUMERIC)
  if not numeric then other = kind end
  if kind == "date" and chance(30) then other = "timestamp" end
  return binary(pick { "=", "!=", "<", "<=", ">", ">=", "<=>" }, make(kind, depth),
    make(other, depth))
end

local function arithmetic(kind, depth)
  return binary(pick { "+", "-", "*", "%" }, make(kind, depth), make(kind, depth))
end

local FORMS = {
  int = {
    function(depth) return arithmetic("int", depth) end,
    function(depth) return called("length", make("string", depth)) end,
    function(depth) return called("size", make("array", depth)) end,
    function(depth) return called("year", make("date", depth)) end,
    function(depth) return called("abs", make("int", depth)) end,
    function(depth) return called("datediff", make("date", depth), make("date", depth)) end,
    function(depth)
      return cast(make(pick { "string", "bigint", "double", "wide" }, depth), "INT")
    end,
    function(depth) return called("length", make("binary", depth)) end,
    function(depth) return called("hour", make("timestamp", depth)) end,
    function(depth) return called("size", make(pick { "map", "structs" }, depth)) end,
    function(depth) return called("element_at", make("map", depth), literal "string") end,
    function(depth)
      local part = make("struct", depth)
      return node(part.column:getField "x", ("(%s).x"):format(part.text))
    end,
    function(depth)
      local part = make("structs", depth)
      return node(part.column:getField("x"):getItem(0), ("((%s).x)[0]"):format(part.text))
    end,
    function(depth)
      local list, place = make("array", depth), make("int", 0)
      return called("element_at", list, place)
    end,
  },
  bigint = {
    function(depth) return arithmetic("bigint", depth) end,
    function(depth) return binary("+", make("bigint", depth), make("int", depth)) end,
    function(depth) return cast(make(pick { "int", "string", "double" }, depth), "BIGINT") end,
  },
  double = {
    function(depth) return arithmetic("double", depth) end,
    function(depth) return binary("/", make("int", depth), make("int", depth)) end,
    function(depth) return called("sqrt", make("double", depth)) end,
    function(depth) return called("nanvl", make("double", depth), make("double", depth)) end,
    function(depth) return cast(make(pick { "int", "string" }, depth), "DOUBLE") end,
  },
  decimal = {
    function(depth)
      return cast(arithmetic("decimal", depth), "DECIMAL(10,2)")
    end,
    function(depth) return cast(make(pick { "int", "string" }, depth), "DECIMAL(10,2)") end,
  },
  string = {
    function(depth) return called("upper", make("string", depth)) end,
    function(depth) return called("trim", make("string", depth)) end,
    function(depth) return called("concat", make("string", depth), make("string", depth)) end,
    function(depth)
      return called("substring", make("string", depth), literal "int", literal "int")
    end,
    function(depth) return cast(make(pick(KINDS), depth), "STRING") end,
    function(depth) return called("hex", make("binary", depth)) end,
    function(depth) return called("to_json", called("struct", make(pick(KINDS), depth))) end,
    function(depth)
      local part = make("struct", depth)
      return node(part.column:getField "y", ("(%s).y"):format(part.text))
    end,
    function(depth) return called("reverse", make("string", depth)) end,
  },
  boolean = {
    comparison, comparison,
    function(depth)
      return binary(pick { "AND", "OR" }, make("boolean", depth), make("boolean", depth))
    end,
    function(depth)
      local part = make("boolean", depth)
      return node(~part.column, ("(NOT %s)"):format(part.text))
    end,
    function(depth)
      local part = make(pick(KINDS), depth)
      return node(part.column:isNull(), ("(%s IS NULL)"):format(part.text))
    end,
    function(depth)
      local part, one, other = make("int", depth), literal "int", make("int", depth)
      return node(part.column:isin(one.column, other.column),
        ("(%s IN (%s, %s))"):format(part.text, one.text, other.text))
    end,
    function(depth)
      local part = make("string", depth)
      return node(part.column:like "%a_", ("(%s LIKE '%%a_')"):format(part.text))
    end,
    function(depth) return called("array_contains", make("array", depth), make("int", depth)) end,
    function(depth)
      return called("array_contains", make("structs", depth), make("struct", depth))
    end,
    function(depth)
      local part, low = make("wide", depth), make("decimal", depth)
      return node(part.column:between(low.column, part.column),
        ("(%s BETWEEN %s AND %s)"):format(part.text, low.text, part.text))
    end,
    function(depth)
      local part, low, high = make("int", depth), make("int", depth), make("int", depth)
      return node(part.column:between(low.column, high.column),
        ("(%s BETWEEN %s AND %s)"):format(part.text, low.text, high.text))
    end,
  },
  date = {
    function(depth) return called("date_add", make("date", depth), literal "int") end,
    function(depth) return cast(make("string", depth), "DATE") end,
    function(depth) return called("last_day", make("date", depth)) end,
    function(depth) return cast(make("timestamp", depth), "DATE") end,
  },
  timestamp = {
    function(depth)
      return binary(pick { "+", "-" }, make("timestamp", depth), make("interval", depth))
    end,
    function(depth) return cast(make(pick { "date", "string", "bigint" }, depth), "TIMESTAMP") end,
    function(depth) return binary("+", make("date", depth), make("interval", depth)) end,
    function(depth)
      return called("greatest", make("timestamp", depth), make("timestamp", depth))
    end,
  },
  interval = {
    function(depth) return binary("-", make("timestamp", depth), make("timestamp", depth)) end,
    function(depth)
      return binary(pick { "+", "-" }, make("interval", depth), make("interval", depth))
    end,
    function(depth)
      return binary(pick { "*", "/" }, make("interval", depth), make(pick(NUMERIC), depth))
    end,
    function(depth)
      local part = make("interval", depth)
      return node(-part.column, ("(- %s)"):format(part.text))
    end,
    function(depth) return called("abs", make("interval", depth)) end,
  },
  wide = {
    function(depth)
      return cast(binary(pick { "+", "-", "*", "/", "%" }, make("wide", depth),
        make(pick { "wide", "decimal", "int", "bigint" }, depth)), "DECIMAL(38,10)")
    end,
    function(depth)
      return cast(make(pick { "string", "double", "decimal", "bigint" }, depth), "DECIMAL(38,10)")
    end,
    function(depth) return called("abs", make("wide", depth)) end,
  },
  struct = {
    function(depth)
      return cast(called("struct", make("int", depth), make("string", depth)),
        "STRUCT<x: INT, y: STRING>")
    end,
    function(depth) return called("element_at", make("structs", depth), literal "int") end,
  },
  structs = {
    function(depth) return called("array", make("struct", depth), make("struct", depth)) end,
    function(depth) return called("concat", make("structs", depth), make("structs", depth)) end,
    function(depth) return called("array_distinct", make("structs", depth)) end,
    function(depth)
      local list = make("structs", depth)
      return node(F.filter(list.column, function(x) return x:getField("x"):gt(1) end),
        ("filter(%s, q -> (q.x > 1))"):format(list.text))
    end,
  },
  map = {
    function(depth) return called("map", make("string", depth), make("int", depth)) end,
    function(depth)
      local part = make("map", depth)
      return node(F.map_filter(part.column, function(_, x) return x:gt(0) end),
        ("map_filter(%s, (k, x) -> (x > 0))"):format(part.text))
    end,
    function(depth) return called("map_concat", make("map", depth)) end,
  },
  binary = {
    function(depth) return called("concat", make("binary", depth), make("binary", depth)) end,
    function(depth) return cast(make("string", depth), "BINARY") end,
    function(depth) return called("unhex", called("hex", make("binary", depth))) end,
  },
  array = {
    function(depth) return called("array", make("int", depth), make("int", depth)) end,
    function(depth) return called("array_distinct", make("array", depth)) end,
    function(depth) return called("concat", make("array", depth), make("array", depth)) end,
    function(depth)
      local list, more = make("array", depth), literal "int"
      return node(F.transform(list.column, function(x) return x + more.column end),
        ("transform(%s, x -> (x + %s))"):format(list.text, more.text))
    end,
  },
}

function make(kind, depth)
  if depth <= 0 then return leaf(kind) end
  local roll = math.random(100)
  if roll <= 18 then return leaf(kind) end
  if roll <= 26 then return case(kind, depth - 1) end
  if roll <= 34 then
    return called("coalesce", make(kind, depth - 1), make(kind, depth - 1))
  end
  return pick(FORMS[kind])(depth - 1)
end

-- Ways to evaluate

local function shown(df)
  local lines = {}
  for place, row in ipairs(df:collect()) do lines[place] = tostring(row[1]) end
  return table.concat(lines, "\n")
end

local function outcome(build)
  local ok, result = pcall(function()
    local made = build()
    local text = made:select(made:col("v"):cast("STRING"):alias "v")
    return made.dtypes[1][2] .. "\n" .. shown(text)
  end)
  if ok then return result end
  if type(result) ~= "table" or not result.class then error(result, 0) end
  if result.class == "INTERNAL_ERROR" or result.class == "NOT_IMPLEMENTED" then error(result, 0) end
  return "error " .. result.class
end

local function with(settings, body)
  for name, setting in next, settings do conf:set(name, setting) end
  local result = body()
  for name in next, settings do conf:unset(name) end
  return result
end

local ROW_BY_ROW = { ["moontide.columnBatch.rows"] = 1 }
local UNFOLDED = { ["moontide.optimizer.excludedRules"] = "ConstantFolding,CollapseProject" }
local PLAIN = {}
local ways = {
  { "as Columns", PLAIN, function(e) return df:select(e.column:alias "v") end },
  { "as text", PLAIN, function(e) return df:selectExpr("(" .. e.text .. ") AS v") end },
  { "row by row", ROW_BY_ROW, function(e) return df:select(e.column:alias "v") end },
  { "unfolded", UNFOLDED, function(e) return df:select(e.column:alias "v") end },
  { "unfolded text, row by row", { ["moontide.columnBatch.rows"] = 1,
    ["moontide.optimizer.excludedRules"] = "ConstantFolding" },
    function(e) return df:selectExpr(e.text .. " AS v") end },
}

local errors, failures = 0, 0

local function differ(number, expression, way, wanted, got)
  failures = failures + 1
  print(("expression %d of seed %d, %s:\n%s\n-- wanted\n%s\n-- got\n%s"):format(
    number, seed, way, expression.text, wanted, got))
end

local singles = {}
for place, row in ipairs(rows) do singles[place] = session:createDataFrame({ row }, SCHEMA) end

-- Several rows may fail, each with an error of its own, and which comes first is open. So an
-- expression that fails is held against its rows one by one.
local function checkErrors(number, expression, results)
  local whole, possible = df, {}
  for place, single in ipairs(singles) do
    df = single
    local first
    for _, way in ipairs { ways[1], ways[2], ways[4] } do
      local result = with(way[2], function()
        return outcome(function() return way[3](expression) end)
      end)
      if first and result ~= first then
        differ(number, expression, way[1] .. ", row " .. place, first, result)
      end
      first = first or result
    end
    if first:find "^error " then possible[first] = true end
  end
  df = whole
  for place, result in ipairs(results) do
    if not possible[result] then
      differ(number, expression, ways[place][1], "one of its rows' errors", result)
    end
  end
end

for number = 1, count do
  local expression = make(pick(KINDS), math.random(1, 4))
  local results, hasError = {}, false
  for place, way in ipairs(ways) do
    results[place] = with(way[2], function()
      return outcome(function() return way[3](expression) end)
    end)
    hasError = hasError or results[place]:find "^error " ~= nil
  end
  if hasError then
    errors = errors + 1
    checkErrors(number, expression, results)
  else
    for place = 2, #ways do
      if results[place] ~= results[1] then
        differ(number, expression, ways[place][1], results[1], results[place])
      end
    end
  end
end
print(("%d expressions of seed %d in %d ways, %d of them errors: %d differences"):format(
  count, seed, #ways, errors, failures))
if failures > 0 or errors * 3 > count * 2 then os.exit(1) end
