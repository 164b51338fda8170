local F = require "moontide.functions"
local column = require "moontide.column"
local dataframe = require "moontide.dataframe"
local moontide = require "moontide"
local tests = require "moontide.tests"

local bare, equal, line = tests.bare, tests.equal, tests.line
local raises, test = tests.raises, tests.test
local session = moontide.session {}
local df = session:range(10)
local node = dataframe.unwrap
local function expr(c) return bare(column.unwrap(c)) end

test("columns of a DataFrame, and its methods", function()
  local id = node(df).id
  equal(expr(df.name), { kind = "column", name = "name", plan = id })
  equal(expr(df["a.b"]), { kind = "column", name = "a.b", plan = id })
  equal(expr(df:col "count"), { kind = "column", name = "count", plan = id })
  equal(df.columns, { "k", "v", "d", "xs" })
  raises(function() df:selct "a" end, { message = "no `selct`", hint = "`select`" })
  raises(function() df.columns() end, { hint = "`df.columns`" })
  raises(function() df:writeStream() end,
    { message = "`writeStream` is a value", hint = "df%.writeStream" })
  raises(function() df.x = 1 end, { hint = "withColumn" })
  raises(function() return df[1] end, { message = "a column's name" })
end)

test("select", function()
  local selected = node(df:select("a", F.col "b", 1))
  equal(selected.op, "select")
  equal(selected.input, node(df))
  equal(bare(selected.columns), {
    { kind = "column", name = "a" }, { kind = "column", name = "b" },
    { kind = "literal", type = "int", value = 1 },
  })
  equal(bare(node(df:select { "a", "b" })).columns[2], { kind = "column", name = "b" })
  raises(function() df:select("a", nil) end,
    { message = "argument 2 of `select`", hint = "misspelt" })
  raises(function() df:select(df) end, { message = "not a DataFrame" })
  equal(bare(node(df:selectExpr("a + 1 AS b"))).columns, { { kind = "text", text = "a + 1 AS b" } })
end)

test("where", function()
  equal(node(df:where "a > 1").condition.text, "a > 1")
  equal(node(df:filter(df.a:gt(1))).op, "filter")
  local fn = function() return true end
  equal(node(df:filter(fn))["function"], fn)
  raises(function() df:where(df.a == 1) end, { class = "NOT_COLUMN", hint = "a:eq" })
  raises(function() df:where(undefined) end, { message = "not nil" }) -- luacheck: ignore
end)

test("new columns", function()
  equal(bare(node(df:withColumn("b", F.lit(1)))).columns[1].names, { "b" })
  raises(function() df:withColumn("b", "a") end, { hint = 'F.col "a"' })
  equal(node(df:withColumns { b = F.lit(1), a = F.lit(2) }).columns[1].names, { "a" })
  equal(node(df:drop("a", df.b)).names, { "a" })
  equal(node(df:withColumnRenamed("a", "b")).existing, { "a" })
end)

test("order", function()
  local function order(sorted) return bare(node(sorted)).order end
  equal(order(df:orderBy("a", F.col("b"):desc()))[2].ascending, false)
  equal(order(df:orderBy("a", "b", { ascending = { true, false } }))[2].nullsFirst, false)
  raises(function() df:orderBy() end, { message = "argument 1" })
  raises(function() df:orderBy("a", { asending = false }) end, { hint = "`ascending`" })
end)

test("duplicates", function()
  equal(node(df:dropDuplicates { "a", "b" }).names, { "a", "b" })
  equal(node(df:dropDuplicates("a")).names, { "a" })
  equal(node(df:dropDuplicates { subset = { "a" } }).names, { "a" })
  equal(node(df:dropDuplicates()).names, nil)
  equal(node(df:dropDuplicatesWithinWatermark()).op, "deduplicateWithinWatermark")
end)

test("joins", function()
  local other = session:range(5)
  local joined = node(df:join(other, { "k", "w" }, "left"))
  equal(joined.names, { "k", "w" })
  equal(joined.kind, "leftOuter")
  equal(joined.inputs, { node(df), node(other) })
  equal(node(df:join(other, "k", "LEFT_SEMI")).kind, "leftSemi")
  equal(bare(node(df:join(other, df.id:eq(other.id))).condition).name, "=")
  equal(bare(node(df:join(other, { df.a:eq(1), df.b:eq(2) })).condition).name, "and")
  equal(node(df:join(other, { on = "k", how = "full" })).kind, "fullOuter")
  raises(function() df:join(other, df.id == other.id) end, { class = "CANNOT_CONVERT" })
  raises(function() df:join(other, undefined) end, { message = "not nil" }) -- luacheck: ignore
  raises(function() df:join(other, "k", "lefft") end,
    { class = "UNSUPPORTED_JOIN_TYPE", hint = "left" })
  raises(function() df:join("other") end, { message = "a DataFrame" })
end)

test("dropna and fillna know the columns", function()
  equal(node(df:dropna()).op, "filter")
  equal(node(df:dropna { how = "all", subset = { "K" } }).op, "filter")
  raises(function() df:dropna { hwo = "all" } end, { hint = "`how`" })
  raises(function() df:dropna { subset = "kk" } end, { class = "UNRESOLVED_COLUMN", hint = "`k`" })
  local columns = node(df:fillna(0)).columns
  equal(columns[1].kind, "column")
  equal(columns[2].kind, "alias")
  equal(node(df:fillna { k = "?" }).columns[1].names, { "k" })
  equal(node(df:describe()).op, "select")
end)

test("other methods", function()
  equal(node(df:withWatermark("ts", "10 minutes")).delay, "10 minutes")
  raises(function() df:withWatermark("ts", 10) end, { hint = '"10 seconds"' })
  equal(node(df:limit(2)).count, 2)
  raises(function() df:limit(-1) end, { message = "at least 0" })
  raises(function() df:limit "2" end, { message = "an integer" })
  equal(node(df:uid "n").name, "n")
  equal(node(df:transform(function(d, n) return d:limit(n) end, 3)).count, 3)
  raises(function() df:transform(function() end) end, { message = "return a DataFrame" })
  equal(node(df:map(print, "x INT")).schema, "x INT")
  equal(node(df:sample(0.5)).fraction, 0.5)
  equal(node(df:sample { fraction = 0.5, seed = 1 }).seed, 1)
  equal(node(df:unionByName(df, { allowMissingColumns = true })).allowMissingColumns, true)
end)

test("every node knows its line, behind tail calls too", function()
  local made = df:limit(1)
  equal(node(made).origin, line(-1))
  local function tail(d) return d:select("x") end
  equal(node(tail(df)).origin, line(-1))
  local function sugar(d) return d:dropna() end
  equal(node(sugar(df)).origin, line(-1))
  equal(raises(function() df:limit "x" end, {}).where, line())
end)
