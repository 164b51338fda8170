-- expect: Did you mean `moontide.shuffle.partitions`?
local moontide = require "moontide"
moontide.session { conf = { ["spark.sql.shuffle.partition"] = 4 } } -- here
