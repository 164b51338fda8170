return function(session, inputs, F)
  return inputs.t:selectExpr("explode(array(1)) + 1")
end
