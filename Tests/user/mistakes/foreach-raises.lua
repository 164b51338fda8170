-- expect: FOREACH_USER_FUNCTION_ERROR
-- expect: cannot deliver
local moontide = require "moontide"
local session = moontide.session {}
local rows = session.readStream:schema("StoreID STRING"):json("retail")
rows.writeStream:foreach(function()
  error("cannot deliver") -- here
end):trigger { availableNow = true }:start():awaitTermination()
