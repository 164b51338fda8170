-- expect: CALL_ON_STREAMING_DATASET_UNSUPPORTED
local moontide = require "moontide"
local session = moontide.session {}
local rows = session.readStream:format("rate"):load() -- here
rows:show()
