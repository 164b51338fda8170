-- Streaming queries that Spark was asked to start (Tests/Recorded/refusals.py, same names): each is
-- refused here with Spark's class and says what to change, or starts where Spark starts it.
-- usage: moontide run refusals.lua RECORDED FOLDER
local moontide = require "moontide"
local F = require "moontide.functions"
local W = require "moontide.window"
local json = require "moontide.json"
local s = moontide.session {}

local function src(name)
  os.execute("mkdir -p '" .. arg[2] .. "/" .. name .. "'")
  return s.readStream:schema "ts TIMESTAMP, k STRING, n INT":json(arg[2] .. "/" .. name)
end

local st = s:createDataFrame({ { "a", 1 } }, "k STRING, v INT")
local e = src "l"
e:createOrReplaceTempView "ev"
st:createOrReplaceTempView "st"
local wm = e:withWatermark("ts", "1 minute")
local right = src "r":withWatermark("ts", "1 minute")
local windows = wm:groupBy(F.window("ts", "1 minute")):count()
local keyed = wm:groupBy(F.window("ts", "1 minute"), "k"):count()

local function joined(condition, how, left, other)
  return (left or wm):alias "a":join((other or right):alias "b", F.expr(condition), how or "inner")
end
local function over(f) return f:over(W.partitionBy "k":orderBy "n") end
local function none() return {} end
local function flat(df, mode, timeout)
  return df:groupBy "k":flatMapGroupsWithState({ outputSchema = "k STRING", stateSchema = "n INT",
    timeout = timeout or "none", outputMode = mode }, none)
end
local function transform(df, mode, time)
  return df:groupBy "k":transformWithState { outputSchema = "k STRING", timeMode = time or "none",
    outputMode = mode, handleInputRows = none }
end
local function sql(text) return function() return s:sql(text) end end

local queries = {
  ["union with a table"] = function() return e:select "k":union(st:select "k") end,
  ["monotonically_increasing_id"] = function() return e:withColumn("id", F.monotonically_increasing_id()) end,
  ["count_distinct"] = function() return e:groupBy "k":agg(F.count_distinct "n") end,
  ["approx_count_distinct"] = function() return e:groupBy "k":agg(F.approx_count_distinct "n") end,
  ["pivot"] = function() return e:groupBy "k":pivot("n", { 1, 2 }):count() end,
  ["sample"] = function() return e:sample(0.5) end,
  ["offset"] = sql "select * from ev offset 2",
  ["intersect"] = function() return e:select "k":intersect(st:select "k") end,
  ["intersect of streams"] = function() return e:select "k":intersect(right:select "k") end,
  ["exceptAll from a table"] = function() return st:select "k":exceptAll(e:select "k") end,
  ["except of a table"] = function() return e:select "k":subtract(st:select "k") end,
  ["except of a stream"] = function() return st:select "k":subtract(e:select "k") end,
  ["row_number"] = function() return e:withColumn("r", over(F.row_number())) end,
  ["lag"] = function() return e:withColumn("r", over(F.lag "n")) end,
  ["sum over"] = function() return e:withColumn("r", over(F.sum "n")) end,
  ["cube"] = function() return e:cube("k", "n"):count() end,
  ["rollup"] = function() return e:rollup("k", "n"):count() end,
  ["cube update"] = function() return e:cube("k", "n"):count() end,
  ["grouping sets"] = sql "select k, n, count(*) c from ev group by grouping sets ((k), (n))",
  ["no aggregate complete"] = function() return e end,
  ["session update"] = function() return wm:groupBy(F.session_window("ts", "1 minute"), "k"):count() end,
  ["session without a key"] = function() return wm:groupBy(F.session_window("ts", "1 minute")):count() end,
  ["session without a key complete"] = function() return wm:groupBy(F.session_window("ts", "1 minute")):count() end,
  ["dropDuplicates complete"] = function() return wm:dropDuplicates { "k" } end,
  ["within without watermark"] = function() return e:dropDuplicatesWithinWatermark { "k" } end,
  ["within complete"] = function() return wm:dropDuplicatesWithinWatermark { "k" } end,
  ["inner join complete"] = function() return joined "a.k = b.k" end,
  ["inner join update"] = function() return joined "a.k = b.k" end,
  ["outer join update"] = function() return joined("a.k = b.k and a.ts > b.ts", "leftOuter") end,
  ["anti join"] = function() return joined("a.k = b.k", "leftAnti") end,
  ["left outer without bound"] = function() return joined("a.k = b.k", "leftOuter") end,
  ["right outer without bound"] = function() return joined("a.k = b.k", "rightOuter") end,
  ["full outer without bound"] = function() return joined("a.k = b.k", "fullOuter") end,
  ["semi without bound"] = function() return joined("a.k = b.k", "leftSemi") end,
  ["left outer without watermarks"] = function() return joined("a.k = b.k and a.ts > b.ts", "leftOuter", e, src "r") end,
  ["left outer, watermark on the left"] = function()
    return joined("a.k = b.k and a.ts between b.ts and b.ts + interval 1 minute", "leftOuter", wm, src "r")
  end,
  ["full outer with a table"] = function() return e:join(st, "k", "fullOuter") end,
  ["right outer with a table"] = function() return e:join(st, "k", "rightOuter") end,
  ["table left outer"] = function() return st:join(e, "k", "leftOuter") end,
  ["table semi"] = function() return st:join(e, "k", "leftSemi") end,
  ["table anti"] = function() return st:join(e, "k", "leftAnti") end,
  ["table full outer"] = function() return st:join(e, "k", "fullOuter") end,
  ["limit update"] = function() return e:limit(3) end,
  ["limit complete"] = function() return e:limit(3) end,
  ["limit of an aggregate update"] = function() return e:groupBy "k":count():limit(3) end,
  ["sort append"] = function() return e:orderBy "k" end,
  ["sort of an aggregate update"] = function() return e:groupBy "k":count():orderBy "k" end,
  ["sort of an aggregate append"] = function() return windows:orderBy "window" end,
  ["two aggregates update"] = function() return windows:groupBy(F.window(F.window_time "window", "5 minutes")):count() end,
  ["two aggregates complete"] = function() return windows:groupBy "count":count() end,
  ["two aggregates without time"] = function() return windows:groupBy "count":count() end,
  ["aggregate without watermark"] = function() return e:groupBy "k":count() end,
  ["aggregate whose key is not time"] = function() return wm:groupBy "k":count() end,
  ["flatMap of another mode"] = function() return flat(e, "update") end,
  ["flatMap of another mode 2"] = function() return flat(e, "append") end,
  ["flatMap complete"] = function() return flat(e, "update") end,
  ["flatMap append complete"] = function() return flat(e, "append") end,
  ["flatMap update then aggregate"] = function() return flat(e, "update"):groupBy "k":count() end,
  ["flatMap append then aggregate"] = function() return flat(e, "append"):groupBy "k":count() end,
  ["flatMap append after an aggregate"] = function() return flat(keyed, "append") end,
  ["flatMap update after an aggregate"] = function() return flat(keyed, "update") end,
  ["flatMap event time without watermark"] = function() return flat(e, "append", "eventTime") end,
  ["two flatMaps"] = function() return flat(flat(e, "append"), "append") end,
  ["transform event time without watermark"] = function() return transform(e, "append", "eventTime") end,
  ["transform of another mode"] = function() return transform(e, "append") end,
  ["transform complete"] = function() return transform(e, "update") end,
  ["transform update then aggregate"] = function() return transform(e, "update"):groupBy "k":count() end,
  ["second watermark"] = function() return wm:withWatermark("ts", "2 minutes"):groupBy(F.window("ts", "1 minute")):count() end,
  ["watermark after an aggregate"] = function()
    return windows:select(F.col "window.end":alias "t"):withWatermark("t", "2 minutes"):groupBy(F.window("t", "1 minute")):count()
  end,
  ["dropDuplicates after an aggregate update"] = function() return windows:dropDuplicates { "window" } end,
  ["join of aggregates update"] = function()
    return windows:join(right:groupBy(F.window("ts", "1 minute")):count(), "window")
  end,
  ["subquery of a stream"] = sql "select * from ev where n > (select max(n) from ev)",
  ["in a stream"] = sql "select * from ev where k in (select k from ev)",
  ["table in a stream"] = sql "select * from st where k in (select k from ev)",
  ["stream in a table"] = sql "select * from ev where k in (select k from st)",
  ["tablesample"] = sql "select * from ev tablesample (10 percent)",
  ["writeStream of a table"] = function() return st end,
  collect = function() e:collect() end,
  count = function() e:count() end,
  show = function() e:show() end,
  isEmpty = function() e:isEmpty() end,
  first = function() e:first() end,
  toLocalIterator = function() for _ in e:toLocalIterator() do end end,
  foreach = function() e:foreach(none) end,
  describe = function() e:describe():show() end,
  cache = function() e:cache() end,
  write = function() e.write:json(arg[2] .. "/out") end,
}

-- What is answered otherwise here, and why.
local LEGACY = "_LEGACY_ERROR_TEMP_3102"
local ours = {
  -- Refused before the query starts, where Spark starts it and fails with its first batch.
  ["session without a key"] = LEGACY,
  ["session without a key complete"] = LEGACY,
  ["transform event time without watermark"] = LEGACY,
  ["transform of another mode"] = LEGACY,
  ["second watermark"] = "REDEFINING_WATERMARK_DISALLOWED",
  ["watermark after an aggregate"] = "REDEFINING_WATERMARK_DISALLOWED",
  -- Spark speaks of the two aggregates that it makes of a pivot.
  ["pivot"] = "UNSUPPORTED_FEATURE.PIVOT_ON_STREAM",
  -- Set operations over streams are not there.
  ["except of a table"] = LEGACY,
  -- As Spark's Scala functions do: only Python's may not stand twice.
  ["two flatMaps"] = moontide.null,
}

local failed, asked = 0, 0
for line in io.lines(arg[1]) do
  local case = json.decode(line)
  local ok, err = pcall(function()
    local df = assert(queries[case.name], "no such query here")()
    if case.mode ~= moontide.null then
      df.writeStream:outputMode(case.mode):format "noop":trigger { availableNow = true }:start():awaitTermination()
    end
  end)
  local wanted = ours[case.name] or case.spark.class
  if wanted == moontide.null then wanted = nil end
  local class = not ok and (type(err) == "table" and err.class or tostring(err)) or nil
  asked = asked + 1
  if class ~= wanted then
    failed = failed + 1
    print(("%s: %s, not %s\n    %s\n    Spark: %s"):format(case.name, class or "started",
      wanted or "started", ok and "" or tostring(err.message or err), case.spark.message))
  elseif class and not err.hint then
    failed = failed + 1
    print(case.name .. ": does not say what to change: " .. tostring(err.message))
  end
end
print(asked .. " queries asked, " .. failed .. " answers wrong")
os.exit(failed == 0 and asked > 80)
