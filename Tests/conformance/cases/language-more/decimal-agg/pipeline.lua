return function(session, inputs, F)
  return inputs.t:groupBy("k"):agg(F.sum("m"):alias("s"), F.avg("m"):alias("a"), F.max("m"):alias("x"), F.count("m"):alias("c"))
end
