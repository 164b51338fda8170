return function(session, inputs, F)
  return inputs.t:selectExpr("regexp_replace(s, '(', '')")
end
