-- Moontide's side of a benchmark workload. Prints one JSON line, as the peers' scripts do.
-- usage: moontide run workloads.lua WORKLOAD DATA OUT [FILES_PER_BATCH]
-- Rows per second are those of the batches after the second, when everything is warm.
local moontide = require "moontide"
local F = require "moontide.functions"
local json = require "moontide.json"

local workload, data, out, per = arg[1], arg[2], arg[3], arg[4] or 1
local session = moontide.session {
  appName = "bench-" .. workload,
  conf = {
    ["moontide.shuffle.partitions"] = 2,
    ["moontide.streaming.numRecentProgressUpdates"] = 100000,
  },
}
if os.getenv "MOONTIDE_BATCH_ROWS" then
  session.conf:set("moontide.columnBatch.rows", os.getenv "MOONTIDE_BATCH_ROWS")
end

local EVENTS = "user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, "
  .. "event_time TIMESTAMP, ip_address STRING"

local function stream(schema, path)
  return session.readStream:schema(schema):option("maxFilesPerTrigger", per)
    :option("timestampFormat", "yyyy-MM-dd HH:mm:ss.SSS"):json(data .. path)
end

local build = {}

function build.etl()
  local views = stream(EVENTS, "/events"):where "event_type = 'view'"
  return views:select("ad_id", "event_time", F.upper("ad_type"):alias("ad_type")), "append", "json"
end

function build.ysb()
  local campaigns = session.read:option("header", true)
    :schema("ad_id STRING, campaign_id STRING"):csv(data .. "/campaigns.csv")
  return stream(EVENTS, "/events"):where "event_type = 'view'":select("ad_id", "event_time")
    :join(campaigns, "ad_id"):withWatermark("event_time", "10 seconds")
    :groupBy("campaign_id", F.window("event_time", "10 seconds")):count(), "update"
end

function build.wordcount()
  local lines = session.readStream:option("maxFilesPerTrigger", per):text(data)
  return lines:select(F.explode(F.split(lines.value, " ")):alias("word")):groupBy("word"):count(),
    "complete"
end

function build.udf()
  local f = F.udf(function(a, b) return a:sub(1, 8) .. "-" .. b:upper() end, "STRING")
  return stream(EVENTS, "/events"):select(f("ad_id", "ad_type"):alias("x")), "append"
end

function build.udf_int()
  local f = F.udf(function(a, b) if a > b then return a * 2 + b end return b end, "BIGINT")
  return stream("k BIGINT, v BIGINT", "/keys"):select(f("k", "v"):alias("x")), "append"
end

function build.join()
  local impressions = stream(
    "impression_id BIGINT, impression_time TIMESTAMP, campaign STRING", "/impressions")
    :withWatermark("impression_time", "10 minutes")
  local clicks = stream("click_id BIGINT, click_time TIMESTAMP", "/clicks")
    :withWatermark("click_time", "10 minutes")
  return impressions:join(clicks, F.expr [[impression_id = click_id AND click_time BETWEEN
    impression_time AND impression_time + INTERVAL 10 MINUTES]]), "append"
end

function build.keys()
  return stream("k BIGINT, v BIGINT", "/keys"):groupBy("k"):agg(F.count("*"), F.sum("v")), "update"
end

function build.latency()
  local rate = session.readStream:format("rate"):option("rowsPerSecond", 1000):load()
  return rate:groupBy((F.col("value") % 100):alias("k")):count(), "update"
end

function build.startup()
  return session.readStream:text(data):groupBy("value"):count(), "complete"
end

local df, mode, format = build[workload]()
local writer = df.writeStream:format(format or "noop"):outputMode(mode)
  :option("checkpointLocation", out .. "/checkpoint")
if format then writer = writer:option("path", out .. "/" .. format) end
local query
if workload == "latency" then
  query = writer:start()
  query:awaitTermination(20)
  query:stop()
else
  query = writer:trigger { availableNow = true }:start()
  query:awaitTermination()
end

local rows, batches, times, warmMs = 0, 0, {}, 0
for _, progress in ipairs(query.recentProgress) do
  if progress.numInputRows > 0 then
    rows, batches = rows + progress.numInputRows, batches + 1
    if batches > 2 then
      times[#times + 1] = progress.durationMs.triggerExecution
      warmMs = warmMs + times[#times]
    end
  end
end
table.sort(times)
print(json.encode {
  engine = "moontide " .. session.version, workload = workload, input_rows_reported = rows,
  batches = batches, warm_s = warmMs / 1000, batch_ms_p50 = times[#times // 2 + 1],
  batch_ms_p99 = times[math.max(1, math.ceil(#times * 0.99))],
})
