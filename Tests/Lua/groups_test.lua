local F = require "moontide.functions"
local dataframe = require "moontide.dataframe"
local engine = require "moontide.engine"
local moontide = require "moontide"
local tests = require "moontide.tests"

local bare, equal, raises, test = tests.bare, tests.equal, tests.raises, tests.test
local df = moontide.session {}:range(10)
local function node(d) return bare(dataframe.unwrap(d)) end

test("aggregates", function()
  local made = node(df:groupBy("k", F.upper "s"):agg(F.sum("v"):alias "s"))
  equal(made.op, "aggregate")
  equal(#made.keys, 2)
  equal(made.aggregates[1].names, { "s" })
  equal(node(df:groupBy("k"):count()).aggregates[1].names, { "count" })
  equal(node(df:agg { v = "sum", ["*"] = "count" }).aggregates[1].name, "count")
  equal(node(df:groupBy("k"):sum("v", "d")).aggregates[2].name, "sum")
  equal(#node(df:groupBy("v"):avg()).aggregates, 1)
  equal(node(df:rollup("k"):count()).grouping, "rollup")
  raises(function() df:groupBy("k"):agg("v") end, { message = "a Column" })
  raises(function() df:groupBy("k"):agg() end, { message = "argument 1" })
  raises(function() df:groupBy("k"):cuont() end, { hint = "`count`" })
  raises(function() return df:groupBy("k").value end, { class = "ATTRIBUTE_NOT_SUPPORTED" })
end)

test("pivot", function()
  local made = node(df:groupBy("k"):pivot("c", { "x", "y" }):sum("v"))
  equal(made.pivotColumn.name, "c")
  equal(made.pivotValues[2].value, "y")
  equal(#made.aggregates, 1)
  engine.rows = { { "z" } }
  local found = node(df:groupBy("k"):pivot("c"):agg(F.sum "v", F.max "v"))
  equal(#found.aggregates, 2)
  equal(found.pivotValues[1][1].value, "z")
  engine.rows = nil
end)

test("state", function()
  local options = { outputSchema = "k STRING", stateSchema = "n INT", timeout = "eventTime" }
  local made = node(df:groupBy("k"):flatMapGroupsWithState(options, print))
  equal(made.outputMode, "update")
  equal(made.timeout, "eventTime")
  raises(function() df:groupBy("k"):flatMapGroupsWithState({ outputShcema = "x INT" }, print) end,
    { hint = "`outputSchema`" })
  raises(function() df:groupBy("k"):flatMapGroupsWithState(options) end, { message = "argument 2" })
  options.timeout = "evnetTime"
  raises(function() df:groupBy("k"):mapGroupsWithState(options, print) end,
    { hint = "`eventTime`" })
  local tws = node(df:groupBy("k"):transformWithState {
    outputSchema = "k STRING", timeMode = "none", handleInputRows = print,
  })
  equal(tws.host.handleInputRows, print)
  raises(function() df:groupBy("k"):transformWithState { outputSchema = "k INT" } end,
    { message = "`handleInputRows`" })
end)
