--- What makes a DataFrame's plan cross into the engine: its schema, its rows, its explanation.
local F = require "moontide.functions"
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local types = getmetatable(require "moontide.types").internal

-- Bytes of rows that an iterator hands out before those that were not kept are let go.
local ROWS_HELD = 64 << 20

local methods, values = dataframe.methods, dataframe.values
local unwrap = dataframe.unwrap

-- Values

--- A list that says so when it is called.
local function list(elements, name)
  return setmetatable(elements, { __call = check.notCallable(name, "df." .. name) })
end

function values.schema(df)
  return types.fromEngine(engine.schema(unwrap(df)))
end

function values.columns(df)
  local names = {}
  for position, field in ipairs(values.schema(df).fields) do names[position] = field.name end
  return list(names, "columns")
end

function values.dtypes(df)
  local out = {}
  for position, field in ipairs(values.schema(df).fields) do
    out[position] = { field.name, field.type:simpleString() }
  end
  return list(out, "dtypes")
end

function values.isStreaming(df)
  return engine.isStreaming(unwrap(df))
end

-- Rows

function methods:collect()
  return engine.collect(unwrap(self))
end

function methods:take(count)
  check.integer(count, check.argument("take", 1), 0)
  return self:limit(count):collect()
end

--- The first row, or nil; with a number, a list of so many.
function methods:head(...)
  if select("#", ...) > 0 then return self:take((...)) end
  return self:limit(1):collect()[1]
end

function methods:first()
  return self:head()
end

function methods:isEmpty()
  return self:limit(1):collect()[1] == nil
end

function methods:count()
  local row = self:agg(F.count(F.lit(1)):alias "count"):head()
  -- `moontide check` runs nothing.
  return row and row[1] or 0
end

--- `for row in df:toLocalIterator() do`: row by row, without holding them all.
function methods:toLocalIterator()
  local cursor = engine.iterate(unwrap(self))
  local rows, position, held = {}, 0, 0
  local function nextRow()
    position = position + 1
    if rows and rawequal(rows[position], nil) then
      rows = nil
      -- To Lua a row is a few bytes, whatever columns it keeps alive.
      if held > ROWS_HELD and held > collectgarbage "count" * 1024 then
        collectgarbage()
        held = 0
      end
      local bytes
      rows, bytes = engine.nextRows(cursor)
      position, held = 1, held + (bytes or 0)
    end
    return rows and rows[position]
  end
  return nextRow
end

--- The last rows, as a list.
function methods:tail(count)
  check.integer(count, check.argument("tail", 1), 0)
  -- The last rows seen, the oldest overwritten first.
  local ring, seen = {}, 0
  if count == 0 then return ring end
  for row in self:toLocalIterator() do
    ring[seen % count + 1], seen = row, seen + 1
  end
  local rows = {}
  for place = math.max(0, seen - count), seen - 1 do rows[#rows + 1] = ring[place % count + 1] end
  return rows
end

--- Calls `fn` with each row, here in the script's own state.
function methods:foreach(fn)
  check.func(fn, check.argument("foreach", 1))
  for row in self:toLocalIterator() do fn(row) end
end

--- Prints the first rows as a table: `show()`, `show(5)`, `show(5, false)`,
-- `show { truncate = 40 }`.
function methods:show(...)
  local given = check.arguments("show", { "n", "truncate", "vertical" }, ...)
  local rows = check.integer(given.n or 20, "`n` of `show`", 0)
  local truncate = given.truncate
  if rawequal(truncate, nil) or truncate == true then truncate = 20 end
  if truncate == false then truncate = 0 end
  check.integer(truncate, "`truncate` of `show`", 0)
  local text = engine.show(unwrap(self), rows, truncate, given.vertical == true)
  print((text:gsub("\n$", "")))
end

-- Plans

local MODES = { "simple", "extended", "cost", "formatted" }

--- Prints the plan: `explain()`, `explain(true)`, `explain "extended"`.
function methods:explain(...)
  local given = check.arguments("explain", { "mode", "extended" }, ...)
  local mode = rawequal(given.mode, nil) and given.extended or given.mode
  if rawequal(mode, nil) or mode == false then mode = "simple" end
  if mode == true then mode = "extended" end
  mode = check.word(mode, MODES, check.argument("explain", 1))
  print((engine.explain(unwrap(self), mode)))
end

function methods:printSchema()
  print((engine.schemaTree(unwrap(self))))
end

--- Keeps the rows once computed, until `unpersist`.
function methods:persist()
  engine.persist(unwrap(self), unwrap(self).id)
  return self
end
methods.cache = methods.persist

function methods:unpersist()
  engine.unpersist(unwrap(self).id)
  return self
end
