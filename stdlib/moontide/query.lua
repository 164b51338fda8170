--- A running query.
local check = require "moontide.check"
local engine = require "moontide.engine"

local HANDLE = {}

local values = {}
for _, name in ipairs {
  "id", "runId", "name", "isActive", "status", "lastProgress", "recentProgress", "exception",
} do
  values[name] = function(self) return engine.queryValue(rawget(self, HANDLE), name) end
end

local StreamingQuery = check.class("StreamingQuery", values)
local methods = StreamingQuery.methods

--- Waits for the end of the present batch, then ends the query.
function methods:stop()
  engine.stopQuery(rawget(self, HANDLE))
end

--- Waits for the end, and raises the query's error; with seconds, says whether it has ended.
function methods:awaitTermination(...)
  local given, present = check.arguments("awaitTermination", { "timeout" }, ...)
  if not present.timeout then
    engine.awaitQuery(rawget(self, HANDLE))
    return
  end
  local seconds = check.number(given.timeout, check.argument("awaitTermination", 1))
  return engine.awaitQuery(rawget(self, HANDLE), seconds)
end

--- Returns when the rows available now have been processed; raises the query's error.
function methods:processAllAvailable()
  engine.processAllAvailable(rawget(self, HANDLE))
end

function methods:explain(extended)
  print((engine.explainQuery(rawget(self, HANDLE), extended == true)))
end

function StreamingQuery.__tostring(self)
  return ("StreamingQuery<%s>"):format(self.name or self.id)
end

function StreamingQuery.__eq(a, b)
  return a.runId == b.runId
end

local query = {}

--- The query of an engine's handle.
function query.wrap(handle)
  return setmetatable({ [HANDLE] = handle }, StreamingQuery)
end

return query
