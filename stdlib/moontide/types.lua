--- Data types: constructors, and the types that `df.schema` shows.
local check = require "moontide.check"

local Type = { __name = "type" }
local methods = {}

function Type.__index(_, key)
  return methods[key]
end

local function quoted(name)
  if name:find "^[%a_][%w_]*$" then return name end
  return "`" .. name:gsub("`", "``") .. "`"
end

local function isType(value)
  return type(value) == "table" and getmetatable(value) == Type
end

-- A type given as text is kept as it is: the engine reads it.
local function asType(value, what)
  if isType(value) then return value end
  if type(value) == "string" then return setmetatable({ kind = "text", text = value }, Type) end
  check.refuse(what, "a type or its DDL text", value)
end

local function fieldList(fields, separator)
  local out = {}
  for i, field in ipairs(fields) do
    out[i] = quoted(field.name) .. separator .. field.type:ddl()
      .. (field.nullable and "" or " NOT NULL")
  end
  return table.concat(out, ", ")
end

--- The type as it stands inside another: `ARRAY<STRING>`, `STRUCT<x: DOUBLE>`.
function methods:ddl()
  if self.kind == "array" then return "ARRAY<" .. self.element:ddl() .. ">" end
  if self.kind == "map" then
    return "MAP<" .. self.key:ddl() .. ", " .. self.value:ddl() .. ">"
  end
  if self.kind == "struct" then return "STRUCT<" .. fieldList(self.fields, ": ") .. ">" end
  return self.text
end

--- Spark's short lower-case spelling: `array<string>`, `struct<x:double>`.
function methods:simpleString()
  if self.kind == "array" then return "array<" .. self.element:simpleString() .. ">" end
  if self.kind == "map" then
    return "map<" .. self.key:simpleString() .. "," .. self.value:simpleString() .. ">"
  end
  if self.kind ~= "struct" then return self.text:lower() end
  local out = {}
  for i, field in ipairs(self.fields) do
    out[i] = field.name .. ":" .. field.type:simpleString()
  end
  return "struct<" .. table.concat(out, ",") .. ">"
end

--- A struct with one field more; the struct itself is not changed.
function methods:add(name, fieldType, nullable)
  if self.kind ~= "struct" then
    check.fail("UNSUPPORTED_OPERATION", "`add` is for a struct, not for " .. tostring(self))
  end
  local fields = table.move(self.fields, 1, #self.fields, 1, {})
  fields[#fields + 1] = {
    name = check.text(name, check.argument("add", 1)),
    type = asType(fieldType, check.argument("add", 2)),
    nullable = nullable ~= false,
  }
  return setmetatable({ kind = "struct", fields = fields }, Type)
end

function Type:__tostring()
  if self.kind == "struct" then return fieldList(self.fields, " ") end
  return self:ddl()
end

function Type.__eq(a, b)
  return isType(a) and isType(b) and a:simpleString() == b:simpleString()
end

Type.__call = check.notCallable("schema", "df.schema")

local T = {}

local function simple(text) return setmetatable({ kind = "simple", text = text }, Type) end

T.boolean = simple "BOOLEAN"
T.byte = simple "TINYINT"
T.short = simple "SMALLINT"
T.int = simple "INT"
T.integer = T.int
T.long = simple "BIGINT"
T.float = simple "FLOAT"
T.double = simple "DOUBLE"
T.string = simple "STRING"
T.binary = simple "BINARY"
T.date = simple "DATE"
T.timestamp = simple "TIMESTAMP"
T.timestampNtz = simple "TIMESTAMP_NTZ"

--- DECIMAL(precision, scale); (10, 0) when not given.
function T.decimal(precision, scale)
  precision = check.integer(precision or 10, check.argument("decimal", 1), 1)
  scale = check.integer(scale or 0, check.argument("decimal", 2))
  return simple(("DECIMAL(%d,%d)"):format(precision, scale))
end

function T.array(element)
  return setmetatable(
    { kind = "array", element = asType(element, check.argument("array", 1)) }, Type)
end

function T.map(key, value)
  return setmetatable({
    kind = "map",
    key = asType(key, check.argument("map", 1)),
    value = asType(value, check.argument("map", 2)),
  }, Type)
end

--- `T.struct { { "id", T.long }, { "tags", T.array(T.string) } }`, or `T.struct():add(…)`.
function T.struct(fields)
  local struct = setmetatable({ kind = "struct", fields = {} }, Type)
  if fields == nil then return struct end
  if not check.isList(fields) then
    check.refuse(check.argument("struct", 1), "a list of { name, type }", fields)
  end
  for position, field in ipairs(fields) do
    if type(field) ~= "table" or isType(field) then
      check.refuse("field " .. position .. " of `struct`", "{ name, type }", field)
    end
    struct = struct:add(field[1], field[2], field[3])
  end
  return struct
end

-- What follows is for the stdlib's own use, and out of sight of scripts.

local internal = {}

--- DDL text of a type given by a script.
function internal.text(value, what)
  return tostring(asType(value, what))
end

--- The type that the engine describes: `{ kind, … }` tables, nested.
function internal.fromEngine(described)
  local kind = described.kind
  if kind == "array" then
    described.element = internal.fromEngine(described.element)
  elseif kind == "map" then
    described.key = internal.fromEngine(described.key)
    described.value = internal.fromEngine(described.value)
  elseif kind == "struct" then
    for _, field in ipairs(described.fields) do field.type = internal.fromEngine(field.type) end
  end
  return setmetatable(described, Type)
end

return setmetatable(T, {
  internal = internal,
  __index = function(_, key) check.noMethod("types module", key, T) end,
})
