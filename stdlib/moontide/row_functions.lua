--- DataFrame methods that call a Lua function per row, or per partition.
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local types = getmetatable(require "moontide.types").internal

local function rows(method, op)
  dataframe.methods[method] = function(self, ...)
    local given = check.arguments(method, { "fn", "schema" }, ...)
    return dataframe.derive(self, op, {
      ["function"] = check.func(given.fn, check.argument(method, 1)),
      schema = types.text(given.schema, check.argument(method, 2)),
    })
  end
end

rows("map", "mapRows")
rows("flatMap", "flatMapRows")
rows("mapPartitions", "mapPartitions")
