return function(session, inputs, F)
  return inputs.t:groupBy("k"):agg(F.first("v"):alias("f"), F.first("v", true):alias("fi"), F.last("v"):alias("l"), F.last("v", true):alias("li"), F.any_value("v", true):alias("a"))
end
