-- expect: Did you mean `isNull`
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("DeliveryType STRING"):json("retail")
local df = r:where(F.col "DeliveryType":isNul()) -- here
df.writeStream:format("noop"):start()
