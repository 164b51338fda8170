-- What Spark recorded about types (`Tests/Recorded/types.tsv`, made by `record.py` beside this):
-- coercion of every pair of types, casts of values to every type, arithmetic, and mistakes.
local moontide = require "moontide"
local F = require "moontide.functions"

local session = moontide.session {
  master = "local[1]", conf = { ["moontide.shuffle.partitions"] = 1 },
}
local classes = {}
local query, columns
local asked, failed = 0, 0

local function value(df, types)
  local names, parts = {}, {}
  for place in ipairs(types) do names[place] = "c" .. place end
  local plain = df:toDF(table.unpack(names))
  for place, name in ipairs(names) do
    local column = F.col(name)
    parts[place] = (types[place] == "binary" and F.hex(column) or column:cast "string"):alias(name)
  end
  local rows = {}
  for _, row in ipairs(plain:select(table.unpack(parts)):collect()) do
    local cells = {}
    for place = 1, #names do cells[place] = row[place] == nil and "\\N" or row[place] end
    rows[#rows + 1] = table.concat(cells, " | ")
  end
  return (table.concat(rows, "\n"):gsub("\\", "\\\\"):gsub("\n", "\\n"):gsub("\t", "\\t"))
end

local function types(df)
  local found = {}
  for place, entry in ipairs(df.dtypes) do found[place] = entry[2] end
  return found
end

local function refusal(sql)
  local ok, failure = pcall(function()
    local df = session:sql(sql)
    return #df.dtypes > 0 and df:collect()
  end)
  if ok then return "an answer" end
  if type(failure) ~= "table" then return tostring(failure) end
  local here = tostring(failure.where):find("recorded.lua:", 1, true)
  return here and failure.class or ("%s at %s"):format(failure.class, failure.where)
end

-- The answer to a query as the file writes it.
local function answer(sql, wanted)
  if wanted:find "^!" then return refusal(sql) end
  local ok, found = pcall(function()
    local df = session:sql(sql)
    local kinds = types(df)
    local shown = wanted:find "=" and not wanted:find "^=" and table.concat(kinds, ", ")
      or wanted:find "^=" and "" or table.concat(kinds, ",")
    return wanted:find "=" and shown .. "=" .. value(df, kinds) or shown
  end)
  return ok and found or ("%s"):format(type(found) == "table" and found.class or found)
end

local function check(sql, wanted)
  if wanted == "~" then return end
  asked = asked + 1
  local expected = wanted:find "^!" and classes[wanted:sub(2)] or wanted
  local found = answer(sql, wanted)
  if found ~= expected then
    failed = failed + 1
    if failed <= 30 then print(("%s\n  gives  %s\n  wanted %s"):format(sql, found, expected)) end
  end
end

for line in io.lines(arg[1]) do
  local mark, rest = line:match "^([#!=>t]) (.*)$"
  if mark == "t" then
    session:sql(rest):createOrReplaceTempView "t"
  elseif mark == "!" then
    local number, class = rest:match "^(%d+) (.*)$"
    classes[number] = class
  elseif mark == "=" then
    query = rest
  elseif mark == ">" then
    columns = {}
    for name in rest:gmatch "[^\t]+" do columns[#columns + 1] = name end
  elseif mark ~= "#" then
    local place, first = 0, nil
    for cell in (line .. "\t"):gmatch "([^\t]*)\t" do
      if place == 0 then first = cell else
        local names = { a = first, b = columns[place] }
        check((query:gsub("{([ab])}", names)), cell)
      end
      place = place + 1
    end
  end
end
print(("%d answers as recorded, %d others"):format(asked - failed, failed))
if failed > 0 or asked < 25000 then os.exit(1) end
