-- Runs the tests of stdlib/moontide with a plain interpreter and a made-up engine:
--   lua5.4 Tests/Lua/harness.lua [test file…]
-- The plans that scripts build are tested here; what the engine makes of them is tested in Swift.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
local stdlib = here .. "/../../stdlib/"

-- As the binary does: chunks are named `=moontide…`, which is how the stdlib knows its own frames.
table.insert(package.searchers, 2, function(name)
  local path = stdlib .. name:gsub("%.", "/")
  local file = io.open(path .. ".lua") or io.open(path .. "/init.lua")
  if not file then return "no file " .. path end
  local text = file:read "a"
  file:close()
  return assert(load(text, "=" .. name)), name
end)

-- A state of the binary has these already.
package.preload["moontide.native"] = function()
  local function nothing() end
  return { setErrorMetatable = nothing, where = nothing, null = nothing }
end
-- Where a test stands in for the engine, it sets a function of this table.
local engine = dofile(here .. "/fake_engine.lua")
package.loaded["moontide.engine"] = engine

local tests = {}
local passed, failed = 0, 0

--- Whether two values are the same, tables by content.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in next, a do
    if not same(value, b[key]) then return false end
  end
  for key in next, b do
    if a[key] == nil then return false end
  end
  return true
end

local function show(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local out = {}
  for key, inner in next, value do out[#out + 1] = tostring(key) .. " = " .. show(inner) end
  table.sort(out)
  return "{ " .. table.concat(out, ", ") .. " }"
end

function tests.equal(got, expected)
  if not same(got, expected) then
    error(("expected %s, got %s"):format(show(expected), show(got)), 2)
  end
end

--- Calls `fn`, which must raise an error table; checks its fields by pattern, and returns it.
function tests.raises(fn, expected)
  local ok, err = pcall(fn)
  if ok then error("expected an error", 2) end
  if type(err) ~= "table" then error("a bare message: " .. tostring(err), 2) end
  for field, pattern in next, expected do
    local text = tostring(err[field])
    if not text:find(pattern) then
      error(("%s: expected %q in %q"):format(field, pattern, text), 2)
    end
  end
  return err
end

--- The line of the caller, as `where` has it.
function tests.line(offset)
  local info = debug.getinfo(2, "Sl")
  return info.source:sub(2) .. ":" .. info.currentline + (offset or 0)
end

function tests.test(name, fn)
  local ok, err = xpcall(fn, function(e) return debug.traceback(tostring(e), 2) end)
  if ok then
    passed = passed + 1
  else
    failed = failed + 1
    print("FAIL " .. name .. ": " .. err)
  end
end

--- A copy of an expression or a node without origins and ids, to compare.
function tests.bare(value)
  if type(value) ~= "table" or getmetatable(value) then return value end
  local copy = {}
  for key, inner in next, value do
    if key ~= "origin" and key ~= "id" then copy[key] = tests.bare(inner) end
  end
  return copy
end

package.loaded["moontide.tests"] = tests

local files = { table.unpack(arg) }
if #files == 0 then
  for _, name in ipairs { "columns", "functions", "dataframes", "groups", "streams", "session" } do
    files[#files + 1] = here .. "/" .. name .. "_test.lua"
  end
end
for _, file in ipairs(files) do dofile(file) end
print(("%d passed, %d failed"):format(passed, failed))
if failed > 0 then error("tests of the stdlib failed", 0) end
