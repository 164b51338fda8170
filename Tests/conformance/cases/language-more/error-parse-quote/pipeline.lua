return function(session, inputs, F)
  return inputs.t:selectExpr("'abc")
end
