--- The columns that a method of a DataFrame works on: those named, or all.
local check = require "moontide.check"

local chosen = {}

local NUMERIC = {
  TINYINT = true, SMALLINT = true, INT = true, BIGINT = true, FLOAT = true, DOUBLE = true,
}

function chosen.isNumeric(typeText) return NUMERIC[typeText] or typeText:find "^DECIMAL" ~= nil end

--- A name with a dot is no path to a field when it is quoted.
function chosen.quoted(name)
  return "`" .. name:gsub("`", "``") .. "`"
end

--- The columns named, or all: a list of { name, type text, column }.
function chosen.fields(df, method, subset)
  if type(subset) == "string" then subset = { subset } end
  local wanted = subset and {}
  for _, name in ipairs(subset or {}) do
    wanted[check.text(name, "`subset` of `" .. method .. "`"):lower()] = name
  end
  local out = {}
  for _, field in ipairs(df.schema.fields) do
    if not wanted or wanted[field.name:lower()] then
      out[#out + 1] = {
        name = field.name, type = field.type:ddl(), column = df:col(chosen.quoted(field.name)),
      }
      if wanted then wanted[field.name:lower()] = nil end
    end
  end
  local unknown = wanted and select(2, next(wanted))
  if unknown then
    check.fail("UNRESOLVED_COLUMN.WITH_SUGGESTION",
      ("there is no column `%s` in this DataFrame"):format(unknown),
      check.suggestion(unknown, df.columns))
  end
  return out
end

return chosen
