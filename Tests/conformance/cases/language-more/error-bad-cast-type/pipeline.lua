return function(session, inputs, F)
  return inputs.t:select(F.col("n"):cast("array<int>"))
end
