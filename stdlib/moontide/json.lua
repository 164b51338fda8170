--- JSON text to Lua values and back. `null` is `moontide.null`.
local errors = require "moontide.error"
local null = require "moontide.native".null

local json = { null = null }

-- The deepest nesting of a text or value.
local DEPTH = 500

-- Lua cannot tell an empty list from an empty table, so an empty list that was read is marked.
local LIST = { __jsontype = "array" }

local find, sub, byte, char = string.find, string.sub, string.byte, string.char

---- Reading ---------------------------------------------------------------------------------

local function malformed(text, at, message)
  local line, start = 1, 1
  for position in text:sub(1, at - 1):gmatch "()\n" do line, start = line + 1, position + 1 end
  errors.raise {
    class = "MALFORMED_JSON",
    message = ("%s at line %d, column %d of the JSON text"):format(message, line, at - start + 1),
  }
end

local ESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}

local function unicode(text, at)
  local digits = text:match("^%x%x%x%x", at)
  if not digits then malformed(text, at, "\\u needs four hexadecimal digits") end
  return tonumber(digits, 16)
end

--- The string that begins behind the quote before `at`, and the place behind it.
local function readString(text, at)
  local from, pieces = at, nil
  while true do
    local stop = find(text, '["\\%c]', at)
    if not stop then malformed(text, from - 1, "a string without an end") end
    local mark = byte(text, stop)
    if mark == 34 then
      local rest = sub(text, at, stop - 1)
      if not pieces then return rest, stop + 1 end
      pieces[#pieces + 1] = rest
      return table.concat(pieces), stop + 1
    end
    if mark == 127 then
      -- DEL is a control character to Lua, and allowed in JSON.
      pieces = pieces or {}
      pieces[#pieces + 1] = sub(text, at, stop)
      at = stop + 1
    elseif mark ~= 92 then
      malformed(text, stop, "a control character in a string")
    else
      pieces = pieces or {}
      pieces[#pieces + 1] = sub(text, at, stop - 1)
      local letter = sub(text, stop + 1, stop + 1)
      at = stop + 2
      if letter == "u" then
        local code = unicode(text, at)
        at = at + 4
        if code >= 0xD800 and code < 0xDC00 and sub(text, at, at + 1) == "\\u" then
          local low = unicode(text, at + 2)
          if low >= 0xDC00 and low < 0xE000 then
            code = 0x10000 + (code - 0xD800 << 10) + (low - 0xDC00)
            at = at + 6
          end
        end
        -- Half a surrogate pair is no character.
        if code >= 0xD800 and code < 0xE000 then code = 0xFFFD end
        pieces[#pieces + 1] = utf8.char(code)
      else
        pieces[#pieces + 1] = ESCAPES[letter] or malformed(text, stop, "an unknown escape")
      end
    end
  end
end

local function readNumber(text, at)
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  local digits = number and number:match "^-?(%d+)"
  local rest = number and number:sub((number:find "[%.eE]") or #number + 1)
  local isNumber = number and not digits:find "^0%d"
    and (rest == "" or rest:find "^%.%d+$" or rest:find "^[eE][+-]?%d+$"
      or rest:find "^%.%d+[eE][+-]?%d+$")
  if not isNumber then malformed(text, at, "no value") end
  return tonumber(number), at + #number
end

local readValue

local function skip(text, at) return find(text, "[^ \t\r\n]", at) or #text + 1 end

local function readList(text, at, depth)
  local list, count = {}, 0
  at = skip(text, at)
  if byte(text, at) == 93 then return setmetatable(list, LIST), at + 1 end
  while true do
    count = count + 1
    list[count], at = readValue(text, at, depth)
    at = skip(text, at)
    local mark = byte(text, at)
    if mark == 93 then return list, at + 1 end
    if mark ~= 44 then malformed(text, at, "`,` or `]` expected") end
    at = skip(text, at + 1)
  end
end

local function readObject(text, at, depth)
  local object = {}
  at = skip(text, at)
  if byte(text, at) == 125 then return object, at + 1 end
  while true do
    if byte(text, at) ~= 34 then malformed(text, at, "a name in quotes expected") end
    local name
    name, at = readString(text, at + 1)
    at = skip(text, at)
    if byte(text, at) ~= 58 then malformed(text, at, "`:` expected") end
    object[name], at = readValue(text, skip(text, at + 1), depth)
    at = skip(text, at)
    local mark = byte(text, at)
    if mark == 125 then return object, at + 1 end
    if mark ~= 44 then malformed(text, at, "`,` or `}` expected") end
    at = skip(text, at + 1)
  end
end

local WORDS = { ["true"] = true, ["false"] = false, null = null }

function readValue(text, at, depth)
  local mark = byte(text, at)
  if mark == 34 then return readString(text, at + 1) end
  if mark == 123 or mark == 91 then
    if depth >= DEPTH then malformed(text, at, "nested deeper than " .. DEPTH .. " levels") end
    return (mark == 123 and readObject or readList)(text, at + 1, depth + 1)
  end
  local word = text:match("^%a+", at)
  if word and WORDS[word] ~= nil then return WORDS[word], at + #word end
  return readNumber(text, at)
end

--- The value of a JSON text. Numbers without fraction or exponent are integers where 64 bits hold
-- them; `null` is `json.null`.
function json.decode(text)
  if type(text) ~= "string" then
    local message = "JSON text should be a string, not " .. type(text)
    errors.raise { class = "MALFORMED_JSON", message = message }
  end
  local value, at = readValue(text, skip(text, 1), 0)
  at = skip(text, at)
  if at <= #text then malformed(text, at, "text behind the value") end
  return value
end

---- Writing ---------------------------------------------------------------------------------

local QUOTED = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for code = 0, 31 do
  QUOTED[char(code)] = QUOTED[char(code)] or ("\\u%04x"):format(code)
end

local function quote(text) return '"' .. text:gsub('[%c"\\]', QUOTED) .. '"' end

local function refuse(message)
  errors.raise { class = "NOT_JSON", message = message }
end

local function writeNumber(number)
  if math.type(number) == "integer" then return ("%d"):format(number) end
  if number ~= number or number == math.huge or number == -math.huge then
    refuse("JSON has no number " .. tostring(number))
  end
  -- The shortest text that reads back as the same number.
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(number)
    if tonumber(text) == number then return text:find "[%.e]" and text or text .. ".0" end
  end
end

local write

local function writeList(list, count, out, depth)
  out[#out + 1] = "["
  for i = 1, count do
    if i > 1 then out[#out + 1] = "," end
    write(list[i], out, depth)
  end
  out[#out + 1] = "]"
end

local function writeObject(names, values, out, depth)
  out[#out + 1] = "{"
  for i, name in ipairs(names) do
    out[#out + 1] = (i > 1 and "," or "") .. quote(name) .. ":"
    write(values[name], out, depth)
  end
  out[#out + 1] = "}"
end

local function writeTable(value, out, depth)
  local count, names, values = 0, {}, {}
  for key, element in next, value do
    count = count + 1
    if math.type(key) == "integer" or type(key) == "string" then
      local name = tostring(key)
      if values[name] ~= nil then refuse("two keys of a table read `" .. name .. "` in JSON") end
      names[count], values[name] = name, element
    else
      refuse("a key of the type " .. type(key) .. " has no place in JSON")
    end
  end
  local metatable = getmetatable(value)
  local isEmptyList = count == 0 and type(metatable) == "table"
    and rawget(metatable, "__jsontype") == "array"
  if isEmptyList or count > 0 and rawlen(value) == count then
    return writeList(value, count, out, depth)
  end
  -- Sorted, so that the same value gives the same text.
  table.sort(names)
  writeObject(names, values, out, depth)
end

local function writeRow(row, out, depth)
  local names, values = {}, {}
  for name, value in pairs(row) do
    if values[name] == nil then names[#names + 1] = name end
    if value == nil then value = null end
    values[name] = value
  end
  writeObject(names, values, out, depth)
end

function write(value, out, depth)
  local kind = type(value)
  if kind == "string" then out[#out + 1] = quote(value)
  elseif kind == "number" then out[#out + 1] = writeNumber(value)
  elseif kind == "boolean" then out[#out + 1] = tostring(value)
  elseif value == nil or value == null then out[#out + 1] = "null"
  elseif depth >= DEPTH then refuse("a value is nested deeper than " .. DEPTH .. " levels")
  elseif kind == "table" then writeTable(value, out, depth + 1)
  elseif kind == "userdata" and #value then writeRow(value, out, depth + 1)
  else refuse("a value of the type " .. kind .. " has no place in JSON") end
end

--- The JSON text of a value: tables with the keys 1…n are lists, others objects, their names
-- sorted; a row is an object in the order of its columns.
function json.encode(value)
  local out = {}
  write(value, out, 0)
  return table.concat(out)
end

return json
