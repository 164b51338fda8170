--- Functions of the script's own that run per row (`F.udf`) or per group (`F.udaf`) in the workers.
local check = require "moontide.check"
local column = require "moontide.column"
local expression = require "moontide.expression"
local origin = require "moontide.origin"
local types = getmetatable(require "moontide.types").internal

local userFunction = {}

local DEFINITION = {}
local UserFunction = { __name = "UserFunction", methods = {} }

local function make(definition)
  definition.origin = origin.here()
  return setmetatable({ [DEFINITION] = definition }, UserFunction)
end

function UserFunction.__call(self, ...)
  local definition = rawget(self, DEFINITION)
  local operands = column.columns(definition.name, ...)
  operands.definition = definition
  return (column.wrap(expression.new(definition.kind, operands)))
end

function UserFunction.__tostring(self)
  return "UserFunction<" .. rawget(self, DEFINITION).name .. ">"
end

--- What the engine needs to know of a user function; nil for any other value.
function userFunction.definition(value)
  if type(value) ~= "table" or getmetatable(value) ~= UserFunction then return nil end
  return rawget(value, DEFINITION)
end

--- `F.udf(fn, returnType)`: called per row with the values of the columns it is given.
function userFunction.udf(...)
  local given = check.arguments("udf", { "f", "returnType" }, ...)
  check.func(given.f, check.argument("udf", 1))
  return make {
    kind = "udf", fn = given.f, name = "function at " .. origin.ofFunction(given.f),
    returns = types.text(given.returnType or "STRING", check.argument("udf", 2)),
  }
end

local PARTS = { "zero", "reduce", "merge", "finish", "buffer", "returns" }

--- `F.udaf { zero =, reduce =, merge =, finish =, buffer =, returns = }`: an aggregate.
function userFunction.udaf(parts)
  if not check.isKeywords(parts) then
    check.refuse(check.argument("udaf", 1), "a table of functions", parts)
  end
  check.knownKeys(parts, PARTS, "`udaf`")
  for _, name in ipairs { "zero", "reduce", "merge", "finish" } do
    check.func(parts[name], "`" .. name .. "` of `udaf`")
  end
  return make {
    kind = "udaf", name = "aggregate at " .. origin.ofFunction(parts.reduce),
    zero = parts.zero, reduce = parts.reduce, merge = parts.merge, finish = parts.finish,
    buffer = types.text(parts.buffer, "`buffer` of `udaf`"),
    returns = types.text(parts.returns, "`returns` of `udaf`"),
  }
end

--- The same function under the name it is registered by.
function userFunction.named(value, name)
  local definition = {}
  for key, part in next, userFunction.definition(value) do definition[key] = part end
  definition.name = name
  return definition
end

return userFunction
