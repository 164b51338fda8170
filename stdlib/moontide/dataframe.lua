--- A DataFrame: a plan, built but not yet run. This file is the class; its methods are in
-- `relations`, `combining`, `missing`, `statistics`, `row_functions` and `actions`.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"
local origin = require "moontide.origin"
local plan = require "moontide.plan"

--- Under this key a DataFrame keeps its plan: no column can have this name.
local PLAN = {}

local DataFrame = { __name = "DataFrame", methods = {} }
--- What is computed at each access: `df.columns`, `df.writeStream`.
local values = {}

local function wrap(node)
  return setmetatable({ [PLAN] = node }, DataFrame)
end

local function unwrap(df)
  return rawget(df, PLAN)
end

local function isDataFrame(value)
  return type(value) == "table" and getmetatable(value) == DataFrame
end

--- A DataFrame over a new node above `df`.
local function derive(df, op, fields)
  fields.input = unwrap(df)
  return wrap(plan.node(op, fields))
end

--- The plan of an argument that must be a DataFrame.
local function input(given, what)
  if not isDataFrame(given) then check.refuse(what, "a DataFrame", given) end
  return unwrap(given)
end

--- The column of this DataFrame, whatever else has its name.
function DataFrame.methods:col(name)
  check.text(name, check.argument("col", 1))
  return column.wrap(expression.column(name, unwrap(self).id))
end

function DataFrame.__index(self, key)
  origin.note()
  local method = DataFrame.methods[key]
  if method then return method end
  local value = values[key]
  if value then return value(self) end
  if type(key) ~= "string" then check.refuse("a column's name", "a string", key) end
  return DataFrame.methods.col(self, key)
end

function DataFrame.__newindex(_, key)
  check.fail("UNSUPPORTED_OPERATION", "a DataFrame cannot be changed: it has no field to assign to",
    ('`df:withColumn("%s", …)` gives a new one.'):format(tostring(key)))
end

function DataFrame.__tostring(self)
  return "DataFrame<" .. unwrap(self).op .. ">"
end

function DataFrame.__len()
  check.fail("UNSUPPORTED_OPERATION", "`#` does not count the rows of a DataFrame",
    "Write `df:count()`, or `#df.columns`.")
end

return {
  class = DataFrame,
  methods = DataFrame.methods,
  values = values,
  wrap = wrap,
  unwrap = unwrap,
  isDataFrame = isDataFrame,
  derive = derive,
  input = input,
}
