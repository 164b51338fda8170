--- The session: where every DataFrame begins.
local catalog = require "moontide.catalog"
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local column = require "moontide.column"
local memoryStream = require "moontide.memory_stream"
local plan = require "moontide.plan"
local reader = require "moontide.reader"
local streams = require "moontide.streams"
local types = getmetatable(require "moontide.types").internal
local userFunction = require "moontide.user_function"

-- Settings

local Conf = check.class "RuntimeConfig"
Conf.__call = check.notCallable("conf", "session.conf")

local function settingText(value, what)
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return check.text(value, what)
end

function Conf.methods.get(_, name)
  return engine.getSetting(check.text(name, check.argument("get", 1)))
end

function Conf.methods.set(_, name, value)
  check.text(name, check.argument("set", 1))
  engine.setSetting(name, settingText(value, check.argument("set", 2)))
end

function Conf.methods.unset(_, name)
  engine.unsetSetting(check.text(name, check.argument("unset", 1)))
end

local conf = setmetatable({}, Conf)

-- Functions for SQL text

local Registration = check.class "UDFRegistration"
Registration.__call = check.notCallable("udf", "session.udf")

--- Makes a function known to SQL text; returns it for use on Columns.
function Registration.methods.register(_, ...)
  local given = check.arguments("register", { "name", "f", "returnType" }, ...)
  local name = check.text(given.name, check.argument("register", 1))
  local fn = given.f
  if not userFunction.definition(fn) then fn = userFunction.udf(fn, given.returnType) end
  engine.registerFunction(name, userFunction.named(fn, name))
  return fn
end

local registration = setmetatable({}, Registration)

-- The session itself

local values = {
  read = reader.batch,
  readStream = reader.stream,
  conf = function() return conf end,
  udf = function() return registration end,
  catalog = function() return catalog.object end,
  streams = function() return streams end,
  version = function() return engine.version() end,
}

local Session = check.class("Session", values)
local methods = Session.methods
local object = setmetatable({}, Session)

local function noRows()
  return dataframe.wrap(plan.node("localRows", { rows = engine.localRows({}, "result STRING") }))
    :select()
end

-- Statements that change the session are carried out at once; nil: the text is none of them.
local command
function command(text, named, listed)
  local found = engine.sqlCommand(text)
  if not found then return nil end
  if found.kind == "createView" then
    local df = dataframe.wrap(plan.node("sql", {
      text = found.query, named = named, listed = listed, views = catalog.views(),
    }))
    if #found.columns > 0 then df = df:toDF(table.unpack(found.columns)) end
    -- A query that cannot be is an error here, not where the view is used.
    local _ = df.schema
    catalog.createView(found, df)
  elseif found.kind == "reset" then
    if found.name then engine.unsetSetting(found.name) else engine.resetSettings() end
  elseif found.kind == "set" or found.kind == "show" then
    if found.kind == "set" then engine.setSetting(found.name, found.value) end
    local rows = engine.settings()
    if found.name then rows = { { found.name, engine.getSetting(found.name) } } end
    local schema = "key STRING NOT NULL, value STRING NOT NULL"
    if found.isVerbose then
      schema = schema .. ", meaning STRING NOT NULL"
    else
      for _, row in ipairs(rows) do row[3] = nil end
    end
    return dataframe.wrap(plan.node("localRows", { rows = engine.localRows(rows, schema) }))
  elseif found.kind == "cache" then
    if found.query then
      command(("CREATE TEMP VIEW `%s` AS %s"):format(found.name, found.query), named, listed)
    end
    catalog.cache(found.name)
  elseif found.kind ~= "nothing" then
    catalog[found.kind](found)
  end
  return noRows()
end

--- A query as text; `args` fills its named (`:name`) or its positional (`?`) markers.
function methods.sql(_, text, args)
  check.text(text, check.argument("sql", 1))
  local named, listed
  if check.isKeywords(args) then
    named = {}
    for name, value in next, args do
      named[name] = column.value(value, "the argument `" .. name .. "` of `sql`")
    end
  elseif check.isList(args) then
    listed = {}
    for position = 1, #args do
      listed[position] = column.value(args[position], "marker " .. position .. " of `sql`")
    end
  elseif not rawequal(args, nil) then
    check.refuse(check.argument("sql", 2), "a table or a list of values", args)
  end
  return command(text, named, listed) or dataframe.wrap(plan.node("sql", {
    text = text, named = named, listed = listed, views = catalog.views(),
  }))
end

function methods.table(_, name)
  return catalog.table(check.text(name, check.argument("table", 1)), { isStreaming = false })
end

--- Integers in a column `id`: `range(n)` from 0, `range(start, end [, step])`; `end` is left out.
function methods.range(_, ...)
  local given, present = check.arguments("range", { "start", "end", "step" }, ...)
  local first, last = given.start, given["end"]
  if not present["end"] then first, last = 0, given.start end
  local step = check.integer(present.step and given.step or 1, "`step` of `range`")
  if step == 0 then check.fail("VALUE_NOT_ALLOWED", "`step` of `range` cannot be 0") end
  return dataframe.wrap(plan.node("range", {
    start = check.integer(first, "`start` of `range`"),
    ["end"] = check.integer(last, "`end` of `range`"),
    step = step,
  }))
end

--- Rows of the script's own, each a list or a table by column name.
function methods.createDataFrame(_, ...)
  local given = check.arguments("createDataFrame", { "data", "schema" }, ...)
  if not check.isList(given.data) then
    check.refuse(check.argument("createDataFrame", 1), "a list of rows", given.data)
  end
  local schema = types.text(given.schema, check.argument("createDataFrame", 2))
  local rows = engine.localRows(given.data, schema)
  return dataframe.wrap(plan.node("localRows", { rows = rows }))
end

function methods.memoryStream(_, schema)
  return (memoryStream(types.text(schema, check.argument("memoryStream", 1))))
end

--- Stops every query; the session itself stays usable.
function methods.stop()
  engine.stopAll()
end

local session = {}

local BUILDER = { "appName", "conf", "master" }

-- Threads of `local[4]`, `local[*]`, `local`; nil: all cores.
local function threads(master)
  local count = check.text(master, "`master`"):match "^local%[(%d+)%]$"
  if master == "local" then return 1 end
  if master == "local[*]" then return nil end
  if not count or tonumber(count) < 1 then
    check.fail("UNSUPPORTED_FEATURE", "there is no master `" .. master .. "`",
      "Moontide runs in one process: `local[N]` with N threads, or `local[*]`.")
  end
  return math.tointeger(tonumber(count))
end

--- Gets or makes the session: `moontide.session { appName =, conf =, master = }`.
function session.get(settings)
  if rawequal(settings, nil) then settings = {} end
  if type(settings) ~= "table" then
    check.refuse(check.argument("session", 1), "a table", settings)
  end
  check.knownKeys(settings, BUILDER, "`session`")
  local name = settings.appName and check.text(settings.appName, "`appName`")
  local count = settings.master and threads(settings.master)
  engine.configure({ appName = name, threads = count })
  if not rawequal(settings.conf, nil) then
    if type(settings.conf) ~= "table" then check.refuse("`conf`", "a table", settings.conf) end
    for _, key in ipairs(check.sortedKeys(settings.conf)) do
      conf:set(key, settings.conf[key])
    end
  end
  return object
end

return session
