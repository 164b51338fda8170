--- The log: `log.info("loaded", { rows = 3 })`.
local check = require "moontide.check"
local engine = require "moontide.engine"

local log = {}

for _, level in ipairs { "debug", "info", "warn", "error" } do
  log[level] = function(text, fields)
    check.text(text, check.argument(level, 1))
    if fields ~= nil and type(fields) ~= "table" then
      check.refuse(check.argument(level, 2), "a table", fields)
    end
    engine.log(level, text, fields)
  end
end

return log
