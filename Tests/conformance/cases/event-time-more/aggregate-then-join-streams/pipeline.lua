return function(session, inputs, F)
  local l = inputs.l:withWatermark("lt", "5 minutes"):groupBy(F.window("lt", "10 minutes"):alias("w")):agg(F.count("*"):alias("lc"))
  local r = inputs.r:withWatermark("rt", "5 minutes"):groupBy(F.window("rt", "10 minutes"):alias("w")):agg(F.count("*"):alias("rc"))
  return l:join(r, "w", "leftOuter"):select("w.start", "lc", "rc")
end
