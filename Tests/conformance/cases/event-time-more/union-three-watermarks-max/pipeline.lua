return function(session, inputs, F)
  local a = inputs.a:withWatermark("at", "10 minutes"):select(F.col("at"):alias("ts"), "k")
  local b = inputs.b:withWatermark("bt", "5 minutes"):select(F.col("bt"):alias("ts"), "k")
  local c = inputs.c:withWatermark("ct", "8 minutes"):select(F.col("ct"):alias("ts"), "k")
  return a:union(b):union(c):groupBy(F.window("ts", "10 minutes"), "k"):count():select("window.start", "k", "count")
end
