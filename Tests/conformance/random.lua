-- Random events in random order and random batches: what a stream gives in append mode, over its whole
-- life, is what a batch query gives over the rows that were not late.
--   moontide run random.lua [--seed N] [--rounds N] [--only QUERY]
-- A failure prints its seed and the smallest case that still fails.
local moontide = require "moontide"
local F = require "moontide.functions"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local Case = dofile(here .. "/case.lua")
local options = Case.options(arg)
local session = moontide.session {}
Case.configure(session, {}, options.conf)
local SECOND, START = 1000000, 1704110400000000
local SCHEMA = "side STRING, k STRING, n BIGINT, ts TIMESTAMP"
local DELAY = { a = 20 * SECOND, b = 30 * SECOND }
local GAP, WINDOW = 15 * SECOND, 20 * SECOND

local function marked(df, side) -- the rows of one side under their own names, with its watermark
  local time = side .. "t"
  return df:where("side = '" .. side .. "'"):select(F.col("ts"):alias(time), F.col("k"):alias(side .. "k"), F.col("n"):alias(side .. "n"))
    :withWatermark(time, DELAY[side] // SECOND .. " seconds")
end

local RANGE = "ak = bk AND bt BETWEEN at - INTERVAL 10 SECONDS AND at + INTERVAL 25 SECONDS"

-- Each: the query, and whether a row is late by a watermark.
local function afterTime(row, late) return row.ts <= late end
local function afterWindow(row, late) return (row.ts // WINDOW + 1) * WINDOW <= late end
local queries = {
  windows = {
    late = afterWindow, sides = { "a" },
    build = function(df)
      return marked(df, "a"):groupBy(F.window("at", "20 seconds"), "ak"):agg(F.sum("an"):alias("s"), F.count("*"):alias("c"))
    end,
  },
  sessions = {
    late = function(row, late) return row.ts + GAP <= late end, sides = { "a" },
    -- A row that is not late, but behind what the watermark has closed, begins a session anew.
    unclear = function(row, late, evict) return row.ts <= evict and row.ts + GAP > late end,
    build = function(df)
      return marked(df, "a"):groupBy(F.session_window("at", "15 seconds"), "ak"):agg(F.sum("an"):alias("s"), F.max("an"):alias("m"))
    end,
  },
  deduplication = {
    late = afterTime, sides = { "a" },
    build = function(df) return marked(df, "a"):dropDuplicates { "ak", "at", "an" } end,
  },
  inner = {
    late = afterTime, sides = { "a", "b" },
    build = function(df) return marked(df, "a"):join(marked(df, "b"), F.expr(RANGE)) end,
  },
  leftOuter = {
    late = afterTime, sides = { "a", "b" },
    build = function(df) return marked(df, "a"):join(marked(df, "b"), F.expr(RANGE), "leftOuter") end,
  },
  fullOuter = {
    late = afterTime, sides = { "a", "b" },
    build = function(df) return marked(df, "a"):join(marked(df, "b"), F.expr(RANGE), "fullOuter") end,
  },
  leftSemi = {
    late = afterTime, sides = { "a", "b" },
    build = function(df) return marked(df, "a"):join(marked(df, "b"), F.expr(RANGE), "leftSemi") end,
  },
  chain = {
    late = afterTime, sides = { "a" },
    build = function(df)
      local once = marked(df, "a"):dropDuplicates { "ak", "at", "an" }
      local small = once:groupBy(F.window("at", "20 seconds"), "ak"):agg(F.count("*"):alias("c"))
      return small:groupBy(F.window(F.window_time("window"), "1 minute")):agg(F.sum("c"):alias("c"), F.count("*"):alias("groups"))
    end,
  },
  joinThenWindow = {
    late = afterTime, sides = { "a", "b" },
    -- The join's output may be older than its input by the range; windows over it lag behind as much.
    build = function(df)
      return marked(df, "a"):join(marked(df, "b"), F.expr(RANGE))
        :groupBy(F.window("bt", "20 seconds"), "bk"):agg(F.count("*"):alias("c"), F.sum("an"):alias("s"))
    end,
  },
}

local function make(random, sides)
  local batches, now = {}, START
  for batch = 1, random(2, 7) do
    batches[batch] = {}
    for _ = 1, random(1, 7) do
      local side = sides[random(1, #sides)]
      -- Time moves on; some rows are out of order, some far behind.
      -- Steps of five seconds, so that times meet the bounds of windows, ranges and watermarks.
      now = now + random(0, 2) * 5 * SECOND
      local back = random(1, 4) == 1 and random(0, 18) * 5 * SECOND or random(0, 2) * 5 * SECOND
      table.insert(batches[batch], { side = side, k = "k" .. random(1, 3), n = random(1, 3), ts = now - back })
    end
  end
  return batches
end

local function each(batches)
  return coroutine.wrap(function()
    for i, batch in ipairs(batches) do for j, row in ipairs(batch) do coroutine.yield(i, j, row) end end
  end)
end

-- The rows that are not late: a batch's rows are held against the watermark of the batch before it.
local function onTime(query, batches)
  local kept, unclear = {}, false
  local seen, late, evict = {}, 0, 0
  for _, batch in ipairs(batches) do
    for _, row in ipairs(batch) do
      if query.unclear and query.unclear(row, late, evict) then unclear = true end
      if not query.late(row, late) then kept[#kept + 1] = row end
    end
    for _, row in ipairs(batch) do seen[row.side] = math.max(seen[row.side] or 0, row.ts - DELAY[row.side]) end
    local reached = math.huge
    for _, side in ipairs(query.sides) do reached = math.min(reached, seen[side] or 0) end
    late, evict = evict, math.max(evict, reached)
  end
  return kept, unclear
end

local function texts(list)
  local out = {}
  for _, text in ipairs(list) do if not text:find('"flush', 1, true) then out[#out + 1] = text end end
  table.sort(out)
  return table.concat(out, "\n  ")
end

local function streamed(query, batches)
  local dir = os.tmpname(); os.remove(dir)
  Case.sh("mkdir -p " .. Case.quote(dir .. "/in"))
  local time = require "moontide.time"
  local files = {}
  for i, batch in ipairs(batches) do files[i] = batch end
  -- Last what moves every watermark past the end and meets nothing.
  files[#files + 1] = {}
  for i, side in ipairs(query.sides) do
    table.insert(files[#files], { side = side, k = "flush" .. side, n = 0, ts = START + (1 + i) * 3600 * SECOND })
  end
  for i, batch in ipairs(files) do
    local rows = {}
    for j, row in ipairs(batch) do rows[j] = { side = row.side, k = row.k, n = row.n, ts = time.format(row.ts, "yyyy-MM-dd HH:mm:ss") } end
    local path = string.format("%s/in/%05d.json", dir, i)
    Case.writeRows(path, rows)
    Case.sh(string.format("touch -d @%d %s", 1700000000 + i, Case.quote(path)))
  end
  local rows = {}
  local input = session.readStream:schema(SCHEMA):option("timestampFormat", "yyyy-MM-dd HH:mm:ss")
    :option("maxFilesPerTrigger", 1):json(dir .. "/in")
  local started = query.build(input).writeStream:outputMode("append"):option("checkpointLocation", dir .. "/chk")
    :foreachBatch(function(df)
      for _, row in ipairs(df:collect()) do rows[#rows + 1] = Case.rowText(row, #df.columns) end
    end)
    :trigger { availableNow = true }:start()
  started:awaitTermination()
  Case.sh("rm -rf " .. Case.quote(dir))
  return texts(rows)
end

local function batched(query, rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = { row.side, row.k, row.n, row.ts } end
  local df = query.build(session:createDataFrame(list, SCHEMA))
  local out = {}
  for i, row in ipairs(df:collect()) do out[i] = Case.rowText(row, #df.columns) end
  return texts(out)
end

-- nil where both agree or the case says nothing; else what differs.
local function difference(query, batches)
  local kept, unclear = onTime(query, batches)
  if unclear then return nil, true end
  local want, got = batched(query, kept), streamed(query, batches)
  if want ~= got then return "batch answer over rows not late\n  " .. want .. "\nstream\n  " .. got end
end

local function shrink(query, batches)
  local found = difference(query, batches)
  local again = true
  while again do
    again = false
    for i, j in each(batches) do
      local smaller = {}
      for x, batch in ipairs(batches) do
        local rest = {}
        for y, row in ipairs(batch) do if x ~= i or y ~= j then rest[#rest + 1] = row end end
        if #rest > 0 then smaller[#smaller + 1] = rest end
      end
      local still = #smaller > 0 and difference(query, smaller)
      if still then batches, found, again = smaller, still, true; break end
    end
  end
  return batches, found
end

local seed = tonumber(options.seed) or os.time()
local rounds = tonumber(options.rounds) or 20
local names = {}
for name in pairs(queries) do if not options.only or options.only == name then names[#names + 1] = name end end
table.sort(names)
local passed, failed = 0, 0
for _, name in ipairs(names) do
  local query = queries[name]
  local compared, round, why = 0, 0, nil
  -- Rounds whose case says nothing are made up for.
  while compared < rounds and round < rounds * 20 and not why do
    round = round + 1
    math.randomseed(seed + round)
    local batches = make(math.random, query.sides)
    local found, unclear = difference(query, batches)
    if not unclear then compared = compared + 1 end
    if found then why = { shrink(query, batches) } end
  end
  if why or compared < rounds then
    failed = failed + 1
    print("FAIL " .. name .. ": --seed " .. seed + round - 1 .. " after " .. compared .. " cases")
    if why then
      for i, _, row in each(why[1]) do
        print(string.format("  batch %d: side %s, %s, n %d, second %d", i, row.side, row.k, row.n, (row.ts - START) // SECOND))
      end
      print(why[2])
    end
  else
    passed = passed + 1
    print("PASS " .. name .. " " .. compared)
  end
end
print(string.format("%d passed, %d failed (seed %d)", passed, failed, seed))
os.exit(failed == 0)
