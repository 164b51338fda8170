-- Regular expressions with what `java.util.regex`, which Spark calls, finds with them.
-- `Tests/Recorded/patterns.jsonl`: the texts, then for each pattern every text with its matches in
-- brackets, their groups behind them, or that the pattern is malformed.
local moontide = require "moontide"
local F = require "moontide.functions"
local json = require "moontide.json"

local session = moontide.session { master = "local[1]" }
local lines = io.lines(arg[1])
local rows = {}
for place, text in ipairs(json.decode(lines()).texts) do rows[place] = { text } end
local texts = session:createDataFrame(rows, "text STRING")

local function shown(case)
  local replacement = "⟨$0"
  for group = 1, case.groups or 0 do replacement = replacement .. "¦$" .. group end
  local column = F.regexp_replace("text", F.lit(case.p), F.lit(replacement .. "⟩"))
  local ok, found = pcall(function() return texts:select(column):collect() end)
  if not ok then return found.class end
  for place, row in ipairs(found) do
    found[place] = row[1]:gsub("[\t\n\r]", { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r" })
  end
  return table.concat(found, "\n")
end

local passed, failed = 0, 0
for line in lines do
  local case = json.decode(line)
  local wanted = case.error and "INVALID_PARAMETER_VALUE.PATTERN" or table.concat(case.found, "\n")
  local got = shown(case)
  if got == wanted then
    passed = passed + 1
  else
    failed = failed + 1
    print(("FAIL %s\n%s\nnot\n%s"):format(case.p, got, wanted))
  end
end
print(("%d patterns as recorded, %d others"):format(passed, failed))
if failed > 0 or passed < 600 then os.exit(1) end
