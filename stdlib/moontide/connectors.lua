--- Sources and sinks written in Lua: `moontide.source { name =, read =, … }`.
local check = require "moontide.check"
local engine = require "moontide.engine"
local origin = require "moontide.origin"

local connectors = {}

-- Which members each has, and which it cannot do without.
local SOURCE = {
  order = {
    "name", "options", "schema", "initialOffset", "latestOffset", "read", "commit", "close",
  },
  required = { "schema", "initialOffset", "latestOffset", "read" },
  functions = { "schema", "initialOffset", "latestOffset", "read", "commit", "close" },
}
local SINK = {
  order = { "name", "options", "modes", "open", "write", "commit", "abort", "close" },
  required = { "write" },
  functions = { "open", "write", "commit", "abort", "close" },
}

local function declare(kind, rules, declaration)
  if not check.isKeywords(declaration) then
    check.refuse(check.argument(kind, 1), "a table", declaration)
  end
  check.knownKeys(declaration, rules.order, "a " .. kind)
  check.text(declaration.name, "`name` of the " .. kind)
  local what = ("of the %s `%s`"):format(kind, declaration.name)
  for _, name in ipairs(rules.required) do
    check.func(declaration[name], "`" .. name .. "` " .. what)
  end
  for _, name in ipairs(rules.functions) do
    if not rawequal(declaration[name], nil) then
      check.func(declaration[name], "`" .. name .. "` " .. what)
    end
  end
  local kept = {}
  for name, value in next, declaration do kept[name] = value end
  kept.origin = origin.here()
  return kept, what
end

-- The options that the source takes: a list of names.
local function optionNames(declaration, what)
  if rawequal(declaration.options, nil) then return {} end
  if not check.isList(declaration.options) then
    check.refuse("`options` " .. what, "a list of names", declaration.options)
  end
  return check.names("options", declaration.options)
end

function connectors.source(declaration)
  local source, what = declare("source", SOURCE, declaration)
  source.options = optionNames(source, what)
  engine.declareSource(source)
end

local MODES = { "append", "update", "complete" }

function connectors.sink(declaration)
  local sink, what = declare("sink", SINK, declaration)
  sink.options = optionNames(sink, what)
  sink.modes = rawequal(sink.modes, nil) and { "append" } or sink.modes
  if not check.isList(sink.modes) then check.refuse("`modes` " .. what, "a list", sink.modes) end
  for position, mode in ipairs(sink.modes) do
    sink.modes[position] = check.word(mode, MODES, "a mode " .. what)
  end
  engine.declareSink(sink)
end

return connectors
