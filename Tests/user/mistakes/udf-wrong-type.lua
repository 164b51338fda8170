-- expect: INT
-- expect: string
-- expect: udf-wrong-type.lua
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local f = F.udf(function(kind) return kind .. "!" end, "INT") -- here
local r = session.readStream:schema("DeliveryType STRING"):json("retail"):select(f("DeliveryType"))
r.writeStream:format("noop"):trigger { availableNow = true }:start():awaitTermination()
