return function(session, inputs, F)
  local l = inputs.t:join(inputs.k, "a", "left"):select("a","v","k")
  local s = inputs.t:join(inputs.k, "a", "left_semi"):select("a","v",F.lit("semi"):alias("k"))
  local n = inputs.t:join(inputs.k, "a", "left_anti"):select("a","v",F.lit("anti"):alias("k"))
  return l:union(s):union(n)
end
