-- What the tests of the stdlib need of an engine: Specs of a few functions, suggestions, a schema.
local engine = { requests = {} }

local function parameter(name, kind, default)
  return { name = name, kind = kind, default = default }
end

local function spec(name, minimum, parameters, fields)
  fields = fields or {}
  fields.name, fields.minimum, fields.parameters = name, minimum, parameters
  return fields
end

function engine.functionSpecs()
  local c, v, t = "column", "value", "text"
  return {
    spec("upper", 1, { parameter("str", c) }, { aliases = { "ucase" } }),
    spec("count", 1, { parameter("expr", c) }, { variadic = true }),
    spec("sum", 1, { parameter("expr", c) }, { kind = "aggregate" }),
    spec("mean", 1, { parameter("expr", c) }),
    spec("stddev", 1, { parameter("expr", c) }),
    spec("min", 1, { parameter("expr", c) }),
    spec("max", 1, { parameter("expr", c) }),
    spec("inline", 1, { parameter("expr", c) }),
    spec("coalesce", 1, { parameter("expr", c) }, { variadic = true }),
    spec("struct", 1, { parameter("col", c) }, { variadic = true }),
    spec("array", 0, { parameter("col", c) }, { variadic = true }),
    spec("lpad", 2, {
      parameter("str", c), parameter("len", "integer"), parameter("pad", t, "' '"),
    }),
    spec("repeat", 2, { parameter("str", c), parameter("n", "integer") }),
    spec("split", 2, {
      parameter("str", c), parameter("regex", v), parameter("limit", "integer", "-1"),
    }),
    spec("from_json", 2, {
      parameter("json", c), parameter("schema", "type"), parameter("options", "table", ""),
    }),
    spec("window", 2, {
      parameter("timeColumn", c), parameter("windowDuration", "duration"),
      parameter("slideDuration", "duration", "windowDuration"),
      parameter("startTime", "duration", "'0 seconds'"),
    }),
    spec("transform", 2, { parameter("expr", c), parameter("func", "function") }),
    spec("aggregate", 3, {
      parameter("expr", c), parameter("start", c), parameter("merge", "function"),
      parameter("finish", "function", ""),
    }),
    spec("rank", 0, {}),
  }
end

local function edits(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local replace = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
      diagonal = row[j]
      row[j] = math.min(replace, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

function engine.suggest(word, names)
  local best, least
  for _, name in ipairs(names) do
    local distance = edits(word:lower(), name:lower())
    if not least or distance < least then best, least = name, distance end
  end
  return best and least <= math.max(2, #word // 3) and "Did you mean `" .. best .. "`?" or nil
end

local function field(name, text) return { name = name, nullable = true, type = text } end

function engine.schema()
  return {
    kind = "struct",
    fields = {
      field("k", { kind = "simple", text = "STRING" }),
      field("v", { kind = "simple", text = "INT" }),
      field("d", { kind = "simple", text = "DOUBLE" }),
      field("xs", { kind = "array", element = { kind = "simple", text = "STRING" } }),
    },
  }
end

function engine.isStreaming() return false end

local settings = {}
function engine.configure(options) engine.configured = options end
function engine.getSetting(name) return settings[name] end
function engine.setSetting(name, value) settings[name] = value end
function engine.unsetSetting(name) settings[name] = nil end
function engine.tables() return { "counts" } end
function engine.version() return "test" end
function engine.registerFunction(name, definition) engine.registered = { name, definition } end
function engine.localRows(rows) return { rows = rows } end
function engine.memoryStream(schema) return { schema = schema } end
function engine.addData(stream, rows) stream.rows = rows end
function engine.sqlCommand() return nil end
function engine.collect() return engine.rows or {} end
function engine.show() return "shown" end
function engine.start(plan, request)
  engine.started = { plan = plan, request = request }
  return engine.started
end
function engine.write(plan, request) engine.written = { plan = plan, request = request } end
function engine.queryValue(_, name) return name .. " of the query" end
function engine.awaitQuery(_, seconds) return seconds ~= nil or nil end
function engine.declareSource(source) engine.source = source end
function engine.declareSink(sink) engine.sink = sink end

return engine
