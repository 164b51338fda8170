local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local moontide = require "moontide"
local tests = require "moontide.tests"

local equal, raises, test = tests.equal, tests.raises, tests.test
local function node(d) return tests.bare(dataframe.unwrap(d)) end

test("the session", function()
  local session = moontide.session { appName = "a", master = "local[3]", conf = { x = 1 } }
  equal(engine.configured, { appName = "a", threads = 3 })
  equal(session.conf:get "x", "1")
  session.conf:unset "x"
  equal(session.conf:get "x", nil)
  raises(function() moontide.session { master = "yarn" } end,
    { message = "`yarn`", hint = "local%[" })
  raises(function() moontide.session { appname = "a" } end, { hint = "`appName`" })
  raises(function() session:sqll "x" end, { hint = "`sql`" })
  raises(function() return moontide.sesion end, { hint = "`session`" })
end)

test("views are those of the moment", function()
  local session = moontide.session()
  session:range(3):createOrReplaceTempView "V"
  local before = session:table "v"
  session:range(4):createOrReplaceTempView "v"
  equal(node(before).views.v.plan["end"], 3)
  equal(node(session:sql("SELECT * FROM v", { a = 1 })).views.v.plan["end"], 4)
  equal(session.catalog:tableExists "v", true)
  equal(#session.catalog:listTables(), 2)
  equal(session.catalog:dropTempView "V", true)
  equal(session.catalog:dropTempView "V", false)
  equal(session.catalog:tableExists "counts", true)
end)

test("rows of the script's own", function()
  local session = moontide.session()
  equal(node(session:createDataFrame({ { 1 } }, "a INT")).rows.rows, { { 1 } })
  equal(node(session:range(2, 5, 2)), { op = "range", start = 2, ["end"] = 5, step = 2 })
  equal(node(session:range(5)), { op = "range", start = 0, ["end"] = 5, step = 1 })
  local input = session:memoryStream "a INT"
  input:addData { { 1 } }
  equal(node(input:toDF()).host.rows, { { 1 } })
  raises(function() session:createDataFrame({}) end, { message = "argument 2" })
end)

test("declared sources and sinks", function()
  moontide.source {
    name = "s", options = { "a" }, schema = print, initialOffset = print, latestOffset = print,
    read = print,
  }
  equal(engine.source.options, { "a" })
  raises(function() moontide.source { name = "s", schema = print } end,
    { message = "`initialOffset`" })
  moontide.sink { name = "k", write = print }
  equal(engine.sink.modes, { "append" })
  raises(function() moontide.sink { name = "k", wirte = print } end, { hint = "`write`" })
end)
