-- expect: Did you mean `upper`
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):json("retail")
local df = r:select(F.uper("DeliveryType")) -- here
df.writeStream:format("noop"):start()
