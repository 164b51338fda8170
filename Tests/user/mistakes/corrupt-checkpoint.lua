-- expect: corrupt
-- expect: batches.log
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):option("maxFilesPerTrigger", 1):json("retail")
local function run()
  local w = r.writeStream:format("noop"):option("checkpointLocation", "checkpoint")
  w:trigger { availableNow = true }:start():awaitTermination()
end
run()
local file = assert(io.open("checkpoint/batches.log", "r+b"))
file:seek("set", file:seek("end") // 2)
file:write("\0\0\0\0")
file:close()
run()
