--- Instants as microseconds since the epoch, and their text. Works in workers too.
local errors = require "moontide.error"
local native = require "moontide.native"

local time = {}

local function check(value, isRight, expected, position, method)
  if isRight then return end
  errors.raise {
    class = "NOT_EXPECTED_TYPE",
    message = ("argument %d of `%s` should be %s, not %s"):format(
      position, method, expected, type(value)),
  }
end

local function checkPattern(pattern, method)
  check(pattern, pattern == nil or type(pattern) == "string", "a pattern", 2, method)
end

--- Microseconds of an instant's text; `pattern` as in `to_timestamp`. Text that is none raises.
function time.parse(text, pattern)
  check(text, type(text) == "string", "a string", 1, "parse")
  checkPattern(pattern, "parse")
  return native.parseTime(text, pattern)
end

--- The text of an instant, in the session's time zone; `pattern` as in `date_format`.
function time.format(us, pattern)
  check(us, math.type(us) == "integer", "an integer", 1, "format")
  checkPattern(pattern, "format")
  return native.formatTime(us, pattern)
end

return time
