return function(session, inputs, F)
  return inputs.t:select("k", F.col("n"):alias("v")):exceptAll(inputs.s)
end
