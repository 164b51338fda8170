-- Holds the tree to docs/STYLE.md: what a machine can see of it.
local MAX_LINE, MAX_FILE, MAX_FUNCTION = 100, 550, 70

-- The rooms in the order in which dependencies point; a room imports only rooms before it.
local ROOMS = {
  "Contract", "Columns", "Codecs", "Expressions", "Plan", "State", "Connectors", "Operators", "SQL",
  "Streaming", "Script", "moontide",
}

local problems = 0
local function complain(path, line, text)
  problems = problems + 1
  print(string.format("%s:%d: %s", path, line, text))
end

local function files(command)
  local pipe = assert(io.popen(command))
  local list = {}
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  return list
end

local function lines(path)
  local list = {}
  for line in io.lines(path) do list[#list + 1] = line end
  return list
end

local function display(line) return utf8.len(line) or #line end

-- Answers recorded from Spark are data in the shape of source.
local function isRecorded(path) return path:find("Recorded[^/]*$") ~= nil end

local function checkShape(path, all)
  if isRecorded(path) then return end
  if #all > MAX_FILE then complain(path, #all, "a file of more than " .. MAX_FILE .. " lines") end
  for number, line in ipairs(all) do
    local width = display(line)
    -- A text stays on its line: a recorded example, a sentence of the reference.
    local code = display((line:gsub('"[^"]*"', '""')))
    if width > MAX_LINE and code > MAX_LINE - 20 then
      complain(path, number, "a line of " .. width .. " characters")
    end
    if line:find("[ \t]$") then complain(path, number, "white space at the end of the line") end
    if line:find("\t") and not path:find("%.c$") then complain(path, number, "a tab") end
  end
end

local FORBIDDEN = {
  { "^import Foundation", "Foundation costs 60 MB and 7 ms of every start" },
  { "try!", "no try! on input" },
  { "fatalError", "precondition, with the reason" },
  { "TODO", "an issue, not a comment" },
  { "FIXME", "an issue, not a comment" },
}

local BAD_NAMES = { "Manager", "Helper", "Util", "Impl", "Base", "Common" }

local function checkSwift(path, all, order)
  if isRecorded(path) then return end
  local room = path:match("^Sources/([^/]+)/")
  for number, line in ipairs(all) do
    for _, rule in ipairs(FORBIDDEN) do
      if line:find(rule[1]) then complain(path, number, rule[2]) end
    end
    local imported = line:match("^import (%w+)") or line:match("^@testable import (%w+)")
    local place, own = order[imported or ""], order[room or ""]
    if imported and place and own and place >= own then
      complain(path, number, room .. " may not import " .. imported)
    end
    local kind, name = line:match("%f[%a](%a+) ([%u][%w]*)")
    if kind == "class" or kind == "struct" or kind == "enum" or kind == "protocol" then
      for _, bad in ipairs(BAD_NAMES) do
        if name:find(bad .. "$") then
          complain(path, number, "a name that says nothing: " .. name)
        end
      end
    end
  end
  local start, indent
  for number, line in ipairs(all) do
    local lead = line:match("^(%s*)[%w%s@]*func ") or line:match("^(%s*)[%w%s@]*init[?]?%(")
    if lead and line:find("{%s*$") and not start then start, indent = number, lead end
    if start and line == indent .. "}" then
      if number - start > MAX_FUNCTION then
        complain(path, start, "a function of " .. number - start .. " lines")
      end
      start = nil
    end
  end
  local documented = false
  for number, line in ipairs(all) do
    local declares = line:match("^%s*public [%w%s]*%f[%w](%w+)%f[%W]")
    if line:match("^public ") and line:find("func ") and not documented and room then
      complain(path, number, "a public declaration with no summary: " .. tostring(declares))
    end
    documented = line:find("^%s*///") ~= nil or (documented and line:find("^%s*@") ~= nil)
  end
end

local order = {}
for index, name in ipairs(ROOMS) do order[name] = index end
for _, path in ipairs(files("find Sources Tests -name '*.swift' | sort")) do
  local all = lines(path)
  checkShape(path, all)
  checkSwift(path, all, order)
end
local scripts = "find stdlib/moontide scripts Tests -name '*.lua'"
  .. " -not -path 'Tests/conformance/*' -not -path 'Tests/user/*' | sort"
for _, path in ipairs(files(scripts)) do
  checkShape(path, lines(path))
end
for _, path in ipairs(files("find Sources -name '*.c' -o -name '*.h' -o -name '*.cpp' | sort")) do
  checkShape(path, lines(path))
end
local lint = assert(
  io.popen "luacheck -q --codes --no-color stdlib/moontide scripts Tests/tidy Tests/docs")
local report = lint:read("a")
if not lint:close() then
  problems = problems + 1
  io.write(report)
end
print(problems == 0 and "tidy: 1 passed, 0 failed" or "tidy: " .. problems .. " problems")
os.exit(problems == 0)
