return function(session, inputs, F)
  return inputs.t:selectExpr("n IN (array(1))")
end
