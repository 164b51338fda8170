-- expect: cannot price take-away
-- expect: invoices-
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local f = F.udf(function(kind)
  if kind == "TAKEAWAY" then error("cannot price take-away") end -- here
  return 1
end, "INT")
local r = session.readStream:schema("DeliveryType STRING"):json("retail"):select(f("DeliveryType"))
r.writeStream:format("noop"):trigger { availableNow = true }:start():awaitTermination()
