-- The queries whose checkpoints are kept: one of each kind of stateful operator, with aggregates of
-- every kind of stored result. Run in a directory with `in/`, whose files are known by name.
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session { conf = { ["moontide.shuffle.partitions"] = 3 } }

local schema <const> =
  "k STRING, v BIGINT, d DECIMAL(10, 2), x DOUBLE, t TIMESTAMP, tags ARRAY<STRING>"
local function rows()
  return session.readStream:format("json"):schema(schema)
    :options { maxFilesPerTrigger = 1, fileNameOnly = true }:load("in")
end
local function timed() return rows():withWatermark("t", "10 seconds") end
local function run(name, df)
  df.writeStream:format("json"):option("checkpointLocation", "checkpoints/" .. name)
    :trigger { availableNow = true }:start("out/" .. name):awaitTermination()
end

local longest = F.udaf {
  zero = function() return { text = "" } end, buffer = "text STRING", returns = "STRING",
  reduce = function(b, k) if #k > #b.text then b.text = k end return b end,
  merge = function(a, b) return #a.text >= #b.text and a or b end,
  finish = function(b) return b.text end,
}
run("aggregate", timed():groupBy(F.window("t", "10 seconds"), "k"):agg(
  F.count("*"):alias("n"), F.sum("v"):alias("sum"), F.sum("d"):alias("money"),
  F.avg("x"):alias("mean"), F.avg("d"):alias("price"), F.min("t"):alias("first"),
  F.max("k"):alias("last"),
  F.collect_list("v"):alias("list"), F.collect_set("tags"):alias("tags"),
  F.approx_count_distinct("v"):alias("distinct"), F.stddev("x"):alias("spread"),
  F.percentile_approx("x", 0.5):alias("median"), F.max_by("k", "v"):alias("best"),
  F.first("x"):alias("one"), F.bool_and(F.col("v"):gt(0)):alias("all"),
  longest(F.col "k"):alias("longest")))
run("deduplicate", timed():dropDuplicates { "k", "t" }:select("k", "t"))
run("within", timed():dropDuplicatesWithinWatermark { "k" }:select("k", "t"))
run("session", timed():groupBy(F.session_window("t", "5 seconds"), "k")
  :agg(F.count("*"):alias("n")))
local right = rows():select(F.col("k"):alias("k2"), F.col("v"):alias("w"), F.col("t"):alias("u"),
  F.col("tags"):alias("more")):filter("w % 3 <> 0"):withWatermark("u", "10 seconds")
run("join", timed():join(right, F.expr("k = k2 AND u BETWEEN t - INTERVAL 15 SECONDS AND t"),
  "fullOuter"):select("k", "v", "t", "w", "u", "more"))
run("groups", timed():groupBy("k"):flatMapGroupsWithState({
  outputSchema = "k STRING, n BIGINT, last TIMESTAMP, isDone BOOLEAN",
  stateSchema = "n BIGINT, last TIMESTAMP",
  outputMode = "append", timeout = "eventTime",
}, function(key, values, state)
  if state:hasTimedOut() then
    local old = state:get()
    state:remove()
    return { { key.k, old.n, old.last, true } }
  end
  local now = state:exists() and state:get() or { n = 0, last = 0 }
  for row in values do now = { n = now.n + 1, last = math.max(now.last, row.t) } end
  state:update(now)
  state:setTimeoutTimestamp(math.max(now.last + 8000000, state:currentWatermark()))
  return {}
end))
run("processor", timed():groupBy("k"):transformWithState {
  outputSchema = "k STRING, n BIGINT, list STRING, map STRING, at TIMESTAMP", outputMode = "append",
  timeMode = "eventTime",
  init = function(self, handle)
    self.handle = handle
    self.count = handle:valueState("count", "n BIGINT")
    self.list = handle:listState("list", "v BIGINT")
    self.map = handle:mapState("map", "tag STRING", "n BIGINT")
  end,
  handleInputRows = function(self, key, values)
    local n, last = self.count:exists() and self.count:get().n or 0, 0
    for row in values do
      n, last = n + 1, math.max(last, row.t)
      self.list:appendValue { v = row.v }
      for _, tag in ipairs(row.tags) do
        local old = self.map:getValue { tag = tag }
        self.map:updateValue({ tag = tag }, { n = (old and old.n or 0) + 1 })
      end
    end
    self.count:update { n = n }
    self.handle:registerTimer(last + 5000000)
    return {}
  end,
  handleExpiredTimer = function(self, key, _, expired)
    local list, map = {}, {}
    for item in self.list:get() do list[#list + 1] = item.v end
    for tag, value in self.map:iterator() do map[#map + 1] = tag.tag .. "=" .. value.n end
    table.sort(map)
    return { { key.k, self.count:get().n, table.concat(list, " "), table.concat(map, " "),
      expired:expiryTime() } }
  end,
})
