return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  return t:select(F.window("ts", "5 minutes"):alias("w"), "k"):where("k <> 'x' AND w.start > TIMESTAMP '2024-01-01 12:00:00'"):groupBy("w", "k"):count():select("w.start", "k", "count")
end
