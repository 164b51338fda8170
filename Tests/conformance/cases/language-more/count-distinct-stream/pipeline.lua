return function(session, inputs, F)
  return inputs.t:groupBy("k"):agg(F.count_distinct("v"))
end
