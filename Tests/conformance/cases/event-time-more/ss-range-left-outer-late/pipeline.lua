return function(session, inputs, F)
  local l = inputs.l:withWatermark("lt", "5 minutes"):alias("l")
  local r = inputs.r:withWatermark("rt", "8 minutes"):alias("r")
  local on = F.expr("l.k = r.k AND rt BETWEEN lt - INTERVAL 3 MINUTES AND lt + INTERVAL 6 MINUTES")
  return l:join(r, on, "leftOuter"):select("l.k", "a", "lt", "r.k", "b", "rt")
end
