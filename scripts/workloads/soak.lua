-- A query that never ends over streams whose event time moves on: rows that come twice are made
-- one, met with those of a second stream, and counted by windows. Says over time what memory and
-- state it holds, and fails where either grows after the first minutes.
--   moontide run soak.lua MINUTES CHECKPOINT
local moontide = require "moontide"
local F = require "moontide.functions"

local minutes, checkpoint = tonumber(arg[1]) or 30, assert(arg[2], "a checkpoint directory")
local EVERY = 10 -- seconds between two lines
local session = moontide.session { appName = "soak" }

local function source(time)
  local rows = session.readStream:format("rate-micro-batch")
    :option("rowsPerBatch", 5000):option("advanceMillisPerBatch", 1000)
    :option("startTimestamp", 1704110400000):load()
  -- Each row twice.
  return rows
    :select(F.col("timestamp"):alias(time), "value", F.explode(F.array(1, 2)):alias("copy"))
    :withWatermark(time, "5 seconds")
end

local clicks = source("clicked"):dropDuplicatesWithinWatermark { "value" }:alias("c")
local views = source("viewed"):dropDuplicates { "viewed", "value" }:alias("v")
local met = clicks:join(views, F.expr("c.value = v.value "
  .. "AND clicked BETWEEN viewed - INTERVAL 2 SECONDS AND viewed + INTERVAL 2 SECONDS"))
local counts = met
  :groupBy(F.window("clicked", "10 seconds"), F.expr("c.value % 500"):alias("k"))
  :count()

local emitted, windows = 0, 0
local query = counts.writeStream:outputMode("append")
  :option("checkpointLocation", checkpoint)
  :trigger { processingTime = "200 milliseconds" }
  :foreachBatch(function(df)
    for _, row in ipairs(df:collect()) do
      emitted = emitted + row.count
      windows = windows + 1
    end
  end)
  :start()

local function residentMb()
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^VmRSS:%s+(%d+)")
    if kb then return tonumber(kb) / 1024 end
  end
end

local samples = {}
print(string.format("%8s %8s %10s %12s %12s %12s  %s", "seconds", "batch", "rss MB", "state MB",
  "state rows", "rows out", "state rows of each operator"))
local began = os.time()
while os.time() - began < minutes * 60 do
  if query:awaitTermination(EVERY) then break end
  local progress = query.lastProgress
  if progress then
    local rows, bytes, each = 0, 0, {}
    for _, operator in ipairs(progress.stateOperators) do
      rows = rows + operator.numRowsTotal
      bytes = bytes + operator.memoryUsedBytes
      each[#each + 1] = operator.operatorName .. "=" .. operator.numRowsTotal
    end
    local sample = { at = os.time() - began, mb = residentMb(), rows = rows }
    samples[#samples + 1] = sample
    print(string.format("%8d %8d %10.1f %12.1f %12d %12d  %s", sample.at, progress.batchId,
      sample.mb, bytes / 1048576, rows, emitted, table.concat(each, " ")))
  end
end
if query.exception then error(query.exception, 0) end
query:stop()

-- The first fifth, at most five minutes, is for warming up.
local function greatest(from, to, what)
  local found = 0
  for _, sample in ipairs(samples) do
    if sample.at >= from and sample.at <= to then found = math.max(found, sample[what]) end
  end
  return found
end
local total = samples[#samples].at
local warm = math.min(300, total / 5)
local half = warm + (total - warm) / 2
local function flat(what, title, slack)
  local early, late = greatest(warm, half, what), greatest(half, total, what)
  print(string.format("%s: at most %.1f in the first half after the warm-up, %.1f in the second",
    title, early, late))
  return late <= early * 1.1 + slack
end
local memory, state = flat("mb", "resident MB", 8), flat("rows", "state rows", 0)
local steady = memory and state
-- Every row of a window that has been given is in it, once.
local exact = windows > 0 and emitted % 5000 == 0
print(string.format("%d rows in %d groups", emitted, windows))
if not memory then print "FAIL: memory is not flat" end
if not state then print "FAIL: the state is not bounded" end
if not exact then print "FAIL: rows are missing or double" end
print(steady and exact and "flat" or "not flat")
os.exit(steady and exact)
