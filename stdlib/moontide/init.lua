--- Moontide for scripts: `local moontide = require "moontide"`.
local check = require "moontide.check"
local connectors = require "moontide.connectors"
local engine = require "moontide.engine"
local null = require "moontide.native".null
local session = require "moontide.session"

-- These give DataFrames and groups their methods.
require "moontide.relations"
require "moontide.combining"
require "moontide.row_functions"
require "moontide.group"
require "moontide.missing"
require "moontide.statistics"
require "moontide.actions"
require "moontide.writer"
require "moontide.stream_writer"

local moontide = {
  session = session.get,
  source = connectors.source,
  sink = connectors.sink,
  null = null,
  version = engine.version(),
}

return setmetatable(moontide, {
  __index = function(_, key) check.noMethod("moontide module", key, moontide) end,
})
