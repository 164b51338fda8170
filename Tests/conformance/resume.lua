-- Stops the process of a case after a step of the micro-batch machine, in every batch, and goes on in a
-- new process; the rows that reached an idempotent sink must be those of a run that nobody stopped.
--   moontide run resume.lua [--conf NAME=VALUE]… [--after STEP,…] CASE_DIR…
-- After the case's own steps comes one more, whose rows move every watermark past the end.
local moontide = require "moontide"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local Case = dofile(here .. "/case.lua")
local options, dirs = Case.options(arg)
local STEPS = "readOffsets,appendOffsets,releaseSources,runBatch,commitState,commitSink,appendCommit,wait"
local WAIT = 30 -- seconds a query may take for one step
local STOPPED = 70 -- the status of a process that a fault plan ended
local FAR = "2100-01-01 00:00:00"
local binary = assert(io.popen("readlink /proc/$PPID/exe")):read("l")

local function write(path, text)
  local f = assert(io.open(path .. ".tmp", "wb"))
  f:write(text); f:close()
  assert(os.rename(path .. ".tmp", path))
end

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

-- A row of each input with all its times far in the future.
local function flushStep(case)
  local flush = {}
  for name in pairs(case.inputs) do
    local template
    for _, step in ipairs(case.steps) do
      for _, row in ipairs(step[name] or {}) do if type(row) == "table" then template = row end end
    end
    local row = {}
    for column, value in pairs(template or {}) do
      local isTime = type(value) == "string" and value:find("^%d%d%d%d%-%d%d%-%d%d %d%d:")
      row[column] = isTime and FAR or value
    end
    flush[name] = template and { row } or nil
  end
  return flush
end

-- One process's life: goes on where `dir` says the case stands.
local function live(case, way, dir)
  local session = moontide.session {}
  Case.configure(session, case, options.conf)
  local function sink(df, batch)
    local lines = {}
    for _, row in ipairs(df:collect()) do lines[#lines + 1] = Case.rowText(row, #df.columns) .. "\n" end
    write(string.format("%s/out/%09d", dir, batch), table.concat(lines))
  end
  local query
  local last = #case.steps + 1
  case.steps[last] = flushStep(case)
  for k = tonumber(Case.slurp(dir .. "/done")) + 1, last do
    if not exists(dir .. "/arrived" .. k) then
      Case.arrive(dir, k, case.steps[k])
      write(dir .. "/arrived" .. k, "")
    end
    if way == "restart" then
      query = Case.writer(case, session, dir, sink):trigger { availableNow = true }:start()
      if not query:awaitTermination(WAIT) then error("step " .. k .. ": still running after " .. WAIT .. " s", 0) end
    else
      query = query or Case.writer(case, session, dir, sink):start()
      query:processAllAvailable()
    end
    write(dir .. "/done", tostring(k))
  end
  if query then query:stop() end
end

local function command(case, way, dir, fault)
  local words = { "MOONTIDE_FAULT=" .. (fault or ""), Case.quote(binary), "run", Case.quote(arg[0]) }
  if not fault then words[1] = "env -u MOONTIDE_FAULT" end
  for name, value in pairs(options.conf) do words[#words + 1] = "--conf " .. Case.quote(name .. "=" .. value) end
  words[#words + 1] = string.format("--way %s --in %s %s >>%s 2>&1", way, Case.quote(dir), Case.quote(case.dir),
    Case.quote(dir .. "/log"))
  return table.concat(words, " ")
end

-- Where a case stands: to see that a process has brought it further.
local function standing(dir)
  local f = assert(io.popen("cat " .. Case.quote(dir .. "/done") .. "; ls " .. Case.quote(dir .. "/out")
    .. "; wc -c <" .. Case.quote(dir) .. "/chk/batches.log 2>/dev/null"))
  local text = f:read("a"); f:close()
  return text
end

-- Runs a case from its beginning to its end in as many processes as it takes; gives the rows as sorted text.
local function rowsOf(case, way, step)
  local dir = os.tmpname(); os.remove(dir)
  Case.sh("mkdir -p " .. Case.quote(dir .. "/out"))
  Case.prepare(case, dir)
  write(dir .. "/done", "0")
  local count, stops, before = 1, 0, nil
  while true do
    local fault = step and string.format("machine.%s.done:exit:%d", step, count)
    local ok, _, status = os.execute(command(case, way, dir, fault))
    if ok then break end
    if status ~= STOPPED then return nil, "status " .. status .. "\n" .. Case.slurp(dir .. "/log") .. " in " .. dir end
    stops = stops + 1
    if stops > 200 then return nil, "stopped 200 times without an end, in " .. dir end
    -- The first such step of a new process belongs to the batch at which the last one stopped, save
    -- after a commit; a process that stops before it has done anything is given one step more.
    local now = standing(dir)
    count = (now == before) and count + 1 or (step == "appendCommit" and 1 or 2)
    before = now
  end
  local list = {}
  local files = assert(io.popen("ls " .. Case.quote(dir .. "/out")))
  local names = {}
  for name in files:lines() do names[#names + 1] = name end
  files:close()
  if case.outputMode == "complete" then names = { names[#names] } end
  for _, name in ipairs(names) do
    for line in Case.slurp(dir .. "/out/" .. name):gmatch("[^\n]+") do list[#list + 1] = line end
  end
  Case.sh("rm -rf " .. Case.quote(dir))
  table.sort(list)
  return table.concat(list, "\n    "), stops
end

if options.way then
  live(Case.read(dirs[1]), options.way, options["in"])
  os.exit(true)
end

local passed, failed = 0, 0
for _, dir in ipairs(dirs) do
  for _, way in ipairs { "continuous", "restart" } do
    local case = Case.read(dir)
    if not case.expected[way].error then
      local whole, why = rowsOf(case, way, nil)
      for step in (options.after or STEPS):gmatch("[^,]+") do
        local label = string.format("%s (%s, after %s)", case.name, way, step)
        local rows, stops
        if whole then rows, stops = rowsOf(case, way, step) end
        if rows and rows == whole and stops > 0 then
          passed = passed + 1
          print("PASS " .. label .. " " .. stops)
        else
          failed = failed + 1
          if not whole then print("FAIL " .. label .. ": unstopped: " .. why)
          elseif not rows then print("FAIL " .. label .. ": " .. stops)
          elseif rows == whole then print("FAIL " .. label .. ": it was never stopped")
          else print("FAIL " .. label .. ":\n  unstopped\n    " .. whole .. "\n  stopped " .. stops .. " times\n    " .. rows) end
        end
      end
    end
  end
end
print(string.format("%d passed, %d failed", passed, failed))
os.exit(failed == 0)
