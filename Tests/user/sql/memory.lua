-- A memory sink is a table by the query's name: SQL reads it while the query runs.
local moontide = require "moontide"
local session = moontide.session {}
local actions = session:memoryStream "action STRING"
local query = actions:toDF():groupBy("action"):count().writeStream
  :format("memory"):queryName("count"):outputMode("complete"):start()

local function logins()
  query:processAllAvailable()
  return session:sql("select sum(count) from count where action='login'"):first()[1]
end

actions:addData { { "login" }, { "logout" }, { "login" }, { nil } }
assert(logins() == 2)
actions:addData { { "login" }, { "view" } }
assert(logins() == 3)
local row = session:sql("SELECT count(*) n, max(count) m FROM count WHERE action IS NOT NULL"):first()
assert(row.n == 3 and row.m == 3, tostring(row))
query:stop()
assert(session:table("count"):count() == 4)

-- A parameter stands wherever a constant may.
local function numbers(text, args)
  local out = {}
  for _, each in ipairs(session:sql(text, args):collect()) do out[#out + 1] = each[1] end
  return table.concat(out, " ")
end
assert(numbers("select id from range(:n)", { n = 3 }) == "0 1 2")
assert(numbers("select id from range(?, ? * 3, ?) limit ?", { 1, 3, 4, 2 }) == "1 5")
assert(numbers "select id from range('3') order by id desc" == "2 1 0")
for text, class in pairs {
  ["select * from range('x')"] = "CAST_INVALID_INPUT",
  ["select * from values (cast('x' as int))"] = "CAST_INVALID_INPUT",
  ["select * from range(id)"] = "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
  ["select * from range(null)"] = "UNEXPECTED_INPUT_TYPE",
  ["select * from range(rand())"] = "NON_FOLDABLE_ARGUMENT",
  ["select * from range(0, 4, 0)"] = "FAILED_FUNCTION_CALL",
  ["select * from range()"] = "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
} do
  local ok, failure = pcall(function() session:sql(text):collect() end)
  assert(not ok and failure.class == class, text .. ": " .. tostring(failure))
end
