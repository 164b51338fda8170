return function(session, inputs, F)
  local l = inputs.l:withWatermark("lt", "5 minutes"):where("k > 1"):alias("l")
  local r = inputs.r:withWatermark("rt", "5 minutes"):alias("r")
  local on = F.expr("l.k = r.k AND rt BETWEEN lt - INTERVAL 5 MINUTES AND lt + INTERVAL 5 MINUTES")
  return l:join(r, on):select("l.k", "lt", "a", "rt", "b")
end
