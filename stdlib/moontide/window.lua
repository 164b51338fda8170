--- Windows of analytic functions: `W.partitionBy("k"):orderBy("t"):rowsBetween(-1, W.currentRow)`.
local check = require "moontide.check"
local column = require "moontide.column"

local WindowSpec = check.class "WindowSpec"
local methods = WindowSpec.methods

local function with(self, changes)
  local definition = {}
  for key, value in next, self and rawget(self, "definition") or {} do definition[key] = value end
  for key, value in next, changes do definition[key] = value end
  return setmetatable({ definition = definition }, WindowSpec)
end

function methods:partitionBy(...)
  return with(self, { partitionBy = column.columns("partitionBy", ...) })
end

function methods:orderBy(...)
  return with(self, { orderBy = column.columns("orderBy", ...) })
end

local function between(kind)
  local method = kind .. "Between"
  methods[method] = function(self, ...)
    local given = check.arguments(method, { "start", "end" }, ...)
    return with(self, {
      frame = {
        kind = kind,
        start = check.integer(given.start, check.argument(method, 1)),
        finish = check.integer(given["end"], check.argument(method, 2)),
      },
    })
  end
end
between "rows"
between "range"

local W = {
  unboundedPreceding = math.mininteger,
  unboundedFollowing = math.maxinteger,
  currentRow = 0,
}
for name, method in next, methods do
  W[name] = function(...) return method(nil, ...) end
end

return setmetatable(W, {
  __index = function(_, key) check.noMethod("window module", key, W) end,
})
