--- Expressions as data: what a Column holds and what the engine reads.
--
-- An expression is a table { kind =, origin =, …, [1], [2] … }, its operands in the list part:
--   column { name, plan }   star { name }   literal { type, value }   text { text, views? }
--   call { name, distinct } alias { names } cast { type, try }        extract (value, key)
--   case (condition, value, …, otherwise)   sort { ascending, nullsFirst }
--   lambda { parameters, body }  variable { name }  window { partitionBy, orderBy, frame }
--   udf { fn, returns, … }  udaf { … }
-- It is never changed once made.
local null = require "moontide.native".null
local origin = require "moontide.origin"

local expression = {}

local INT_MIN, INT_MAX = -2147483648, 2147483647

function expression.new(kind, fields)
  fields.kind = kind
  fields.origin = origin.here()
  return fields
end
local new = expression.new

-- The views of the moment, by which queries inside expressions name tables.
local views = {}

--- Called whenever the views change.
function expression.useViews(changed) views = changed end

--- An expression as SQL text.
function expression.text(text)
  local lower = text:lower()
  local mayQuery = lower:find "select" or lower:find "values" or lower:find "table"
  return new("text", { text = text, views = mayQuery and views or nil })
end

--- A column by name: `*`, `at.*`, `window.end`; `plan` ties it to one DataFrame's plan node.
function expression.column(name, plan)
  if name == "*" then return new("star", {}) end
  local prefix = name:match "^(.+)%.%*$"
  if prefix then return new("star", { name = prefix }) end
  return new("column", { name = name, plan = plan })
end

function expression.call(name, ...)
  return new("call", { name = name, ... })
end

--- A call whose operands are a list already.
function expression.callWith(name, operands, distinct)
  local call = table.move(operands, 1, #operands, 1, { name = name, distinct = distinct })
  return new("call", call)
end

--- Whether a value makes a literal by itself.
function expression.isScalar(value)
  local kind = type(value)
  return kind == "number" or kind == "boolean" or kind == "string"
end

--- A literal from a plain Lua value; nil for what is none (a list is the caller's matter).
function expression.literal(value)
  if rawequal(value, nil) or rawequal(value, null) then return new("literal", { type = "null" }) end
  local kind = type(value)
  if kind == "boolean" or kind == "string" then
    return new("literal", { type = kind, value = value })
  end
  if kind ~= "number" then return nil end
  if math.type(value) == "float" then return new("literal", { type = "double", value = value }) end
  local fits = value >= INT_MIN and value <= INT_MAX
  return new("literal", { type = fits and "int" or "bigint", value = value })
end

return expression
