return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  return t:groupBy(F.window("ts", "5 minutes"), "k"):count():where("k <> 'x'"):select("window.start", "k", "count")
end
