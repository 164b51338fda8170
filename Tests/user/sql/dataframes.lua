-- Methods of DataFrames and Columns that no conformance case has, held against what Spark 4.3 answered.
local moontide = require "moontide"
local F = require "moontide.functions"
local json = require "moontide.json"
local session = moontide.session {}
local null = moontide.null

local checked = 0

local function rows(df)
  local out = {}
  for row in df:toLocalIterator() do
    local list = {}
    for position = 1, #row do list[position] = row[position] == nil and null or row[position] end
    out[#out + 1] = list
  end
  return out
end

local function same(what, got, wanted)
  checked = checked + 1
  local text = json.encode(got)
  if text ~= wanted then error(("%s:\n  wanted %s\n  got    %s"):format(what, wanted, text), 2) end
end

local function refused(class, build)
  checked = checked + 1
  local ok, failure = pcall(function() return build():collect() end)
  assert(not ok and failure.class == class, ("%s, not %s"):format(class, tostring(failure)))
end

local nested = session:sql [[
  SELECT named_struct('a', 1, 'b', named_struct('c', 'x', 'd', 2.5D)) s, CAST(NULL AS STRUCT<a: INT>) n]]
local s = nested.s
local function text(column) return rows(nested:select(F.to_json(column)))[1][1] end
same("withField", text(s:withField("a", F.lit(9))), [["{\"a\":9,\"b\":{\"c\":\"x\",\"d\":2.5}}"]])
same("a new field", text(s:withField("z", F.lit "é")),
  [["{\"a\":1,\"b\":{\"c\":\"x\",\"d\":2.5},\"z\":\"é\"}"]])
same("in a struct", text(s:withField("b.c", F.lit(1)):withField("b.e", F.lit(2))),
  [["{\"a\":1,\"b\":{\"c\":1,\"d\":2.5,\"e\":2}}"]])
same("a name with a dot", text(s:withField("`x.y`", F.lit(1))),
  [["{\"a\":1,\"b\":{\"c\":\"x\",\"d\":2.5},\"x.y\":1}"]])
same("dropFields", text(s:dropFields("a", "b.d", "zz")), [["{\"b\":{\"c\":\"x\"}}"]])
same("of NULL", rows(nested:select(nested.n:withField("b", F.lit(1)))), "[[null]]")
same("its name", nested:select(s:withField("a", F.lit(9))).columns[1],
  '"update_fields(s, WithField(9))"')
refused("FIELD_NOT_FOUND", function() return nested:select(s:withField("q.c", F.lit(1))) end)
refused("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS",
  function() return nested:select(s:dropFields("a", "b")) end)
refused("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
  function() return session:range(1):select(F.col "id":withField("a", F.lit(1))) end)

local df = session:createDataFrame({
  { 1, 11, 1.5, "a", nil }, { 2, 12, 2.5, "b", true }, { 3, nil, 0 / 0, nil, false },
}, "id INT, x BIGINT, y DOUBLE, s STRING, f BOOLEAN")

same("unpivot", rows(df:limit(2):unpivot("id", { "x", "y" }, "name", "value")),
  '[[1,"x",11.0],[1,"y",1.5],[2,"x",12.0],[2,"y",2.5]]')
same("unpivot the rest", rows(df:select("id", "x"):melt({ "id" }, nil, "name", "value")),
  '[[1,"x",11],[2,"x",12],[3,"x",null]]')
same("unpivot expressions",
  rows(df:limit(1):unpivot({}, { F.col "x", (F.col "y" + 1):alias "q" }, "name", "value")),
  '[["x",11.0],["q",2.5]]')
refused("UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
  function() return df:unpivot("id", { "x", "s" }, "name", "value") end)
refused("UNPIVOT_REQUIRES_VALUE_COLUMNS",
  function() return df:unpivot("id", {}, "name", "value") end)

local last = df:tail(2)
same("tail", { #last, last[1].id, last[2].id }, "[2,2,3]")
same("tail of few", #df:tail(10), "3")
same("toJSON", rows(df:toJSON()), [==[[["{\"id\":1,\"x\":11,\"y\":1.5,\"s\":\"a\"}"],]==]
  .. [==[["{\"id\":2,\"x\":12,\"y\":2.5,\"s\":\"b\",\"f\":true}"],]==]
  .. [==[["{\"id\":3,\"y\":\"NaN\",\"f\":false}"]]]==])
same("offset", rows(df:select("id"):offset(1)), "[[2],[3]]")
refused("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", function() return df:offset(-1) end)
refused("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", function() return df:limit(-1) end)

same("summary", rows(df:summary():select("summary", "id", "x", "y", "s")),
  '[["count","3","2","3","2"],["mean","2.0","11.5","NaN",null],'
    .. '["stddev","1.0","0.7071067811865476","NaN",null],["min","1","11","1.5","a"],'
    .. '["25%","1","11","1.5",null],["50%","2","11","2.5",null],["75%","3","12","NaN",null],'
    .. '["max","3","12","NaN","b"]]')
same("statistics named", rows(df:summary("10%", "count_distinct", "approx_count_distinct")),
  '[["10%","1","11","1.5",null],["count_distinct","3","2","3","2"],'
    .. '["approx_count_distinct","3","2","3","2"]]')
refused("UNRECOGNIZED_STATISTIC", function() return df:summary "foo" end)
same("corr", ("%.10f"):format(df:corr("id", "x")), '"-0.8260331876"')
same("cov", df.stat:cov("id", "x"), "-5.5")
same("approxQuantile", session:range(101):approxQuantile("id", { 0, 0.25, 0.5, 1 }, 0),
  "[0.0,25.0,50.0,100.0]")
same("of several columns", df:approxQuantile({ "id", "y" }, { 0.5 }, 0.1), "[[2.0],[1.5]]")
local counted = session:sql [[
  SELECT * FROM VALUES (1,'a'), (1,'b'), (2,'a'), (2,'a'), (NULL,'c'), (3,NULL) t(k, v)]]
local crossed = counted:crosstab("k", "v")
same("crosstab", crossed.columns, '["k_v","a","b","c","null"]')
same("its counts", rows(crossed:orderBy "k_v"),
  '[["1",1,1,0,0],["2",2,0,0,0],["3",0,0,0,1],["null",0,0,1,0]]')

local function ids(frame)
  local out = {}
  for row in frame:toLocalIterator() do out[#out + 1] = row.id end
  return out
end
local forty = session:range(40):coalesce(1)
same("sample", ids(forty:sample(0.3, 42)), "[3,7,16,18,26,27,31,36,38]")
same("of another seed", ids(forty:sample(false, 0.6, 7)),
  "[0,1,4,6,8,11,13,15,17,19,20,25,26,27,30,31,32,33,36,38,39]")
local parts = session:range(20):coalesce(1):randomSplit({ 1, 2 }, 24)
same("randomSplit", { ids(parts[1]), ids(parts[2]) },
  "[[2,5,6,15,17],[0,1,3,4,7,8,9,10,11,12,13,14,16,18,19]]")
same("sampleBy",
  ids(session:range(20):coalesce(1):sampleBy("id", { [1] = 1, [2] = 0.5, [3] = 0, [4] = 0.9 }, 7)),
  "[1,4]")
-- The numbers of a batch in the middle of a partition do not hang on the size of the batches.
local whole = rows(session:range(20000):coalesce(1):select(F.rand(3), F.uniform(0, 1000, 5)))
session.conf:set("moontide.columnBatch.rows", 7)
local pieces = rows(session:range(20000):coalesce(1):select(F.rand(3), F.uniform(0, 1000, 5)))
session.conf:unset "moontide.columnBatch.rows"
assert(json.encode(whole) == json.encode(pieces), "rand(seed) hangs on the batches")

local function column(name, frame) return rows(frame:select(name)) end
same("replace", column("id", df:replace(1, 100)), "[[100],[2],[3]]")
same("by NULL", column("s", df.na:replace({ "a", "b" }, { "A", null }, "s")), '[["A"],[null],[null]]')
same("by a table", column("id", df:replace { [1] = 5.5, [2] = null }), "[[5],[null],[3]]")
same("booleans", column("f", df:replace(true, false)), "[[null],[false],[false]]")
same("NaN", column("y", df:replace(0 / 0, 0.0)), "[[1.5],[2.5],[0.0]]")
refused("MIXED_TYPE_REPLACEMENT", function() return df:replace("a", 1) end)
refused("LENGTH_SHOULD_BE_THE_SAME", function() return df:replace({ 1, 2 }, { 3 }) end)
same("na", column("x", df.na:fill(0)), "[[11],[12],[0]]")
same("na.drop", column("id", df.na:drop()), "[[2]]")

df:createTempView "people"
refused("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", function() df:createTempView "people" return df end)
same("listColumns", session.catalog:listColumns("people")[2].dataType, '"bigint"')
same("functionExists", { session.catalog:functionExists "UPPER", session.catalog:functionExists "uper" },
  "[true,false]")
same("call_function", rows(df:select(F.call_function("upper", df.s))), '[["A"],["B"],[null]]')
refused("UNRESOLVED_ROUTINE", function() return df:select(F.call_function("uper", df.s)) end)
same("groupingSets",
  rows(df:groupingSets({ { "id" }, { "s" }, {} }, "id", "s"):agg(F.sum "x"):orderBy("id", "s", "sum(x)")),
  "[[null,null,null],[null,null,23],[null,\"a\",11],[null,\"b\",12],[1,null,11],[2,null,12],[3,null,null]]")
same("hint", rows(df:hint "broadcast":hint("coalesce", 1):select "id"), "[[1],[2],[3]]")
refused("VALUE_NOT_ALLOWED", function() return df:hint "brodcast" end)
print(checked .. " answers as Spark gives them")
