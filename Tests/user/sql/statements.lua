-- Statements of a session, and queries inside the text of expressions: what a script does with
-- them, beside the queries whose answers are recorded.
local moontide = require "moontide"
local F = require "moontide.functions"

local session = moontide.session { master = "local[1]",
  conf = { ["moontide.shuffle.partitions"] = 2 } }

local function expect(got, wanted, what)
  if got ~= wanted then
    error(("%s: %s, not %s"):format(what, tostring(got), tostring(wanted)), 2)
  end
end

-- The first column's values, in order, with commas between.
local function column(df)
  local out = {}
  for _, row in ipairs(df:collect()) do out[#out + 1] = tostring(row[1]) end
  return table.concat(out, ",")
end

local function class(text)
  local ok, failure = pcall(function() return session:sql(text):collect() end)
  return not ok and failure.class
end

-- Views are made, changed, renamed and dropped.
session:sql "CREATE TEMP VIEW staff (name COMMENT 'who', pay) COMMENT 'all' AS VALUES ('ada', 7), ('ben', 5)"
expect(column(session:sql "SHOW COLUMNS IN staff"), "name,pay", "columns")
expect(column(session:sql "DESCRIBE staff pay"), "col_name,data_type,comment", "one column")
session:sql "ALTER VIEW staff RENAME TO people"
expect(class "SELECT * FROM staff", "TABLE_OR_VIEW_NOT_FOUND", "the old name")
session:sql "ALTER VIEW people AS SELECT name, pay * 2 AS pay FROM VALUES ('ada', 7) AS t(name, pay)"
expect(column(session:sql "SELECT pay FROM people"), "14", "a view anew")
expect(column(session:sql "SHOW VIEWS LIKE 'peo*'"), "", "the namespace of a temporary view")
expect(session:sql("SHOW TABLES LIKE 'peo*'"):collect()[1].tableName, "people", "tables")
session:sql "DROP VIEW people"
expect(class "DROP VIEW people", "TABLE_OR_VIEW_NOT_FOUND", "a view dropped twice")

-- What is cached is computed once, until it is let go.

session.udf:register("drawn", F.udf(function() return math.random(1, 1 << 40) end, "BIGINT"))
session:sql "CREATE TEMP VIEW numbers AS SELECT drawn() AS n"
session:sql "CACHE TABLE numbers"
local first = column(session:sql "SELECT n FROM numbers")
expect(column(session:sql "SELECT n FROM numbers"), first, "a cached view")
session:sql "CLEAR CACHE"
expect(column(session:sql "SELECT n FROM numbers") ~= first, true, "a view no longer cached")
session:sql "CACHE LAZY TABLE kept AS SELECT drawn() AS n"
first = column(session:sql "SELECT n FROM kept")
expect(column(session:sql "SELECT n FROM kept"), first, "a view made to be cached")
session:sql "UNCACHE TABLE kept"
session:sql "UNCACHE TABLE IF EXISTS nowhere"
expect(class "UNCACHE TABLE nowhere", "TABLE_OR_VIEW_NOT_FOUND", "nothing to let go")

-- Settings are shown, set and set back.
expect(#session:sql("SET"):collect() > 20, true, "all settings")
expect(session:sql("SET -v").columns[3], "meaning", "what settings mean")
session:sql "SET spark.sql.cteRecursionLevelLimit = 7"
session:sql "SET TIME ZONE INTERVAL '-03:30' HOUR TO MINUTE"
expect(session.conf:get "spark.sql.session.timeZone", "-03:30", "a zone as an interval")
session:sql "RESET"
expect(session.conf:get "spark.sql.cteRecursionLevelLimit", "100", "a setting set back")
expect(session.conf:get "spark.sql.session.timeZone", "UTC", "a zone set back")
expect(class "SET TIME ZONE INTERVAL 20 HOURS", "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE", "a zone too far")
session:sql "USE default"
expect(class "USE elsewhere", "SCHEMA_NOT_FOUND", "a database that is none")

-- Functions are listed and described, plans explained.
expect(column(session:sql "SHOW FUNCTIONS LIKE 'drawn|upper'"), "drawn,upper", "functions")
expect(column(session:sql "SHOW USER FUNCTIONS"), "drawn", "own functions")
expect(column(session:sql "DESCRIBE FUNCTION upper"):match "Function: upper", "Function: upper", "a function")
expect(class "DESCRIBE FUNCTION uper", "UNRESOLVED_ROUTINE", "no function")
expect(column(session:sql "EXPLAIN SELECT 1 + 2 AS three"):match "3 AS three" ~= nil, true, "a plan")
expect(column(session:sql "EXPLAIN EXTENDED SELECT 1 + 2 AS three"):match "%(1 %+ 2%)" ~= nil, true, "both plans")

-- What there is no engine for is refused by its name.
for _, text in ipairs {
  "INSERT INTO t VALUES (1)", "CREATE TABLE t (a INT)", "DECLARE VARIABLE v INT", "SET VAR v = 1",
  "EXECUTE IMMEDIATE 'SELECT 1'", "MERGE INTO a USING b ON true", "SHOW PARTITIONS t", "DROP DATABASE d",
  "ANALYZE TABLE t COMPUTE STATISTICS",
} do
  expect(class(text), "UNSUPPORTED_FEATURE.SQL_STATEMENT", text)
end

-- Queries inside expressions that methods take, over the views of the moment.
local df = session:sql "SELECT * FROM VALUES (1, 10), (2, 20), (3, NULL) AS t(id, a)"
session:sql("SELECT * FROM VALUES (10), (30) AS u(b)"):createOrReplaceTempView "u"
expect(column(df:select(F.expr "id + (SELECT max(b) FROM u)")), "31,32,33", "a value")
expect(column(df:where "a IN (SELECT b FROM u)"), "1", "IN")
expect(column(df:where "a NOT IN (SELECT b FROM u)"), "2", "NOT IN")
expect(column(df:where(F.expr "NOT EXISTS (SELECT 1 FROM u WHERE b > a)")), "3", "EXISTS")
expect(column(df:selectExpr "(SELECT count(*) FROM u WHERE b > a)"), "1,1,0", "a value for each row")
local later = F.expr "(SELECT max(b) FROM u)"
session:sql("SELECT 99 AS b"):createOrReplaceTempView "u"
expect(column(df:select(later):limit(1)), "30", "the views when the expression was made")
session:sql("SELECT CAST(NULL AS INT) AS b"):createOrReplaceTempView "u"
expect(column(df:where "a NOT IN (SELECT b FROM u)"), "", "NOT IN with a NULL")
expect(column(df:where "a NOT IN (SELECT b FROM u WHERE false)"), "1,2,3", "NOT IN of nothing")
expect(column(df:withColumn("out", F.expr "a NOT IN (SELECT b FROM u WHERE b > 0)"):select "out"), "true,true,true", "NOT IN as a column")
print "statements as they should be"
