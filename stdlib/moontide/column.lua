--- A Column: an expression over the rows of a DataFrame, built but not yet evaluated.
local check = require "moontide.check"
local expression = require "moontide.expression"
local null = require "moontide.native".null
local origin = require "moontide.origin"
local types = getmetatable(require "moontide.types").internal

local fail, refuse = check.fail, check.refuse

--- Under this key a Column keeps its expression: no field of a struct can have this name.
local EXPRESSION = {}

local Column = { __name = "Column" }
local methods = {}

local function wrap(expr)
  return setmetatable({ [EXPRESSION] = expr }, Column)
end

local function isColumn(value)
  return type(value) == "table" and getmetatable(value) == Column
end

local function unwrap(column)
  return rawget(column, EXPRESSION)
end

--- The expression of a *value* argument: everything is a literal, a Column stands for itself.
local function value(given, what)
  if isColumn(given) then return unwrap(given) end
  local literal = expression.literal(given)
  if literal then return literal end
  if check.isList(given) then
    local elements = {}
    for position = 1, #given do
      elements[position] = value(given[position], "element " .. position .. " of " .. what)
    end
    return expression.callWith("array", elements)
  end
  refuse(what, "a value or a Column", given)
end

--- The expression of a *column* argument: a string names a column, numbers and booleans are
-- literals, a Column stands for itself.
local function column(given, what)
  if type(given) == "string" then return expression.column(given) end
  if isColumn(given) then return unwrap(given) end
  if rawequal(given, nil) then refuse(what, "a column", given) end
  if type(given) == "function" then
    fail("NOT_EXPECTED_TYPE", what .. " should be a column, not a function",
      "Make it a column function with `F.udf(fn, returnType)`.")
  end
  if rawequal(given, null) or check.isList(given) or expression.isScalar(given) then
    return value(given, what)
  end
  refuse(what, "a column", given)
end

--- The expression of a condition. A plain boolean is mostly a comparison that Lua has answered.
local function condition(given, what)
  if isColumn(given) then return unwrap(given) end
  if type(given) == "boolean" then
    fail("NOT_COLUMN", what .. " is the plain boolean " .. tostring(given) .. ", not a Column",
      "Lua's `==` and `~=` compare the objects themselves: write `a:eq(b)`, `a:neq(b)`."
        .. " `F.lit(" .. tostring(given) .. ")` says it on purpose.")
  end
  refuse(what, "a boolean Column", given)
end

--- Expressions of *column* arguments, from varargs or from one list.
local function columns(method, ...)
  local list, count = check.spread(...)
  local out = {}
  for position = 1, count do
    out[position] = column(list[position], check.argument(method, position))
  end
  return out
end

local function derive(kind, fields) return wrap(expression.new(kind, fields)) end
local function call(name, ...) return wrap(expression.call(name, ...)) end

function Column.__index(self, key)
  origin.note()
  local method = methods[key]
  if method then return method end
  if type(key) == "string" then return self:getField(key) end
  if math.type(key) == "integer" then return self:getItem(key) end
  refuse("the field of a Column", "a name or a position", key)
end

function Column.__newindex(_, key)
  fail("UNSUPPORTED_OPERATION", "a Column cannot be changed: it has no field to assign to",
    ('To make a new column, write `df:withColumn("%s", …)`.'):format(tostring(key)))
end

function Column.__call(self, first)
  local expr = unwrap(self)
  if expr.kind == "column" and expr.plan and type(first) == "table" and not isColumn(first) then
    check.noMethod("DataFrame", expr.name, getmetatable(first).methods or {})
  end
  local key = expr.kind == "extract" and expr[2].type == "string" and expr[2].value
  if key then check.noMethod("Column", key, methods) end
  fail("ATTRIBUTE_NOT_CALLABLE", "a Column is not a function",
    expr.name and "There is no method `" .. expr.name .. "`." or nil)
end

-- Operators

-- The parentheses around what they return keep these off the tail: the script's frame, which
-- fetched no method, must be the next one on the stack.

local function operator(name, symbol)
  return function(a, b)
    return (call(name, value(a, "the left operand of `" .. symbol .. "`"),
      value(b, "the right operand of `" .. symbol .. "`")))
  end
end

local function logical(name, symbol)
  local function operand(given, side)
    local what = ("the %s operand of `%s`"):format(side, symbol)
    return condition(given, what)
  end
  return function(a, b) return (call(name, operand(a, "left"), operand(b, "right"))) end
end

Column.__add = operator("+", "+")
Column.__sub = operator("-", "-")
Column.__mul = operator("*", "*")
Column.__div = operator("/", "/")
Column.__mod = operator("%", "%")
Column.__pow = operator("power", "^")
Column.__band = logical("and", "&")
Column.__bor = logical("or", "|")
function Column.__unm(a) return (call("-", unwrap(a))) end
function Column.__bnot(a) return (call("not", unwrap(a))) end

local function comparison(symbol, instead)
  return function()
    fail("CANNOT_CONVERT_COLUMN_INTO_BOOL",
      "Lua turns `" .. symbol .. "` into a plain boolean, so it cannot make a Column", instead)
  end
end

Column.__lt = comparison("<", "Write `a:lt(b)` for `a < b`, and `a:gt(b)` for `a > b`.")
Column.__le = comparison("<=", "Write `a:leq(b)` for `a <= b`, and `a:geq(b)` for `a >= b`.")
Column.__eq = comparison("==", "Write `a:eq(b)` for `a == b`, and `a:neq(b)` for `a ~= b`.")

-- Only ever raises: Lua 5.4.4 has a use-after-free behind a `__concat` that returns.
function Column.__concat()
  fail("UNSUPPORTED_OPERATION", "`..` joins Lua strings, not Columns", "Write `F.concat(a, b)`.")
end

function Column.__len()
  fail("UNSUPPORTED_OPERATION", "`#` does not count what is in a Column",
    "Write `F.length(c)` for text, `F.size(c)` for an array or a map.")
end

function Column.__tostring(self)
  local expr = unwrap(self)
  return "Column<" .. (expr.name or expr.text or expr.kind) .. ">"
end

-- Comparison methods

local comparisons = {
  eq = "=", neq = "!=", lt = "<", leq = "<=", gt = ">", geq = ">=", eqNullSafe = "<=>",
  like = "like", ilike = "ilike", rlike = "rlike",
  startswith = "startswith", endswith = "endswith", contains = "contains",
  bitwiseAND = "&", bitwiseOR = "|", bitwiseXOR = "^",
}
for name, symbol in next, comparisons do
  methods[name] = function(self, ...)
    if select("#", ...) ~= 1 then
      fail("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
        ("`%s` takes 1 argument, not %d"):format(name, select("#", ...)))
    end
    local other = value((...), check.argument(name, 1))
    if rawequal((...), nil) then refuse(check.argument(name, 1), "a value", nil) end
    return call(symbol, unwrap(self), other)
  end
end

function methods:isNull() return call("isnull", unwrap(self)) end
function methods:isNotNull() return call("isnotnull", unwrap(self)) end
function methods:isNaN() return call("isnan", unwrap(self)) end

function methods:between(...)
  local given = check.arguments("between", { "lowerBound", "upperBound" }, ...)
  for _, name in ipairs { "lowerBound", "upperBound" } do
    if rawequal(given[name], nil) then refuse("`" .. name .. "` of `between`", "a value", nil) end
  end
  local self_ = unwrap(self)
  return call("and",
    expression.call(">=", self_, value(given.lowerBound, check.argument("between", 1))),
    expression.call("<=", self_, value(given.upperBound, check.argument("between", 2))))
end

function methods:isin(...)
  local list, count = check.spread(...)
  local operands = { unwrap(self) }
  for position = 1, count do
    operands[position + 1] = value(list[position], check.argument("isin", position))
  end
  return wrap(expression.callWith("in", operands))
end

-- Names, types and parts

function methods:alias(...)
  local names = check.names("alias", ...)
  if #names == 0 then refuse(check.argument("alias", 1), "a name", nil) end
  return derive("alias", { unwrap(self), names = names })
end
methods.as = methods.alias
methods.name = methods.alias

function methods:cast(to)
  return derive("cast", { unwrap(self), type = types.text(to, check.argument("cast", 1)) })
end
methods.astype = methods.cast

function methods:tryCast(to)
  local text = types.text(to, check.argument("tryCast", 1))
  return derive("cast", { unwrap(self), type = text, try = true })
end

function methods:getField(name)
  check.text(name, check.argument("getField", 1))
  return derive("extract", { unwrap(self), expression.literal(name) })
end

function methods:getItem(key)
  if rawequal(key, nil) then refuse(check.argument("getItem", 1), "a position or a key", nil) end
  return derive("extract", { unwrap(self), value(key, check.argument("getItem", 1)) })
end

--- The names in a path to a field: the dot parts them, back-quotes keep one.
local function fieldPath(given, what)
  local names, rest = {}, check.text(given, what)
  repeat
    local name, after = rest:match "^`([^`]+)`(.*)$"
    if not name then name, after = rest:match "^([^.`]+)(.*)$" end
    if not name or not (after == "" or after:find "^%..") then
      fail("INVALID_ATTRIBUTE_NAME_SYNTAX", ("`%s` is no path to a field"):format(given),
        "Names with a dot between them, with back-quotes around a name that has one.")
    end
    names[#names + 1], rest = name, after:sub(2)
  until rest == ""
  return names
end

--- `expr` with what `change` makes of its field at the end of the path; each struct on the way is
-- made anew.
local function changed(expr, path, position, change)
  if position == #path then return change(expr, path[position]) end
  local name = expression.literal(path[position])
  local inner = expression.new("extract", { expr, name })
  return expression.call("withfield", expr, name, changed(inner, path, position + 1, change))
end

--- A struct with a field put in or replaced: `c:withField("address.city", F.lit "?")`.
function methods:withField(...)
  local given = check.arguments("withField", { "fieldName", "col" }, ...)
  local path = fieldPath(given.fieldName, check.argument("withField", 1))
  if not isColumn(given.col) then refuse(check.argument("withField", 2), "a Column", given.col) end
  return wrap(changed(unwrap(self), path, 1, function(struct, name)
    return expression.call("withfield", struct, expression.literal(name), unwrap(given.col))
  end))
end

--- A struct without some fields: `c:dropFields("a", "b.c")`.
function methods:dropFields(...)
  local names = check.names("dropFields", ...)
  if #names == 0 then refuse(check.argument("dropFields", 1), "a field's name", nil) end
  local result, own = unwrap(self), {}
  for position, given in ipairs(names) do
    local path = fieldPath(given, check.argument("dropFields", position))
    if #path == 1 then
      own[#own + 1] = expression.literal(path[1])
    else
      result = changed(result, path, 1, function(struct, name)
        return expression.call("dropfields", struct, expression.literal(name))
      end)
    end
  end
  if #own > 0 then result = expression.callWith("dropfields", { result, table.unpack(own) }) end
  return wrap(result)
end

function methods:substr(...)
  local given = check.arguments("substr", { "startPos", "length" }, ...)
  for position, name in ipairs { "startPos", "length" } do
    if not isColumn(given[name]) then
      check.integer(given[name], check.argument("substr", position))
    end
  end
  return call("substring", unwrap(self), value(given.startPos, ""), value(given.length, ""))
end

-- Order

local orders = {
  asc = { true, true }, ascNullsFirst = { true, true }, ascNullsLast = { true, false },
  desc = { false, false }, descNullsFirst = { false, true }, descNullsLast = { false, false },
}
for name, order in next, orders do
  methods[name] = function(self)
    return derive("sort", { unwrap(self), ascending = order[1], nullsFirst = order[2] })
  end
end

--- Computes the function over the rows around each row: `F.rank():over(W.partitionBy("k"))`.
function methods:over(window)
  local spec = type(window) == "table" and getmetatable(window)
  if not spec or rawget(spec, "__name") ~= "WindowSpec" then
    refuse(check.argument("over", 1), "a window (`W.partitionBy(…)`)", window)
  end
  local over = rawget(window, "definition")
  return derive("window", {
    unwrap(self), partitionBy = over.partitionBy, orderBy = over.orderBy, frame = over.frame,
  })
end

-- Conditionals

local function case(operands) return derive("case", operands) end

local function branches(self, method)
  local expr = unwrap(self)
  if expr.kind ~= "case" or #expr % 2 == 1 then
    fail("INVALID_WHEN_USAGE", "`" .. method .. "` follows `F.when(…)` or `:when(…)` only")
  end
  return table.move(expr, 1, #expr, 1, {})
end

function methods:when(...)
  local operands = branches(self, "when")
  local given = check.arguments("when", { "condition", "value" }, ...)
  operands[#operands + 1] = condition(given.condition, check.argument("when", 1))
  operands[#operands + 1] = value(given.value, check.argument("when", 2))
  return case(operands)
end

function methods:otherwise(result)
  local operands = branches(self, "otherwise")
  operands[#operands + 1] = value(result, check.argument("otherwise", 1))
  return case(operands)
end

Column.methods = methods

return {
  class = Column,
  wrap = wrap,
  unwrap = unwrap,
  isColumn = isColumn,
  value = value,
  column = column,
  columns = columns,
  condition = condition,
  case = case,
}
