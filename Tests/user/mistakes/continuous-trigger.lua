-- expect: continuous processing is not supported
-- expect: processingTime
local moontide = require "moontide"
local session = moontide.session {}
local rows = session.readStream:format("rate"):load()
rows.writeStream:format("noop"):trigger { continuous = "1 second" }:start() -- here
