--- Instants as microseconds since the epoch, and their text.
local check = require "moontide.check"
local engine = require "moontide.engine"

local time = {}

--- Microseconds of an instant's text; `pattern` as in `to_timestamp`. Text that is none raises.
function time.parse(text, pattern)
  check.text(text, check.argument("parse", 1))
  if pattern ~= nil then check.text(pattern, check.argument("parse", 2)) end
  return engine.parseTime(text, pattern)
end

--- The text of an instant, in the session's time zone; `pattern` as in `date_format`.
function time.format(us, pattern)
  check.integer(us, check.argument("format", 1))
  if pattern ~= nil then check.text(pattern, check.argument("format", 2)) end
  return engine.formatTime(us, pattern)
end

return time
