-- What queries as text share with DataFrames, and what changes the session.
local moontide = require "moontide"
local F = require "moontide.functions"
local W = require "moontide.window"
local session = moontide.session { master = "local[1]" }

local function shown(df)
  local rows = {}
  for place, row in ipairs(df:collect()) do
    local cells = {}
    for column = 1, #row do cells[column] = tostring(row[column]) end
    rows[place] = table.concat(cells, ",")
  end
  return table.concat(df.columns, ",") .. ": " .. table.concat(rows, "; ")
end

local function expect(got, wanted)
  if got ~= wanted then error(("%s\nnot\n%s"):format(got, wanted), 2) end
end

local function refused(class, body)
  local ok, failure = pcall(body)
  expect(not ok and failure.class, class)
end

local sales = session:createDataFrame({
  { "a", "x", 1, 10 }, { "a", "y", 2, 20 }, { "a", "x", 3, nil }, { "b", "x", 1, 5 },
}, "k STRING, p STRING, d INT, v INT")
sales:createOrReplaceTempView "sales"

-- A pivot of aggregates given as text, of several, and of a column of dates.
expect(shown(sales:groupBy("k"):pivot("p", { "x", "z" }):agg(F.expr "sum(v) + 1"):orderBy "k"),
  "k,x,z: a,11,nil; b,6,nil")
expect(shown(sales:groupBy("k"):pivot("p"):agg(F.expr "sum(v) AS s", F.count "v"):orderBy "k"),
  "k,x_s,x_count(v),y_s,y_count(v): a,10,1,20,1; b,5,1,nil,nil")
expect(shown(
  sales:withColumn("d", F.expr "date_add(DATE'2024-01-01', d)"):groupBy("k"):pivot("d")
    :agg(F.expr "count(*)"):orderBy "k"),
  "k,2024-01-02,2024-01-03,2024-01-04: a,1,1,1; b,1,nil,nil")

-- first_value and its kin over a window.
local window = W.partitionBy("k"):orderBy("d")
local frame = sales:select("k", F.expr "first_value(v) OVER (PARTITION BY k ORDER BY d)",
  F.last("v", true):over(window):alias "l"):orderBy("k", "l")
expect(shown(frame), "k,first_value(v) OVER (PARTITION BY k ORDER BY d ASC NULLS FIRST RANGE "
  .. "BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),l: a,10,10; a,10,20; a,10,20; b,5,5")

-- Frames in years over dates, and in hours over times.
local days = session:sql [[SELECT * FROM VALUES (DATE'2020-02-29'), (DATE'2021-02-28'),
  (DATE'2021-03-01') AS t(d)]]
expect(shown(days:selectExpr("d", [[count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 YEAR
  PRECEDING AND CURRENT ROW) AS n]]):select("n")), "n: 1; 2; 2")

-- Markers in the order of the text, also where a form is read twice.
expect(shown(session:sql("SELECT substring(?, ?) AS a, (SELECT ? + 1) AS b WHERE ? IN (SELECT 3)",
  { "hello", 2, 41, 3 })), "a,b: ello,42")
refused("UNBOUND_SQL_PARAMETER", function() return session:sql("SELECT ?, ?", { 1 }).columns end)

-- Statements that change the session are carried out at once.
expect(shown(session:sql "CREATE TEMP VIEW big (a, b) AS SELECT k, v FROM sales WHERE v > 5"), ": ")
expect(shown(session:sql "SELECT * FROM big ORDER BY ALL"), "a,b: a,10; a,20")
refused("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", function()
  session:sql "CREATE TEMP VIEW big AS SELECT 1"
end)
session:sql "CREATE OR REPLACE TEMPORARY VIEW big AS SELECT max(v) AS m FROM sales"
expect(shown(session:sql "SELECT * FROM sales WHERE v = (SELECT m FROM big)"),
  "k,p,d,v: a,y,2,20")
expect(session.catalog:tableExists "big", true)
session:sql "DROP VIEW big"
expect(session.catalog:tableExists "big", false)
refused("TABLE_OR_VIEW_NOT_FOUND", function() session:sql "DROP VIEW big" end)
session:sql "DROP VIEW IF EXISTS big"
refused("TABLE_OR_VIEW_NOT_FOUND", function() session:sql "CREATE TEMP VIEW w AS SELECT * FROM big" end)
expect(shown(session:sql "SET spark.sql.shuffle.partitions = 3"),
  "key,value: spark.sql.shuffle.partitions,3")
expect(session.conf:get "moontide.shuffle.partitions", "3")
session:sql "RESET moontide.shuffle.partitions"
expect(session.conf:get "moontide.shuffle.partitions", "8")

-- Over a stream: EXISTS and IN with a table, and what cannot be.
local input = session:memoryStream "id INT"
input:toDF():createOrReplaceTempView "events"
local query = session:sql [[SELECT id, id IN (SELECT d FROM sales) AS known FROM events
    WHERE NOT EXISTS (SELECT 1 FROM sales WHERE d = id AND k = 'b')]]
  .writeStream:format "memory":queryName "out":start()
input:addData { { 1 }, { 2 }, { 9 } }
query:processAllAvailable()
query:stop()
expect(shown(session:sql "SELECT * FROM out ORDER BY id"), "id,known: 2,true; 9,false")
refused("INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY", function()
  session:sql "SELECT d, d IN (SELECT id FROM events) FROM sales".writeStream:format "noop":start()
end)
print "all is well"
