local F = require "moontide.functions"
local W = require "moontide.window"
local column = require "moontide.column"
local moontide = require "moontide"
local tests = require "moontide.tests"

local bare, equal, line = tests.bare, tests.equal, tests.line
local raises, test = tests.raises, tests.test
local function expr(c) return bare(column.unwrap(c)) end
local a, b = F.col "a", F.col "b"
local A, B = { kind = "column", name = "a" }, { kind = "column", name = "b" }
local function call(name, ...) return { kind = "call", name = name, ... } end
local function int(value) return { kind = "literal", type = "int", value = value } end
local function text(value) return { kind = "literal", type = "string", value = value } end

test("operators", function()
  equal(expr(a + b), call("+", A, B))
  equal(expr(a - 1), call("-", A, int(1)))
  equal(expr(2 * a), call("*", int(2), A))
  equal(expr(-a), call("-", A))
  equal(expr(a % 2), call("%", A, int(2)))
  equal(expr(~a:isNull()), call("not", call("isnull", A)))
  equal(expr(a:gt(1) & b:eq "x" | a),
    call("or", call("and", call(">", A, int(1)), call("=", B, text "x")), A))
end)

test("literals", function()
  equal(expr(F.lit(2147483647)).type, "int")
  equal(expr(F.lit(2147483648)).type, "bigint")
  equal(expr(F.lit(1.0)), { kind = "literal", type = "double", value = 1.0 })
  equal(expr(F.lit(nil)), { kind = "literal", type = "null" })
  equal(expr(F.lit { 1, 2 }), call("array", int(1), int(2)))
  equal(expr(F.lit(a)), A)
  raises(function() F.lit(print) end, { class = "NOT_EXPECTED_TYPE", message = "not a function" })
end)

test("comparisons that Lua answers itself raise, with the method to use", function()
  raises(function() return a < b end,
    { class = "CANNOT_CONVERT_COLUMN_INTO_BOOL", hint = "a:lt%(b%)" })
  raises(function() return a <= 1 end, { hint = "a:leq%(b%)" })
  raises(function() return a > b end, { hint = "a:gt%(b%)" })
  raises(function() return a == b end, { hint = "a:eq%(b%)" })
  raises(function() return a ~= b end, { hint = "a:neq%(b%)" })
  raises(function() return a .. "x" end, { hint = "F.concat" })
  raises(function() return #a end, { hint = "F.size" })
  equal(a == "x", false)
end)

test("a plain boolean is no condition", function()
  raises(function() return a & true end, { message = "plain boolean true", hint = "F.lit%(true%)" })
  raises(function() return F.when(a == "x", 1) end, { class = "NOT_COLUMN" })
end)

test("fields, elements and misspelt methods", function()
  equal(expr(a.city), { kind = "extract", A, text "city" })
  equal(expr(a[0]), { kind = "extract", A, int(0) })
  equal(expr(a:getItem "k"), { kind = "extract", A, text "k" })
  raises(function() a:aliaz "x" end, { message = "no `aliaz`", hint = "`alias`" })
  raises(function() a.b = 1 end, { message = "cannot be changed" })
end)

test("names, stars and order", function()
  equal(expr(F.col "*"), { kind = "star" })
  equal(expr(F.col "v.*"), { kind = "star", name = "v" })
  equal(expr(a:alias "x"), { kind = "alias", names = { "x" }, A })
  equal(expr(a:desc()), { kind = "sort", ascending = false, nullsFirst = false, A })
  equal(expr(a:descNullsFirst()), { kind = "sort", ascending = false, nullsFirst = true, A })
  equal(expr(F.asc_nulls_last "a"), { kind = "sort", ascending = true, nullsFirst = false, A })
end)

test("methods with values", function()
  equal(expr(a:isin("x", "y")), call("in", A, text "x", text "y"))
  equal(expr(a:isin { "x", "y" }), call("in", A, text "x", text "y"))
  equal(expr(a:between(1, b)), call("and", call(">=", A, int(1)), call("<=", A, B)))
  equal(expr(a:cast "int"), { kind = "cast", type = "int", A })
  equal(expr(a:substr(1, 2)), call("substring", A, int(1), int(2)))
  raises(function() a:eq(undefined) end, { hint = "misspelt variable" }) -- luacheck: ignore
end)

test("when and otherwise", function()
  equal(expr(F.when(a:gt(1), "x"):when(b, 2):otherwise(nil)), {
    kind = "case", call(">", A, int(1)), text "x", B, int(2), { kind = "literal", type = "null" },
  })
  raises(function() F.when(a, 1):otherwise(2):when(b, 1) end, { class = "INVALID_WHEN_USAGE" })
end)

test("windows", function()
  local window = W.partitionBy("a"):orderBy(F.col("b"):desc()):rowsBetween(-1, W.currentRow)
  equal(expr(F.rank():over(window)), {
    kind = "window", call "rank", partitionBy = { A },
    orderBy = { { kind = "sort", ascending = false, nullsFirst = false, B } },
    frame = { kind = "rows", start = -1, finish = 0 },
  })
  raises(function() F.rank():over(a) end, { message = "window" })
end)

test("every expression knows its line", function()
  local made = a
    + b
  equal(column.unwrap(made).origin, line(-1))
  local function tail() return F.col("x"):alias "y" end
  equal(column.unwrap(tail()).origin, line(-1))
  equal(raises(function() a:isin(print) end, {}).where, line())
end)

test("moontide.null is NULL", function()
  equal(rawequal(moontide.null, require "moontide.native".null), true)
end)
