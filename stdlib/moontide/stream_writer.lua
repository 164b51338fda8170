--- `df.writeStream`: describes a running query, and starts it.
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local options = require "moontide.options"
local plan = require "moontide.plan"
local query = require "moontide.query"

local Writer, with, read = options.class("DataStreamWriter", "df.writeStream")
local methods = Writer.methods
options.install(methods, with, read)

function methods:outputMode(mode)
  local words = { "append", "update", "complete" }
  return with(self, {
    outputMode = check.word(mode, words, "the output mode",
      "STREAMING_OUTPUT_MODE.INVALID"),
  })
end

function methods:queryName(name)
  return with(self, { queryName = check.text(name, check.argument("queryName", 1)) })
end

function methods:partitionBy(...)
  return with(self, { partitionBy = check.names("partitionBy", ...) })
end

local TRIGGERS = { "processingTime", "once", "availableNow", "continuous" }

--- One of `{ processingTime = "1 second" }`, `{ once = true }`, `{ availableNow = true }`,
-- `{ continuous = "1 second" }`.
function methods:trigger(trigger)
  if not check.isKeywords(trigger) then
    check.refuse(check.argument("trigger", 1), "a table such as { availableNow = true }", trigger)
  end
  check.knownKeys(trigger, TRIGGERS, "the trigger")
  local kind, setting = next(trigger)
  if next(trigger, kind) ~= nil then
    check.fail("ONLY_ALLOW_SINGLE_TRIGGER", "a trigger is of one kind only")
  end
  local what = "`" .. kind .. "` of `trigger`"
  if kind == "once" or kind == "availableNow" then
    if setting ~= true then check.refuse(what, "true", setting) end
  else
    check.duration(setting, what)
  end
  return with(self, { trigger = { kind = kind, interval = setting ~= true and setting or nil } })
end

-- Each takes the place of a format, as in Spark.

local WRITER = { "open", "process", "close" }

--- `function(row)`, or a writer: `{ open =, process =, close = }`.
function methods:foreach(writer)
  if type(writer) == "function" then
    local fn = writer
    writer = { process = function(_, row) fn(row) end }
  elseif type(writer) ~= "table" then
    check.refuse(check.argument("foreach", 1), "a function or a writer", writer)
  else
    check.func(writer.process, "`process` of the writer")
    for _, name in ipairs(WRITER) do
      if not rawequal(writer[name], nil) then
        check.func(writer[name], "`" .. name .. "` of the writer")
      end
    end
  end
  return with(self, { format = "foreach", foreach = writer })
end

--- `function(df, batchId)`, called in the script's own state with the rows of each batch.
function methods:foreachBatch(fn)
  check.func(fn, check.argument("foreachBatch", 1))
  local function call(batch, batchId)
    fn(dataframe.wrap(plan.node("localRows", { rows = batch })), batchId)
  end
  return with(self, { format = "foreachBatch", foreachBatch = call })
end

local function start(self, changes)
  local request = read(with(self, changes))
  local df = request.df
  request.df = nil
  return query.wrap(engine.start(dataframe.unwrap(df), request))
end

--- Starts the query; `path` is where a file sink writes.
function methods:start(...)
  if select("#", ...) > 0 then check.text((...), check.argument("start", 1)) end
  local started = start(self, { path = (...) })
  return started
end

function methods:toTable(name)
  local started = start(self, { table = check.text(name, check.argument("toTable", 1)) })
  return started
end

function dataframe.values.writeStream(df)
  return with(nil, { df = df })
end
