return function(session, inputs, F)
  return inputs.t:groupBy("s"):agg(F.expr("max(map(1, 2)) AS m"))
end
