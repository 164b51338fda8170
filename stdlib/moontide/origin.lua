--- The line of the user's script behind an API call: the user's own frame nearest to it.
local getinfo = debug.getinfo

local origin = {}

-- Where the script last fetched a method or a column. `return df:select("x")` is a tail call, which
-- wipes the script's frame off the stack before `select` runs; the fetch of `select` came earlier.
local last

local function isOurs(source)
  return source == "=[C]" or source:sub(1, 9) == "=moontide"
end

local function text(info)
  local source = info.source
  local file = source:sub(1, 1) == "@" and source:sub(2) or info.short_src
  return file .. ":" .. info.currentline
end

--- Remembers the script line that is indexing one of our objects: for `__index` functions only.
function origin.note()
  local info = getinfo(3, "Slf")
  if info and not isOurs(info.source) then last = info end
end

--- `file:line` of the script's call into the API, or nil where there is none.
function origin.here()
  local level = 2
  local entered -- the outermost of our own frames
  local info = getinfo(level, "Slft")
  while info and isOurs(info.source) do
    entered = info
    level = level + 1
    info = getinfo(level, "Slft")
  end
  if last and (not info or entered and entered.istailcall and info.func ~= last.func) then
    return text(last)
  end
  return info and text(info)
end

--- `file:line` where a function was written.
function origin.ofFunction(fn)
  local info = getinfo(fn, "S")
  local source = info.source
  local file = source:sub(1, 1) == "@" and source:sub(2) or info.short_src
  return file .. ":" .. info.linedefined
end

return origin
