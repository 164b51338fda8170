return function(session, inputs, F)
  return inputs.t:selectExpr("to_date(s, 'yyyy-MM-dd')")
end
