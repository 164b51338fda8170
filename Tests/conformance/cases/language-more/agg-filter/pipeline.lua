return function(session, inputs, F)
  return inputs.t:groupBy("k"):agg(F.expr("sum(v) FILTER (WHERE v > 0) AS p"), F.expr("count(*) FILTER (WHERE v IS NULL) AS nulls"), F.expr("count_if(v < 0) AS neg"))
end
