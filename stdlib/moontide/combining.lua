--- DataFrame methods that put two DataFrames together.
local check = require "moontide.check"
local column = require "moontide.column"
local dataframe = require "moontide.dataframe"
local expression = require "moontide.expression"
local plan = require "moontide.plan"

local methods = dataframe.methods
local unwrap = dataframe.unwrap

local function combine(self, op, method, other, fields)
  fields = fields or {}
  fields.inputs = { unwrap(self), dataframe.input(other, check.argument(method, 1)) }
  return dataframe.wrap(plan.node(op, fields))
end

function methods:union(other) return combine(self, "union", "union", other) end
methods.unionAll = methods.union

function methods:unionByName(...)
  local given = check.arguments("unionByName", { "other", "allowMissingColumns" }, ...)
  return combine(self, "unionByName", "unionByName", given.other, {
    allowMissingColumns = given.allowMissingColumns == true,
  })
end

function methods:subtract(other) return combine(self, "except", "subtract", other) end
function methods:intersect(other) return combine(self, "intersect", "intersect", other) end

function methods:exceptAll(other)
  return combine(self, "except", "exceptAll", other, { all = true })
end

function methods:intersectAll(other)
  return combine(self, "intersect", "intersectAll", other, { all = true })
end

-- Spark reads a join's kind without regard to case and underscores.
local JOINS = {
  inner = "inner", cross = "cross",
  left = "leftOuter", leftouter = "leftOuter", right = "rightOuter", rightouter = "rightOuter",
  full = "fullOuter", fullouter = "fullOuter", outer = "fullOuter",
  leftsemi = "leftSemi", semi = "leftSemi", leftanti = "leftAnti", anti = "leftAnti",
}
local JOIN_WORDS = {
  "inner", "cross", "left", "leftOuter", "right", "rightOuter", "full", "fullOuter",
  "leftSemi", "leftAnti",
}

local function joinKind(how)
  if rawequal(how, nil) then return "inner" end
  local kind = JOINS[check.text(how, "`how` of `join`"):lower():gsub("_", "")]
  if kind then return kind end
  check.fail("UNSUPPORTED_JOIN_TYPE", ("there is no join `%s`"):format(how),
    check.suggestion(how, JOIN_WORDS) or "It is one of: " .. table.concat(JOIN_WORDS, ", ") .. ".")
end

-- What joins: names that both sides have, or a condition.
local function joinOn(on)
  local what = "`on` of `join`"
  if type(on) == "string" then return { on } end
  if not check.isList(on) or #on == 0 then return nil, column.condition(on, what) end
  if type(on[1]) == "string" then return check.names("join", on) end
  local condition = column.condition(on[1], what)
  for position = 2, #on do
    condition = expression.call("and", condition, column.condition(on[position], what))
  end
  return nil, condition
end

--- `join(other [, on [, how]])`: `on` is a column name, a list of names, or a boolean Column.
function methods:join(...)
  local given, present = check.arguments("join", { "other", "on", "how" }, ...)
  local names, condition
  if present.on then names, condition = joinOn(given.on) end
  return combine(self, "join", "join", given.other, {
    kind = joinKind(given.how), names = names, condition = condition,
  })
end

function methods:crossJoin(other)
  return combine(self, "join", "crossJoin", other, { kind = "cross" })
end
