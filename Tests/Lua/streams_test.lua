local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local moontide = require "moontide"
local tests = require "moontide.tests"

local equal, raises, test = tests.equal, tests.raises, tests.test
local session = moontide.session {}
local function node(d) return tests.bare(dataframe.unwrap(d)) end

test("readers", function()
  local reader = session.readStream:format("socket"):option("host", "localhost")
  local df = reader:option("port", 9999):load()
  equal(node(df), {
    op = "read", isStreaming = true, format = "socket",
    options = { host = "localhost", port = "9999" },
  })
  equal(node(reader:load()).options, { host = "localhost" })
  equal(node(session.read:schema("a INT"):json("in")), {
    op = "read", isStreaming = false, format = "json", options = {}, schema = "a INT",
    paths = { "in" },
  })
  equal(node(session.read:option("Header", true):option("header", false):csv "x").options,
    { header = "false" })
  equal(node(session.read:format("json"):load({ "a", "b" })).paths, { "a", "b" })
  raises(function() session:readStream() end, { message = "`readStream` is a value" })
  raises(function() session.read:fromat "json" end, { hint = "`format`" })
  raises(function() session.read:json(undefined) end, { message = "a path" }) -- luacheck: ignore
  raises(function() session.read:option("a", nil) end, { message = "argument 2" })
  raises(function() session.read:option("a", {}) end, { message = "option `a`" })
end)

test("writers", function()
  local df = session:range(3)
  df.write:format("json"):mode("overwrite"):partitionBy("a", "b"):save("out")
  equal(engine.written.request, {
    format = "json", mode = "overwrite", partitionBy = { "a", "b" }, path = "out", options = {},
  })
  equal(engine.written.plan, dataframe.unwrap(df))
  raises(function() df.write:mode "overwritten" end,
    { class = "INVALID_SAVE_MODE", hint = "`overwrite`" })
  raises(function() df:write() end, { message = "`write` is a value" })
end)

test("queries", function()
  local df = session:range(3)
  local query = df.writeStream:format("console"):outputMode("Complete")
    :trigger { processingTime = "1 second" }:queryName("q"):option("numRows", 5):start()
  equal(engine.started.request, {
    format = "console", outputMode = "complete", queryName = "q", options = { numRows = "5" },
    trigger = { kind = "processingTime", interval = "1 second" },
  })
  equal(query.id, "id of the query")
  equal(query:awaitTermination(1), true)
  equal(query:awaitTermination(), nil)
  raises(function() query:awaitTerminaton() end, { hint = "`awaitTermination`" })
  raises(function() df.writeStream:outputMode "apend" end, { hint = "`append`" })
  raises(function() df.writeStream:trigger { processingTime = 1 } end, { hint = '"1 seconds"' })
  raises(function() df.writeStream:trigger { once = true, availableNow = true } end,
    { class = "ONLY_ALLOW" })
  raises(function() df.writeStream:trigger { availablenow = true } end, { hint = "`availableNow`" })
  raises(function() df.writeStream:trigger { once = false } end, { message = "true" })
end)

test("foreach and foreachBatch", function()
  local df = session:range(3)
  local seen
  df.writeStream:foreachBatch(function(batch, id) seen = { batch, id } end):start()
  engine.started.request.foreachBatch("the batch", 7)
  equal(node(seen[1]), { op = "localRows", rows = "the batch" })
  equal(seen[2], 7)
  local given
  df.writeStream:foreach(function(row) given = row end):start()
  engine.started.request.foreach:process("the row")
  equal(given, "the row")
  raises(function() df.writeStream:foreach {} end, { message = "`process`" })
end)
