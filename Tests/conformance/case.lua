-- What the runners of conformance cases share: reading a case, making its inputs, comparing rows.
local moontide = require "moontide"
local F = require "moontide.functions"
local json = require "moontide.json" -- its null is moontide.null

local Case = {}
local TIMES = "yyyy-MM-dd HH:mm:ss[.SSSSSS]"

function Case.slurp(path)
  local f = assert(io.open(path, "rb"))
  local s = f:read("a"); f:close()
  return s
end

function Case.sh(cmd) assert(os.execute(cmd), cmd) end
function Case.quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

-- Reads the folder of a case.
function Case.read(dir)
  local case = json.decode(Case.slurp(dir .. "/case.json"))
  case.dir, case.name = dir, dir:match("[^/]+$")
  case.expected = json.decode(Case.slurp(dir .. "/expected.json"))
  case.pipeline = dofile(dir .. "/pipeline.lua")
  return case
end

-- A value as a comparable string: doubles to 10 significant digits, structs and maps by sorted key without their nulls.
-- A map with the keys 1..n reads as a list on both sides, and an empty list as an empty map, since Lua cannot tell them apart.
local function canon(v)
  if v == nil or v == moontide.null then return "null" end
  local t = type(v)
  if t == "boolean" then return tostring(v) end
  if t == "number" then
    if v ~= v then return '"nan"' elseif v == math.huge then return '"inf"' elseif v == -math.huge then return '"-inf"' end
    return math.tointeger(v) and tostring(math.tointeger(v)) or string.format("%.10g", v)
  end
  if t == "string" then return string.format("%q", v) end
  if t == "userdata" then v = v:asTable() elseif t ~= "table" then error("a value of type " .. t .. " in a row") end
  local entries, keys = {}, {}
  for k, x in pairs(v) do entries[math.tointeger(tonumber(k)) or k] = x end
  local n = #entries
  for k, x in pairs(entries) do
    local inList = math.type(k) == "integer" and k >= 1 and k <= n
    if not inList then n = -1 end
    if x ~= moontide.null then keys[#keys + 1] = k end
  end
  if n > 0 then
    local out = {}
    for i = 1, n do out[i] = canon(entries[i]) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  table.sort(keys, function(x, y) return tostring(x) < tostring(y) end)
  for i, k in ipairs(keys) do keys[i] = tostring(k) .. ":" .. canon(entries[k]) end
  return "{" .. table.concat(keys, ",") .. "}"
end

function Case.rowText(row, width)
  local out = {}
  for i = 1, width do out[i] = canon(row[i]) end
  return "(" .. table.concat(out, ", ") .. ")"
end

function Case.texts(rows, ordered, width)
  local out = {}
  for i, r in ipairs(rows) do out[i] = Case.rowText(r, width or #r) end
  if not ordered then table.sort(out) end
  return table.concat(out, "\n    ")
end

local function encode(row) return type(row) == "string" and row or json.encode(row) end

-- A file of JSON lines, whole or not at all.
function Case.writeRows(path, rows)
  local hidden = path:gsub("([^/]*)$", ".%1")
  local f = assert(io.open(hidden, "wb"))
  for _, row in ipairs(rows) do f:write(encode(row), "\n") end
  f:close()
  assert(os.rename(hidden, path))
end

-- The folders of inputs, and the static tables.
function Case.prepare(case, dir)
  for name in pairs(case.inputs) do Case.sh("mkdir -p " .. Case.quote(dir .. "/in/" .. name)) end
  for name, t in pairs(case.tables or {}) do
    Case.sh("mkdir -p " .. Case.quote(dir .. "/static/" .. name))
    Case.writeRows(dir .. "/static/" .. name .. "/t.json", t.rows)
  end
end

-- The rows of step `k` arrive.
function Case.arrive(dir, k, step)
  for name, rows in pairs(step) do Case.writeRows(string.format("%s/in/%s/%05d.json", dir, name, k), rows) end
end

-- The case's query, not yet started: `sink` is its foreachBatch function.
function Case.writer(case, session, dir, sink)
  local inputs = {}
  for name, schema in pairs(case.inputs) do
    local r = session.readStream:schema(schema):option("timestampFormat", TIMES)
    if case.readOptions then r = r:options(case.readOptions) end
    inputs[name] = r:json(dir .. "/in/" .. name)
  end
  for name, t in pairs(case.tables or {}) do
    inputs[name] = session.read:schema(t.schema):option("timestampFormat", TIMES):json(dir .. "/static/" .. name)
  end
  return case.pipeline(session, inputs, F).writeStream:foreachBatch(sink)
    :outputMode(case.outputMode or "append"):option("checkpointLocation", dir .. "/chk")
end

-- Settings: the case's own, then those of the runner, which win.
function Case.configure(session, case, extra)
  for k, v in pairs(case.conf or {}) do session.conf:set(k, v) end
  for k, v in pairs(extra or {}) do session.conf:set(k, v) end
end

function Case.unconfigure(session, case, extra)
  for k in pairs(case.conf or {}) do session.conf:unset(k) end
  for k in pairs(extra or {}) do session.conf:unset(k) end
end

-- Takes `--conf NAME=VALUE` and other `--name VALUE` off the script's arguments; gives them and the rest.
function Case.options(arguments)
  local options, rest, i = { conf = {} }, {}, 1
  while arguments[i] do
    local name = arguments[i]:match("^%-%-(.+)$")
    if name == "conf" then
      local key, value = assert(arguments[i + 1], "--conf NAME=VALUE"):match("^([^=]+)=(.*)$")
      options.conf[assert(key, "--conf NAME=VALUE")] = value
    elseif name then
      options[name] = assert(arguments[i + 1], "--" .. name .. " needs a value")
    else
      rest[#rest + 1] = arguments[i]:gsub("/+$", "")
      i = i - 1
    end
    i = i + 2
  end
  return options, rest
end

return Case
