return function(session, inputs, F)
  return inputs.t:selectExpr("CAST(d AS INT) AS i")
end
