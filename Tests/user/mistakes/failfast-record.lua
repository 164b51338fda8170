-- expect: MALFORMED_RECORD_IN_PARSING
-- expect: bad/1.json
local moontide = require "moontide"
local F = require "moontide.functions"
local session = moontide.session {}
os.execute("mkdir bad && printf '{\"a\": 1}\\n{\"a\": oops}\\n' > bad/1.json")
local r = session.readStream:schema("a INT"):option("mode", "FAILFAST"):json("bad") -- here
r.writeStream:format("noop"):trigger { availableNow = true }:start():awaitTermination()
