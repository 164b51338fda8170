return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  return t:withColumn("m", F.expr("n % 2")):select("ts", "k", "m"):where("m = 1 AND k <> 'x'"):groupBy(F.window("ts", "5 minutes"), "k"):count():select("window.start", "k", "count")
end
