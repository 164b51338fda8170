return function(session, inputs, F)
  return inputs.t:groupBy(F.expr("sum(n)")):count()
end
