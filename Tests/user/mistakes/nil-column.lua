-- expect: nil
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):json("retail")
local df = r:select("DeliveryType", deliveryType) -- here
df.writeStream:format("noop"):start()
