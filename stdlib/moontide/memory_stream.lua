--- `session:memoryStream(schema)`: a stream whose rows the script hands in, for tests.
local check = require "moontide.check"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local plan = require "moontide.plan"

local HANDLE = {}
local MemoryStream = check.class "MemoryStream"
local methods = MemoryStream.methods

--- Adds rows, each a list or a table by column name: `addData { { 1, "a" }, { id = 2 } }`.
function methods:addData(rows)
  if not check.isList(rows) then
    check.refuse(check.argument("addData", 1), "a list of rows", rows)
  end
  engine.addData(rawget(self, HANDLE), rows)
end

function methods:toDF()
  return dataframe.wrap(plan.node("read", {
    format = "memory", isStreaming = true, options = {}, host = rawget(self, HANDLE),
  }))
end

return function(schema)
  return setmetatable({ [HANDLE] = engine.memoryStream(schema) }, MemoryStream)
end
