--- Temporary views and tables by name.
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local expression = require "moontide.expression"
local plan = require "moontide.plan"

local catalog = {}

-- Lower-cased name to { name, plan }. A change makes a new table, so that a query keeps the views
-- that were there when it was written.
local views = {}

local function changed(key, view)
  local copy = {}
  for name, kept in next, views do copy[name] = kept end
  copy[key] = view
  views = copy
  expression.useViews(views)
end

--- The views of the moment.
function catalog.views() return views end

function dataframe.methods:createOrReplaceTempView(name)
  check.text(name, check.argument("createOrReplaceTempView", 1))
  changed(name:lower(), { name = name, plan = dataframe.unwrap(self) })
end

function dataframe.methods:createTempView(name)
  catalog.createView({ name = check.text(name, check.argument("createTempView", 1)) }, self)
end

--- `CREATE TEMP VIEW`.
function catalog.createView(command, df)
  local key = command.name:lower()
  if views[key] and not command.replaces then
    if command.unlessThere then return end
    check.fail("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
      ("there is a view `%s` already"):format(command.name), "CREATE OR REPLACE TEMP VIEW")
  end
  changed(key, { name = command.name, plan = dataframe.unwrap(df) })
end

--- `DROP VIEW`.
function catalog.dropView(command)
  local key = command.name:lower()
  if views[key] then return changed(key, nil) end
  if command.ifThere then return end
  check.fail("TABLE_OR_VIEW_NOT_FOUND", ("there is no view `%s`"):format(command.name),
    "DROP VIEW IF EXISTS says nothing where there is none.")
end

local function known(name)
  local view = views[name:lower()]
  if view then return view end
  check.fail("TABLE_OR_VIEW_NOT_FOUND", ("there is no view `%s`"):format(name),
    "`df:createOrReplaceTempView(name)` makes one.")
end

--- `ALTER VIEW name RENAME TO other`.
function catalog.renameView(command)
  local view = known(command.name)
  local key = command.newName:lower()
  if views[key] then
    check.fail("TABLE_OR_VIEW_ALREADY_EXISTS",
      ("there is a view `%s` already"):format(command.newName), "Drop it first.")
  end
  changed(command.name:lower(), nil)
  changed(key, { name = command.newName, plan = view.plan })
end

--- `CACHE TABLE`: the rows of a view are kept.
function catalog.cache(name) dataframe.wrap(known(name).plan):persist() end

--- `UNCACHE TABLE`.
function catalog.uncache(command)
  if command.ifThere and not views[command.name:lower()] then return end
  dataframe.wrap(known(command.name).plan):unpersist()
end

--- `CLEAR CACHE`: of all views.
function catalog.clearCache()
  for _, view in next, views do dataframe.wrap(view.plan):unpersist() end
end

--- The DataFrame of a view or of a table that the engine keeps.
function catalog.table(name, fields)
  fields.name, fields.views = name, views
  return dataframe.wrap(plan.node("table", fields))
end

local Catalog = check.class "Catalog"
local methods = Catalog.methods
Catalog.__call = check.notCallable("catalog", "session.catalog")

--- The views and tables: a list of { name, isTemporary }, by name.
function methods.listTables()
  local out = {}
  for _, view in next, views do out[#out + 1] = { name = view.name, isTemporary = true } end
  for _, name in ipairs(engine.tables()) do
    if not views[name:lower()] then out[#out + 1] = { name = name, isTemporary = false } end
  end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

function methods.tableExists(_, name)
  check.text(name, check.argument("tableExists", 1))
  for _, entry in ipairs(methods.listTables()) do
    if entry.name:lower() == name:lower() then return true end
  end
  return false
end

--- The columns of a view or table: a list of { name, dataType, nullable }.
function methods.listColumns(_, name)
  check.text(name, check.argument("listColumns", 1))
  local df = catalog.table(name, { isStreaming = false })
  local out = {}
  for position, field in ipairs(df.schema.fields) do
    out[position] = {
      name = field.name, dataType = field.type:simpleString(), nullable = field.nullable,
    }
  end
  return out
end

--- Whether SQL text may call a function of that name.
function methods.functionExists(_, name)
  return engine.isFunction(check.text(name, check.argument("functionExists", 1)))
end

--- Removes a view; false where there was none.
function methods.dropTempView(_, name)
  local key = check.text(name, check.argument("dropTempView", 1)):lower()
  if not views[key] then return false end
  changed(key, nil)
  return true
end

catalog.object = setmetatable({}, Catalog)

return catalog
