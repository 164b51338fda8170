-- expect: aggregation
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):json("retail") -- here
r.writeStream:format("noop"):outputMode("complete"):start()
