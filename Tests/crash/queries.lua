-- The queries of the crash harness: moontide run queries.lua NAME, in a directory that holds `in/`
-- (and `views/`). Every log and file is folded, snapshotted and purged as often as it can be, so
-- that a short run passes through all of it.
local moontide = require "moontide"
local F = require "moontide.functions"

local session = moontide.session {
  conf = {
    ["moontide.shuffle.partitions"] = 2,
    ["moontide.streaming.minBatchesToRetain"] = 2,
    ["moontide.streaming.log.rewriteBytes"] = 3000,
    ["moontide.streaming.fileSink.log.compactInterval"] = 2,
    ["moontide.streaming.fileSource.log.compactInterval"] = 2,
    ["moontide.streaming.stateStore.minDeltasForSnapshot"] = 2,
    ["moontide.stateStore"] = os.getenv "CRASH_STORE" or "memory",
  },
}

local function read(directory)
  return session.readStream:schema("id BIGINT, ts TIMESTAMP, key STRING, value BIGINT")
    :option("maxFilesPerTrigger", 1):json(directory):withWatermark("ts", "20 seconds")
end

local events = read "in"

local function start(writer, path)
  writer = writer:option("checkpointLocation", "checkpoint"):trigger { availableNow = true }
  if path then return writer:start(path) end
  return writer:start()
end

local queries = {}

local checked = F.udf(function(value)
  if value % 10 == 7 then error "a seven" end
  return value
end, "BIGINT")

-- Rows on which the function raises are put aside.
function queries.stateless()
  local rows = events:where("value % 3 <> 0"):withColumn("value", checked("value"))
    :select("id", "key", F.expr "value * 2 AS twice")
  local writer = rows.writeStream:format("json"):partitionBy("key"):option("badRows", "aside")
  return start(writer, "out")
end

function queries.window()
  local counts = events:groupBy(F.window("ts", "10 seconds"), "key")
    :agg(F.count("*"):alias("n"), F.sum("value"):alias("total"))
    :select(F.expr "unix_seconds(window.start) AS at", "key", "n", "total")
  return start(counts.writeStream:format("json"):outputMode("append"), "out")
end

function queries.dedup()
  local rows = events:dropDuplicates { "id", "ts" }:select("id", "key")
  return start(rows.writeStream:format("json"), "out")
end

function queries.join()
  local views = read("views"):select(
    F.expr "id AS view", F.expr "ts AS seen", F.expr "key AS who")
  local near = F.expr "key = who AND seen >= ts AND seen <= ts + INTERVAL 5 SECONDS"
  local pairs = events:join(views, near):select("id", "view")
  return start(pairs.writeStream:format("json"), "out")
end

function queries.state()
  local totals = events:groupBy("key"):flatMapGroupsWithState({
    outputSchema = "key STRING, n BIGINT, total BIGINT", stateSchema = "n BIGINT, total BIGINT",
    outputMode = "append", timeout = "none",
  }, function(key, rows, state)
    local now = state:exists() and state:get() or { n = 0, total = 0 }
    local n, total = now.n, now.total
    for row in rows do
      n = n + 1
      total = total + row.value
    end
    state:update { n = n, total = total }
    return { { key = key.key, n = n, total = total } }
  end)
  return start(totals.writeStream:format("json"):outputMode("append"), "out")
end

-- What a call got, before anything else: each call of a batch must be the same.
local function note(batch, lines)
  local file = assert(io.open("attempts.txt", "a"))
  file:write("\n", batch, "\t", table.concat(lines, " "), " .")
  file:close()
end

function queries.foreachBatch()
  -- The clock and the random numbers of a batch are its own, however often it runs.
  local counts = events:groupBy("key"):agg(F.count("*"):alias("n"))
    :withColumn("at", F.current_timestamp()):withColumn("random", F.rand())
  return start(counts.writeStream:outputMode("update"):foreachBatch(function(df, batch)
    local rows, lines = df:collect(), {}
    for i, row in ipairs(rows) do
      lines[i] = table.concat({ row.key, row.n, row.at, row.random }, ",")
    end
    note(batch, lines)
    local environment = require("luasql.sqlite3").sqlite3()
    local db = environment:connect("rows.db")
    db:setautocommit(false)
    assert(db:execute "CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY)")
    assert(db:execute "CREATE TABLE IF NOT EXISTS counts (key TEXT, n INTEGER, batch INTEGER)")
    local known = assert(db:execute("SELECT id FROM batches WHERE id = " .. batch))
    local isIn = known:fetch() ~= nil
    known:close()
    if not isIn then
      for _, row in ipairs(rows) do
        local values = string.format("'%s', %d, %d", row.key, row.n, batch)
        assert(db:execute("INSERT INTO counts VALUES (" .. values .. ")"))
      end
      assert(db:execute("INSERT INTO batches VALUES (" .. batch .. ")"))
    end
    db:commit()
    db:close()
    environment:close()
  end))
end

-- Each row is on disk as soon as it was processed; an attempt that ended well ends with a point.
function queries.foreach()
  return start(events.writeStream:foreach {
    open = function(self, partition, epoch)
      self.file = assert(io.open("attempts.txt", "a"))
      self.file:setvbuf "no"
      self.file:write("\n", epoch, ".", partition, "\t")
      return true
    end,
    process = function(self, row) self.file:write(row.id, " ") end,
    close = function(self, err)
      self.file:write(err and "error" or ".")
      self.file:close()
    end,
  })
end

local query = assert(queries[arg[1]], "which query?")()
query:awaitTermination()
