-- expect: checkpoint
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):json("retail")
local function start()
  local w = r.writeStream:format("noop"):option("checkpointLocation", "checkpoint")
  return w:start()
end
start()
start() -- here
