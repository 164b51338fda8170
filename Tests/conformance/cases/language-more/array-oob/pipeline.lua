return function(session, inputs, F)
  return inputs.t:select(F.col("a"):getItem(0))
end
