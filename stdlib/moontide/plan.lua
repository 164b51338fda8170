--- Plan nodes as data: { op =, origin =, id =, input = or inputs =, arguments… }, never changed
-- once made. A node that is used twice is the same table, and has one id.
local origin = require "moontide.origin"

local plan = {}

local lastId = 0

function plan.node(op, fields)
  lastId = lastId + 1
  fields.op, fields.id, fields.origin = op, lastId, origin.here()
  return fields
end

return plan
