-- expect: PATH_NOT_FOUND
-- expect: no-such-folder
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("StoreID STRING"):json("no-such-folder") -- here
r.writeStream:format("noop"):start()
