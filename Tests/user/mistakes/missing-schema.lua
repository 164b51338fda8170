-- expect: schema
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:json("retail") -- here
r.writeStream:format("noop"):start()
