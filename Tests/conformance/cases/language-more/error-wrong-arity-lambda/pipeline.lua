return function(session, inputs, F)
  return inputs.t:selectExpr("transform(array(1), (a, b, c) -> a)")
end
