--- What readers and writers have in common: they are immutable, and carry a format and options.
local check = require "moontide.check"

local options = {}

--- A builder class: `with` makes a changed copy, and calling a builder shows how it is spelt.
function options.class(name, example)
  local Builder = check.class(name)
  local FIELDS = {}
  Builder.__call = check.notCallable(example:match "%.(%w+)", example)

  local function with(self, changes)
    local fields = {}
    for key, value in next, self and rawget(self, FIELDS) or { options = {} } do
      fields[key] = value
    end
    for key, value in next, changes do fields[key] = value end
    return setmetatable({ [FIELDS] = fields }, Builder)
  end

  local function read(self) return rawget(self, FIELDS) end
  return Builder, with, read
end

-- Engines read options as text.
local function text(value, what)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" or kind == "boolean" then return tostring(value) end
  check.refuse(what, "a string, a number or a boolean", value)
end

--- A changed copy of an option table; names do not differ by case.
function options.set(old, changes)
  local new = {}
  for name, value in next, old do new[name] = value end
  for _, name in ipairs(check.sortedKeys(changes)) do
    check.text(name, "an option's name")
    for known in next, old do
      if known:lower() == name:lower() then new[known] = nil end
    end
    new[name] = text(changes[name], "the option `" .. name .. "`")
  end
  return new
end

--- Gives a builder class `format`, `option` and `options`.
function options.install(methods, with, read)
  function methods:format(name)
    return with(self, { format = check.text(name, check.argument("format", 1)) })
  end

  function methods:option(...)
    local given = check.arguments("option", { "key", "value" }, ...)
    local key = check.text(given.key, check.argument("option", 1))
    if rawequal(given.value, nil) then
      check.refuse(check.argument("option", 2), "a value", nil)
    end
    return with(self, { options = options.set(read(self).options, { [key] = given.value }) })
  end

  function methods:options(map)
    if type(map) ~= "table" or next(map) ~= nil and not check.isKeywords(map) then
      check.refuse(check.argument("options", 1), "a table of options by name", map)
    end
    return with(self, { options = options.set(read(self).options, map) })
  end
end

--- The formats that have a method of their own: `:json(path)`.
options.FILE_FORMATS = { "json", "csv", "text", "parquet", "orc" }

return options
