return function(session, inputs, F)
  return inputs.t:select("id","v.*", F.col("v.b")[0]:alias("b0"), F.col("v.c")["k"]:alias("k"))
end
