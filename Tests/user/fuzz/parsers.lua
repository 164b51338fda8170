-- Mutated text for everything that reads text: queries, schemas, JSON and CSV records, intervals,
-- patterns of dates. Whatever the text, the answer is rows or an error with a class: no crash, no
-- hang, no internal error.
--
--     moontide run Tests/user/fuzz/parsers.lua [SEED [COUNT]]
local moontide = require "moontide"
local F = require "moontide.functions"

local seed = tonumber(arg[1] or 1)
local count = tonumber(arg[2] or 400)
math.randomseed(seed)

local session = moontide.session { master = "local[1]" }
session:createDataFrame({ { 1, "a", { 1, 2 } }, { 2, nil, {} } }, "k INT, s STRING, a ARRAY<INT>")
  :createOrReplaceTempView "t"

local function pick(list) return list[math.random(#list)] end

-- Seeds, and pieces that mutation puts in

local QUERIES = {
  "SELECT k, upper(s) AS u FROM t WHERE k > 1 AND s LIKE 'a%' ORDER BY k DESC LIMIT 3",
  "SELECT k, count(*) FROM t GROUP BY ROLLUP (k, s) HAVING count(*) > 0",
  "WITH q(x) AS (SELECT k FROM t) SELECT x, (SELECT max(x) FROM q) FROM q WHERE x IN (SELECT k FROM t)",
  "SELECT * FROM t a JOIN t b USING (k) UNION ALL VALUES (1, 'x', array(1), 'y', array(2))",
  "SELECT sum(k) OVER (PARTITION BY s ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
  "SELECT CASE WHEN k = 1 THEN DATE '2024-01-31' + INTERVAL '1' MONTH END, CAST(s AS DECIMAL(10,2)) FROM t",
  "SELECT transform(a, x -> x + k), named_struct('f', k).f, a[0], map('k', k)['k'] FROM t",
  "FROM t |> WHERE k > 0 |> AGGREGATE sum(k) AS n GROUP BY s |> ORDER BY n",
  "SELECT * FROM t LATERAL VIEW OUTER explode(a) e AS x WHERE NOT EXISTS (SELECT 1 FROM t u WHERE u.k = x)",
  "SELECT * FROM (SELECT k, s FROM t) PIVOT (count(*) FOR s IN ('a' AS x, 'b'))",
  "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY k) FILTER (WHERE k > 0), mask(s, upperChar => 'Q') FROM t GROUP BY s",
}
local SCHEMAS = {
  "id BIGINT, tags ARRAY<STRING>, at STRUCT<x: DOUBLE, y: DOUBLE NOT NULL>, m MAP<STRING, INT>",
  "`a b` DECIMAL(38, 18) COMMENT 'no', i INTERVAL DAY TO SECOND, v VARCHAR(10)",
}
local RECORDS = {
  '{"k": 1, "s": "text \\u00e9", "a": [1, 2, null], "o": {"x": 1.5e3, "y": null}, "d": "2024-02-29"}',
  '{"k": -0, "s": "\\ud83d\\ude00", "a": [], "o": {}, "d": null}',
}
local LINES = { '1,"a ""quoted"" text",2024-02-29,1.5', "-7,plain,,NaN", '2,"open' }
local INTERVALS = {
  "INTERVAL '1 02:03:04.5' DAY TO SECOND", "INTERVAL 3 YEARS 2 MONTHS", "INTERVAL '-1-2' YEAR TO MONTH",
  "CAST('INTERVAL 10 DAYS' AS INTERVAL DAY)",
}
local PATTERNS = { "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "EEEE, d MMM uuuu G", "[yyyy-]MM", "QQQ 'of' yy" }

local PIECES = {
  "(", ")", "[", "]", "{", "}", "<", ">", ",", ".", ":", "::", "'", '"', "`", "\\", "--", "/*", "*/",
  "+", "-", "*", "NULL", "NOT", "SELECT", "FROM", "AS", "INTERVAL", "CASE", "END", "1", "0x", "1e999",
  "99999999999999999999999999999999999999999", "\0", "\u{feff}", "\u{1f600}", "\xff", "\xc3", "=>", "|>",
  "\n", " ", "->", "%", "?", ":p", "ORDER BY", "GROUP BY", "OVER", "IN (SELECT", "((", "))",
}

-- Changes a text in a few places. No piece is put in twice in a row as a column's name, and names are
-- left as they are: two equal ones would be refused before anything was read.
local function mutated(text)
  for _ = 1, math.random(1, 4) do
    local at = math.random(0, #text)
    local roll = math.random(6)
    if roll == 1 then
      text = text:sub(1, at) .. pick(PIECES) .. text:sub(at + 1)
    elseif roll == 2 then
      text = text:sub(1, at) .. text:sub(at + 1 + math.random(0, 6))
    elseif roll == 3 then
      text = text:sub(1, at) .. string.char(math.random(0, 255)) .. text:sub(at + 2)
    elseif roll == 4 then
      text = text:sub(1, at)
    elseif roll == 5 then
      local from = math.random(1, #text + 1)
      text = text:sub(1, at) .. text:sub(from, from + math.random(0, 12)) .. text:sub(at + 1)
    else
      text = text:sub(1, at) .. pick(PIECES):rep(math.random(2, 5)) .. text:sub(at + 1)
    end
  end
  return text
end

-- The deep ends: nesting, length, many of one thing.
local function deep()
  local depth = pick { 50, 150, 500, 5000, 50000 }
  return pick {
    "SELECT " .. ("("):rep(depth) .. "1" .. (")"):rep(depth),
    "SELECT " .. ("-"):rep(depth) .. "1", "SELECT " .. ("- "):rep(depth) .. "1",
    "SELECT " .. ("NOT "):rep(depth) .. "true", "SELECT 1" .. (" + 1"):rep(depth),
    "SELECT " .. ("array("):rep(depth) .. "1" .. (")"):rep(depth),
    "SELECT " .. ("CASE WHEN true THEN "):rep(depth) .. "1" .. (" END"):rep(depth),
    "SELECT a" .. ("[0]"):rep(depth) .. " FROM t", "SELECT s" .. ("::STRING"):rep(depth) .. " FROM t",
    ("("):rep(depth) .. "SELECT 1" .. (")"):rep(depth),
    ("SELECT * FROM ("):rep(depth) .. "SELECT 1" .. (")"):rep(depth),
    "SELECT 1 WHERE 1 IN " .. ("(SELECT 1 WHERE 1 IN "):rep(depth) .. "(1)" .. (")"):rep(depth),
    "SELECT 1" .. (" UNION SELECT 1"):rep(math.min(depth, 500)), "SELECT " .. ("/*"):rep(depth),
    "SELECT CAST(NULL AS " .. ("ARRAY<"):rep(depth) .. "INT" .. (">"):rep(depth) .. ")",
    "SELECT from_json('" .. ("["):rep(depth) .. "', 'ARRAY<INT>')",
    "SELECT get_json_object('" .. ('{"a":'):rep(depth) .. "1', '$" .. (".a"):rep(depth) .. "')",
    "SELECT 1 AS c" .. (" |> WHERE true"):rep(math.min(depth, 500)),
    "VALUES " .. ("(1), "):rep(math.min(depth, 5000)) .. "(2)",
    "SELECT " .. ("x -> "):rep(depth) .. "1", "SELECT 1 IN (" .. ("1, "):rep(depth) .. "1)",
    "SELECT " .. ("1 = "):rep(depth) .. "1", "SELECT 1" .. (" BETWEEN 1 AND 1"):rep(depth),
    "SELECT sum(1) FROM t GROUP BY CUBE (" .. ("k, "):rep(20) .. "s)",
    "SELECT " .. ("'a' "):rep(depth), "SELECT interval " .. ("1 day "):rep(depth),
    "SELECT date_format(DATE'2024-01-01', '" .. ("["):rep(depth) .. ("]"):rep(depth) .. "')",
  }
end

-- What is done with each kind of text

local JSON_SCHEMA = "k INT, s STRING, a ARRAY<INT>, o STRUCT<x: DOUBLE, y: INT>, d DATE, bad STRING"
local CSV_SCHEMA = "k INT, s STRING, d DATE, f DOUBLE, bad STRING"
local MODES = { "PERMISSIVE", "FAILFAST" }

local function one(text) return session:createDataFrame({ { text } }, "v STRING") end

local kinds = {
  function()
    local text = mutated(pick(QUERIES))
    return text, function() session:sql(text):limit(50):collect() end
  end,
  function()
    local text = deep()
    return text, function() session:sql(text):limit(5):collect() end
  end,
  function()
    local text = mutated(pick(SCHEMAS))
    return text, function() return session:createDataFrame({}, text).schema end
  end,
  function()
    local text, mode = mutated(pick(RECORDS)), pick(MODES)
    return text, function()
      one(text):select(F.from_json("v", JSON_SCHEMA,
        { mode = mode, columnNameOfCorruptRecord = mode == "PERMISSIVE" and "bad" or nil })):collect()
    end
  end,
  function()
    local text, mode = mutated(pick(LINES)), pick(MODES)
    return text, function()
      one(text):select(F.from_csv("v", CSV_SCHEMA,
        { mode = mode, columnNameOfCorruptRecord = mode == "PERMISSIVE" and "bad" or nil })):collect()
    end
  end,
  function()
    local text = mutated(pick(INTERVALS))
    return text, function() session:sql("SELECT " .. text):collect() end
  end,
  function()
    local text, pattern = mutated "2024-02-29T12:34:56.789+01:00", mutated(pick(PATTERNS))
    return text .. "\n" .. pattern, function()
      local d = one(text)
      d:select(F.try_to_timestamp("v", F.lit(pattern))):collect()
      d:select(F.date_format(F.lit "2024-02-29 12:34:56", pattern)):collect()
    end
  end,
}

local classes, found, raised = {}, 0, 0
for number = 1, count do
  local text, body = pick(kinds)()
  local started = os.clock()
  local ok, failure = pcall(body)
  local took = os.clock() - started
  local why
  if not ok then
    raised = raised + 1
    local class = type(failure) == "table" and failure.class
    if class then classes[class] = (classes[class] or 0) + 1 end
    if not class or class == "INTERNAL_ERROR" or class == "NOT_IMPLEMENTED" then
      why = tostring(failure)
    end
  end
  if took > 10 then why = ("took %.1f s"):format(took) end
  if why then
    found = found + 1
    print(("text %d of seed %d: %s\n%q"):format(number, seed, why:sub(1, 1000), text:sub(1, 2000)))
  end
end
local kindsOfError = 0
for _ in next, classes do kindsOfError = kindsOfError + 1 end
print(("%d texts of seed %d, %d of them refused in %d ways: %d faults"):format(
  count, seed, raised, kindsOfError, found))
if found > 0 or raised == count or kindsOfError < 5 then os.exit(1) end
