--- Errors as the engine raises them: tables with `class`, `message`, `hint`, `where`, `details`,
--- `traceback` and `cause`. `tostring` shows one to a person.

local native = require "moontide.native"

local Error = { __name = "moontide.error" }
Error.__index = Error

function Error:__tostring()
  local text = {}
  if self.where then text[#text + 1] = self.where .. ": " end
  text[#text + 1] = tostring(self.class) .. ": " .. tostring(self.message)
  if self.hint then
    text[#text + 1] = (tostring(self.message):sub(-1) == "." and " " or ". ") .. self.hint
  end
  for _, detail in ipairs(self.details or {}) do text[#text + 1] = "\n  " .. tostring(detail) end
  if self.traceback then text[#text + 1] = "\n" .. self.traceback end
  if self.cause then text[#text + 1] = "\ncaused by: " .. tostring(self.cause) end
  return table.concat(text)
end

native.setErrorMetatable(Error)

local M = { metatable = Error }

--- Raises an error: `raise{ class =, message =, hint =, details =, where = }`. Without `where` it
--- names the user's own line nearest to the call.
function M.raise(fields)
  fields.where = fields.where or native.where()
  error(setmetatable(fields, Error), 0)
end

--- Whether a value is an error of the engine's.
function M.is(value) return type(value) == "table" and getmetatable(value) == Error end

return M
