return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  return t:where("k <> 'x'"):groupBy(F.window("ts", "5 minutes"), "k"):count():select("window.start", "k", "count")
end
