-- expect: no option `maxFilePerTrigger`
-- expect: Did you mean `maxFilesPerTrigger`
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
local r = session.readStream:schema("StoreID STRING"):option("maxFilePerTrigger", 1):json("retail") -- here
r.writeStream:format("noop"):start()
