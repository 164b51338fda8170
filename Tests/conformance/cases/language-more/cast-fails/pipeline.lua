return function(session, inputs, F)
  return inputs.t:select(F.col("s"):cast("int"))
end
