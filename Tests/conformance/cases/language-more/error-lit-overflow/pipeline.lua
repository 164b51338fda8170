return function(session, inputs, F)
  return inputs.t:selectExpr("9223372036854775808L")
end
