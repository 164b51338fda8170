return function(session, inputs, F)
  return inputs.t:groupBy(F.upper("k"):alias("u"), (F.col("v") % F.lit(2)):alias("odd")):agg(F.count(F.lit(1)):alias("c"), F.sum("v"):alias("s"))
end
