return function(session, inputs, F)
  local a = inputs.a:withWatermark("at", "5 minutes"):alias("a")
  local b = inputs.b:withWatermark("bt", "5 minutes"):alias("b")
  local c = inputs.c:withWatermark("ct", "5 minutes"):alias("c")
  local ab = a:join(b, F.expr("a.k = b.k AND bt BETWEEN at AND at + INTERVAL 5 MINUTES")):select(F.col("a.k"):alias("k"), "at"):alias("ab")
  return ab:join(c, F.expr("ab.k = c.k AND ct BETWEEN at AND at + INTERVAL 5 MINUTES"), "leftOuter"):select("ab.k", "at", "ct")
end
