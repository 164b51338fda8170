--- Checks of what a script hands to the API, and the errors they raise.
local engine = require "moontide.engine"
local errors = require "moontide.error"
local null = require "moontide.native".null
local origin = require "moontide.origin"

local check = {}

--- Raises an error table that points at the script's line.
function check.fail(class, message, hint)
  errors.raise { class = class, message = message, hint = hint, where = origin.here() }
end
local fail = check.fail

--- "a number", "nil", "a DataFrame": for messages.
function check.describe(value)
  if rawequal(value, nil) then return "nil" end
  if rawequal(value, null) then return "moontide.null" end
  local metatable = getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  name = type(name) == "string" and name or math.type(value) or type(value)
  if name == "string" then return "the string `" .. value .. "`" end
  if name == "boolean" then return "the boolean " .. tostring(value) end
  return (name:find "^[AEIOaeiou]" and "an " or "a ") .. name
end
local describe = check.describe

--- Refuses an argument: `what` is "argument 2 of `limit`".
function check.refuse(what, expected, value)
  local hint = rawequal(value, nil) and "A misspelt variable is nil in Lua." or nil
  fail("NOT_EXPECTED_TYPE", what .. " should be " .. expected .. ", not " .. describe(value), hint)
end
local refuse = check.refuse

--- "argument 2 of `limit`".
function check.argument(method, position)
  return "argument " .. position .. " of `" .. method .. "`"
end

--- A string, or an error.
function check.text(value, what)
  if type(value) ~= "string" then refuse(what, "a string", value) end
  return value
end

--- An integer (a float with an integral value counts), at least `minimum`, or an error.
function check.integer(value, what, minimum)
  local integer = type(value) == "number" and math.tointeger(value)
  if not integer then refuse(what, "an integer", value) end
  if minimum and integer < minimum then
    fail("VALUE_OUT_OF_BOUND", what .. " should be at least " .. minimum .. ", not " .. integer)
  end
  return integer
end

function check.number(value, what)
  if type(value) ~= "number" then refuse(what, "a number", value) end
  return value
end

function check.boolean(value, what)
  if type(value) ~= "boolean" then refuse(what, "true or false", value) end
  return value
end

function check.func(value, what)
  if type(value) ~= "function" then refuse(what, "a function", value) end
  return value
end

--- A duration is text; a bare number has no unit.
function check.duration(value, what)
  if type(value) == "number" then
    fail("NOT_EXPECTED_TYPE", what .. " should be a duration as text, not " .. describe(value),
      ('Durations carry their unit, for example "%s seconds".'):format(value))
  end
  return check.text(value, what)
end

-- A table of the script's own; `json.decode` marks its empty lists.
local function isPlain(value)
  if type(value) ~= "table" then return false end
  local metatable = getmetatable(value)
  return metatable == nil or type(metatable) == "table" and rawget(metatable, "__jsontype") ~= nil
end

--- A plain table with string keys only: keyword arguments.
function check.isKeywords(value)
  if not isPlain(value) or next(value) == nil then return false end
  for key in next, value do
    if type(key) ~= "string" then return false end
  end
  return true
end

--- A plain table that is a list (an empty table is one).
function check.isList(value)
  return isPlain(value) and (next(value) == nil or #value > 0)
end

--- The keys of a table that are strings, in order: Lua's own order changes from run to run.
function check.sortedKeys(map)
  local keys = {}
  for key in next, map do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- "Did you mean `a`?" or nil.
function check.suggestion(word, names)
  if type(word) ~= "string" then return nil end
  return engine.suggest(word, names)
end

--- Refuses a key that is none of `names`; `owner` is "the trigger", "`dropna`".
function check.knownKeys(map, names, owner)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for key in next, map do
    if not known[key] then
      fail("UNEXPECTED_KEYWORD_ARGUMENT", ("%s has no `%s`"):format(owner, tostring(key)),
        check.suggestion(key, names) or "It has: " .. table.concat(names, ", ") .. ".")
    end
  end
end

--- The arguments of a call by name: given by position, or by a table of keywords in last place.
-- `given[name]` is true for an argument that was passed, be it nil.
function check.arguments(method, names, ...)
  local count, values, given = select("#", ...), {}, {}
  local last = count > 0 and (select(count, ...)) or nil
  if check.isKeywords(last) then
    check.knownKeys(last, names, "`" .. method .. "`")
    count = count - 1
    for name, value in next, last do values[name], given[name] = value, true end
  end
  if count > #names then
    fail("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
      ("`%s` takes at most %d argument%s, not %d"):format(
        method, #names, #names == 1 and "" or "s", count))
  end
  for position = 1, count do
    local name = names[position]
    if given[name] then
      fail("DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE",
        ("`%s` got its argument `%s` twice"):format(method, name))
    end
    values[name], given[name] = (select(position, ...)), true
  end
  return values, given
end

--- `f(a, b)` and `f { a, b }` are the same: the list, and how many there are.
function check.spread(...)
  local count = select("#", ...)
  if count == 1 and check.isList((...)) then
    local list = ...
    return list, #list
  end
  return { ... }, count
end

--- A list of strings, from varargs or from one list.
function check.names(method, ...)
  local list, count = check.spread(...)
  for position = 1, count do check.text(list[position], check.argument(method, position)) end
  return list
end

--- Refuses an unknown word of a closed set, matched without regard to case.
function check.word(value, words, what, class)
  local text = check.text(value, what):lower()
  for _, word in ipairs(words) do
    if word:lower() == text then return word end
  end
  fail(class or "VALUE_NOT_ALLOWED", ("%s cannot be `%s`"):format(what, value),
    check.suggestion(value, words) or "It is one of: " .. table.concat(words, ", ") .. ".")
end

--- Makes calling a value (`df:writeStream()`) an error that shows the right spelling.
function check.notCallable(name, example)
  return function()
    fail("ATTRIBUTE_NOT_CALLABLE", "`" .. name .. "` is a value, not a method",
      "Write `" .. example .. "`, without parentheses.")
  end
end

--- Raises for a method that a class lacks.
function check.noMethod(class, key, methods)
  fail("ATTRIBUTE_NOT_SUPPORTED", ("a %s has no `%s`"):format(class, tostring(key)),
    check.suggestion(key, check.sortedKeys(methods)))
end

--- Makes a class whose objects only have methods: `values[key](self)` are computed ones.
function check.class(name, values)
  local class = { __name = name, methods = {} }
  function class.__index(self, key)
    origin.note()
    local method = class.methods[key]
    if method then return method end
    local value = values and values[key]
    if value then return value(self) end
    local all = {}
    for known in next, class.methods do all[known] = true end
    for known in next, values or all do all[known] = true end
    check.noMethod(name, key, all)
  end
  function class.__tostring() return name end
  return class
end

return check
