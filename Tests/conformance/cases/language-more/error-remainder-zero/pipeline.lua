return function(session, inputs, F)
  return inputs.t:selectExpr("n % 0")
end
