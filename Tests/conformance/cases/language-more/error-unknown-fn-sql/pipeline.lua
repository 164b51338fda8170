return function(session, inputs, F)
  return inputs.t:selectExpr("uppper(s)")
end
