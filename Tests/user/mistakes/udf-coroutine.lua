-- expect: → upvalue 'state'.co is a coroutine
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local state = { co = coroutine.create(function() end) }
local f = F.udf(function(kind) return tostring(state.co) .. kind end, "STRING")
local r = session.readStream:schema("DeliveryType STRING"):json("retail"):select(f("DeliveryType"))
r.writeStream:format("noop"):trigger { availableNow = true }:start():awaitTermination()
