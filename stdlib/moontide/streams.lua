--- `session.streams`: the queries that run, and those who listen to them.
local check = require "moontide.check"
local engine = require "moontide.engine"
local query = require "moontide.query"

local values = {}

function values.active()
  local queries = {}
  for position, handle in ipairs(engine.activeQueries()) do
    queries[position] = query.wrap(handle)
  end
  return queries
end

local StreamingQueries = check.class("StreamingQueries", values)
local methods = StreamingQueries.methods
StreamingQueries.__call = check.notCallable("streams", "session.streams")

--- The active query of an id, or nil.
function methods:get(id)
  check.text(id, check.argument("get", 1))
  for _, active in ipairs(self.active) do
    if active.id == id then return active end
  end
  return nil
end

--- Waits until any query has ended, and raises its error; with seconds, says whether one has.
function methods.awaitAnyTermination(_, ...)
  local given, present = check.arguments("awaitAnyTermination", { "timeout" }, ...)
  if not present.timeout then
    engine.awaitAnyQuery()
    return
  end
  local seconds = check.number(given.timeout, check.argument("awaitAnyTermination", 1))
  return engine.awaitAnyQuery(seconds)
end

--- Forgets the queries that have ended, so that `awaitAnyTermination` waits for the next.
function methods.resetTerminated()
  engine.resetTerminated()
end

-- The engine's listeners, by the script's.
local added = {}

local EVENTS = { "onQueryStarted", "onQueryProgress", "onQueryIdle", "onQueryTerminated" }

--- `addListener { onQueryProgress = function(event) … end, … }`.
function methods.addListener(_, listener)
  if type(listener) ~= "table" then
    check.refuse(check.argument("addListener", 1), "a table of functions", listener)
  end
  if getmetatable(listener) == nil then check.knownKeys(listener, EVENTS, "a listener") end
  local functions = {}
  for _, name in ipairs(EVENTS) do
    if not rawequal(listener[name], nil) then
      functions[name] = check.func(listener[name], "`" .. name .. "` of the listener")
    end
  end
  methods.removeListener(nil, listener)
  added[listener] = engine.addListener(functions)
end

function methods.removeListener(_, listener)
  if rawequal(listener, nil) then
    check.refuse(check.argument("removeListener", 1), "a listener", nil)
  end
  if added[listener] then engine.removeListener(added[listener]) end
  added[listener] = nil
end

return setmetatable({}, StreamingQueries)
