return function(session, inputs, F)
  return inputs.t:selectExpr("n +")
end
