-- expect: Did you mean `json`?
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:format("jsn"):schema("DeliveryType STRING"):load("retail") -- here
r.writeStream:format("noop"):start()
