-- How many rows a batch query reads of the harness's output, through the sink's log.
local moontide = require "moontide"
print(moontide.session {}.read:schema("id BIGINT"):json("out"):count())
