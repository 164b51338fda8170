return function(session, inputs, F)
  return inputs.t:selectExpr("n div 0")
end
