--- The log: `log.info("loaded", { rows = 3 })`. Works in workers too.
local errors = require "moontide.error"
local native = require "moontide.native"

local log = {}

for _, level in ipairs { "debug", "info", "warn", "error" } do
  log[level] = function(text, fields)
    if type(text) ~= "string" or fields ~= nil and type(fields) ~= "table" then
      errors.raise {
        class = "NOT_EXPECTED_TYPE", message = ("`%s` takes a text and a table"):format(level),
      }
    end
    native.log(level, text, fields)
  end
end

return log
