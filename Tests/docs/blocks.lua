-- Runs every ```lua block of README.md and docs/: each is a whole script, run in a folder of its
-- own that holds a copy of scripts/examples/data. A ```text block right behind it is its output.
-- A ```lua fragment block is only compiled: it leans on names that the text around it gives.
local binary = arg[1]

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  return text, pipe:close()
end

local function blocks(text)
  local found, line = {}, 0
  local current
  for row in (text .. "\n"):gmatch("(.-)\n") do
    line = line + 1
    local fence = row:match("^```(.*)$")
    if current and fence == "" then
      current.body = table.concat(current.rows, "\n") .. "\n"
      found[#found + 1] = current
      current = nil
    elseif not current and fence then
      current = { kind = fence, line = line, rows = {} }
    elseif current then
      current.rows[#current.rows + 1] = row
    end
  end
  return found
end

local function trimmed(text) return (text:gsub("[ \t]+\n", "\n"):gsub("%s+$", "")) end

local function runBlock(name, block, expected)
  local dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir -p " .. dir .. " && cp -r scripts/examples/data " .. dir))
  local file = assert(io.open(dir .. "/script.lua", "wb"))
  file:write(block.body)
  file:close()
  local run = "timeout 60 " .. binary .. " run script.lua 2>&1 </dev/null"
  local output, ok = capture("cd " .. dir .. " && " .. run)
  os.execute("rm -rf " .. dir)
  if expected then
    if trimmed(output) == trimmed(expected.body) then return true end
    return false, name .. ": the output differs; it is\n" .. output
  end
  return ok, name .. ": " .. output
end

local passed, failed = 0, 0
local list = capture("ls README.md docs/*.md docs/guide/*.md docs/internals/*.md 2>/dev/null")
for path in list:gmatch("[^\n]+") do
  local all = blocks(slurp(path))
  for index, block in ipairs(all) do
    local name = path .. ":" .. block.line
    local ok, why = true, nil
    if block.kind == "lua fragment" then
      ok, why = load(block.body, "=" .. name)
    elseif block.kind == "lua" then
      local after = all[index + 1]
      ok, why = runBlock(name, block, after and after.kind == "text" and after or nil)
    end
    if ok then passed = passed + 1 else failed = failed + 1; print(why) end
  end
end
print(string.format("documentation blocks: %d passed, %d failed", passed, failed))
os.exit(failed == 0)
