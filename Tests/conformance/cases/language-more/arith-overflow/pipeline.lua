return function(session, inputs, F)
  return inputs.t:select(F.col("n") + F.lit(1))
end
