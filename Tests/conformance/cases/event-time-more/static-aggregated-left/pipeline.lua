return function(session, inputs, F)
  local s = inputs.s:groupBy("k"):agg(F.sum("v"):alias("v"))
  return inputs.t:withWatermark("ts", "5 minutes"):join(s, "k", "left"):groupBy(F.window("ts", "10 minutes"))
    :agg(F.sum("v"):alias("v"), F.count("v"):alias("m"), F.count("*"):alias("c")):select("window.start", "v", "m", "c")
end
