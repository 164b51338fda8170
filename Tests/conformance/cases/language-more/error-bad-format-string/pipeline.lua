return function(session, inputs, F)
  return inputs.t:selectExpr("format_string('%d', s)")
end
