local F = require "moontide.functions"
local column = require "moontide.column"
local tests = require "moontide.tests"
local T = require "moontide.types"

local bare, equal, raises, test = tests.bare, tests.equal, tests.raises, tests.test
local function expr(c) return bare(column.unwrap(c)) end
local function name(text) return { kind = "column", name = text } end
local function call(fn, ...) return { kind = "call", name = fn, ... } end
local function int(value) return { kind = "literal", type = "int", value = value } end
local function text(value) return { kind = "literal", type = "string", value = value } end

test("a string is a column or a value, as each parameter has it", function()
  equal(expr(F.upper "s"), call("upper", name "s"))
  equal(expr(F.count "*"), call("count", { kind = "star" }))
  equal(expr(F.lpad("s", 4, "*")), call("lpad", name "s", int(4), text "*"))
  equal(expr(F.coalesce("a", 1)), call("coalesce", name "a", int(1)))
  equal(expr(F.struct { "a", "b" }), call("struct", name "a", name "b"))
  equal(expr(F.ucase "s"), call("ucase", name "s"))
  equal(expr(F.repeat_("s", 2)), call("repeat", name "s", int(2)))
  equal(expr(F["repeat"]("s", 2)), call("repeat", name "s", int(2)))
  equal(expr(F.from_json("j", "p INT")), call("from_json", name "j", text "p INT"))
  equal(expr(F.from_json("j", T.struct { { "p", T.int } }, { mode = "FAILFAST" })),
    call("from_json", name "j", text "p INT", call("map", text "mode", text "FAILFAST")))
  equal(expr(F.count_distinct("a")), { kind = "call", name = "count", distinct = true, name "a" })
end)

test("misspelt functions, wrong counts and kinds", function()
  raises(function() F.uper "s" end, { class = "UNRESOLVED_ROUTINE", hint = "`upper`" })
  raises(function() F.upper() end,
    { class = "WRONG_NUM_ARGS", message = "takes 1 argument, not 0" })
  raises(function() F.upper("a", "b") end, { message = "not 2" })
  raises(function() F.lpad("a", "b") end, { message = "argument 2 of `lpad` should be an integer" })
  raises(function() F.coalesce("a", nil) end, { message = "argument 2", hint = "misspelt" })
  raises(function() F.upper(print) end, { hint = "F.udf" })
  raises(function() F.window("t", 5) end, { hint = '"5 seconds"' })
end)

test("keywords in last place, and the gaps they leave", function()
  equal(expr(F.window("t", "10 minutes", { startTime = "5 minutes" })),
    call("window", name "t", text "10 minutes", text "10 minutes", text "5 minutes"))
  raises(function() F.window("t", { windowDuratoin = "1 minute" }) end,
    { message = "`windowDuratoin`", hint = "`windowDuration`" })
end)

test("functions of functions are called once, with Columns", function()
  local calls = 0
  local made = F.transform("xs", function(x, i)
    calls = calls + 1
    return F.transform(x, function(y) return y + i end)
  end)
  equal(calls, 1)
  local variable = function(text_) return { kind = "variable", name = text_ } end
  equal(expr(made), call("transform", name "xs", {
    kind = "lambda", parameters = { "x_1", "y_1" },
    call("transform", variable "x_1", {
      kind = "lambda", parameters = { "x_2" }, call("+", variable "x_2", variable "y_1"),
    }),
  }))
  raises(function() F.transform("xs", function(x) return x == 1 end) end,
    { message = "should return a Column" })
  raises(function() F.transform("xs", function() error "inside" end) end, {})
end)

test("functions of the script's own", function()
  local double = F.udf(function(x) return x * 2 end, "INT")
  local made = column.unwrap(double("v"))
  equal(made.kind, "udf")
  equal(bare(made[1]), name "v")
  equal(made.definition.returns, "INT")
  raises(function() F.udf("x", "INT") end, { message = "a function" })
  raises(function() F.udaf { zero = print, redcue = print } end, { hint = "`reduce`" })
end)

test("types", function()
  equal(tostring(T.struct { { "id", T.long }, { "tags", T.array(T.string) } }),
    "id BIGINT, tags ARRAY<STRING>")
  equal(tostring(T.map(T.string, T.struct():add("a b", T.decimal(5, 2), false))),
    "MAP<STRING, STRUCT<`a b`: DECIMAL(5,2) NOT NULL>>")
  equal(T.struct():add("x", T.int):simpleString(), "struct<x:int>")
  equal(T.integer == T.int, true)
  raises(function() return T.strnig end, { hint = "`string`" })
  raises(function() T.array(5) end, { message = "a type or its DDL text" })
end)
