-- Queries and expressions with the answers that Spark 4.3 gave: column names, types, rows as text, or
-- the class of the error. `Tests/Recorded/sql.jsonl` holds them; lines with a `view` make the tables.
local moontide = require "moontide"
local F = require "moontide.functions"
local json = require "moontide.json"

local session = moontide.session { master = "local[2]", conf = { ["moontide.shuffle.partitions"] = 2 } }

local function lines(rows)
  local texts = {}
  for place, row in ipairs(rows) do texts[place] = table.concat(row, " | ") end
  return texts
end

-- The columns' names and types, and the rows as text.
local function answer(query)
  local df = session:sql(query)
  local names, types, cells = {}, {}, {}
  for place, entry in ipairs(df.dtypes) do
    local name = "c" .. place
    names[place], types[place], cells[place] = entry[1], entry[2], name
  end
  if #names == 0 then return { names = names, types = types, rows = {} } end
  local plain = df:toDF(table.unpack(cells))
  local columns = {}
  for place, name in ipairs(cells) do
    local column = F.col(name)
    columns[place] = (types[place] == "binary" and F.hex(column) or column:cast "string"):alias(name)
  end
  local rows = {}
  for _, row in ipairs(plain:select(table.unpack(columns)):collect()) do
    local values = {}
    for place = 1, #cells do values[place] = row[place] == nil and "\\N" or row[place] end
    rows[#rows + 1] = values
  end
  return { names = names, types = types, rows = rows }
end

local function difference(wanted, got)
  if wanted.error or got.error then
    if wanted.error == got.error then return nil end
    return ("%s, not %s"):format(got.error or "an answer", wanted.error or "the answer")
  end
  for _, part in ipairs { "names", "types" } do
    local a, b = table.concat(wanted[part], ", "), table.concat(got[part], ", ")
    if a ~= b then return ("%s: %s, not %s"):format(part, b, a) end
  end
  local a, b = lines(wanted.rows), lines(got.rows)
  if not wanted.ordered then
    table.sort(a)
    table.sort(b)
  end
  local one, other = table.concat(a, "\n"), table.concat(b, "\n")
  if one ~= other then return ("rows\n%s\nnot\n%s"):format(other, one) end
end

local passed, failed = 0, 0
for line in io.lines(arg[1]) do
  local case = json.decode(line)
  if case.view then
    session:sql(case.sql):createOrReplaceTempView(case.view)
  else
    local ok, got = pcall(answer, case.sql)
    if not ok then got = { error = type(got) == "table" and got.class or tostring(got), at = got } end
    local why = difference(case, got)
    -- An error names the line of the script that asked.
    if not why and got.error and not tostring(got.at.where):find("recorded.lua:", 1, true) then
      why = "the error names no line of the script: " .. tostring(got.at.where)
    end
    if why then
      failed = failed + 1
      print(("FAIL %s\n%s"):format(case.sql, why))
    else
      passed = passed + 1
    end
  end
end
print(("%d answers as recorded, %d others"):format(passed, failed))
if failed > 0 or passed < tonumber(arg[2] or 500) then os.exit(1) end
