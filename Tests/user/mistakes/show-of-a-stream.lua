-- expect: _LEGACY_ERROR_TEMP_3102
local moontide = require "moontide"
local session = moontide.session {}
local rows = session.readStream:format("rate"):load() -- here
rows:show()
