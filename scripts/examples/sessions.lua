-- Visits of a site: a user's clicks belong together until ten minutes pass without one. What is
-- kept for each user, and when a visit ends, is written in Lua.
local moontide = require "moontide"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local session = moontide.session { appName = "sessions" }

local clicks = session.readStream
  :schema("user STRING, at TIMESTAMP, page STRING")
  :option("maxFilesPerTrigger", 1)
  :json(here .. "/data/clicks")
  :withWatermark("at", "1 minute")

local GAP = 10 * 60 * 1000000

local function visits(key, rows, state)
  local ended = {}
  local visit = state:exists() and state:get() or nil
  local function finish()
    ended[#ended + 1] = { key.user, visit.clicks, (visit.last - visit.first) // 1000000 }
    visit = nil
  end
  if state:hasTimedOut() then
    finish()
    state:remove()
    return ended
  end
  local times = {}
  for row in rows do times[#times + 1] = row.at end
  table.sort(times)
  for _, at in ipairs(times) do
    if visit and at - visit.last > GAP then finish() end
    visit = visit or { first = at, last = at, clicks = 0 }
    visit.last, visit.clicks = at, visit.clicks + 1
  end
  state:update(visit)
  state:setTimeoutTimestamp(visit.last + GAP)
  return ended
end

clicks:groupBy("user")
  :flatMapGroupsWithState({
    outputSchema = "user STRING, clicks INT, seconds BIGINT",
    stateSchema = "first BIGINT, last BIGINT, clicks INT",
    outputMode = "append",
    timeout = "eventTime",
  }, visits)
  .writeStream
  :format("console"):outputMode("append")
  :trigger { availableNow = true }
  :start()
  :awaitTermination()
