return function(session, inputs, F)
  return inputs.t:selectExpr("nvl(n)")
end
