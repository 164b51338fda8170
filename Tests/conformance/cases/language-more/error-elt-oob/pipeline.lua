return function(session, inputs, F)
  return inputs.t:selectExpr("elt(9, s, s)")
end
