-- expect: UNSUPPORTED_SAVE_MODE
-- expect: keyColumns
local moontide = require "moontide"
local session = moontide.session {}
session:range(3).write:mode("update"):json("out") -- here
