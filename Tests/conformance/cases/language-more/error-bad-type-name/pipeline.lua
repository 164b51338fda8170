return function(session, inputs, F)
  return inputs.t:select(F.col("n"):cast("integr"))
end
