return function(session, inputs, F)
  return inputs.t:selectExpr("idd + 1")
end
