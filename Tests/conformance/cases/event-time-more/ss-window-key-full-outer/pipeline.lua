return function(session, inputs, F)
  local l = inputs.l:withWatermark("lt", "5 minutes"):select(F.window("lt", "10 minutes"):alias("w"), "k", "a")
  local r = inputs.r:withWatermark("rt", "5 minutes"):select(F.window("rt", "10 minutes"):alias("w"), "k", "b")
  return l:join(r, { "w", "k" }, "fullOuter"):select("w.start", "k", "a", "b")
end
