return function(session, inputs, F)
  local x = inputs.t:createOrReplaceTempView("tv1")
  return session:sql("WITH c AS (SELECT k, v * 2 AS w FROM tv1 WHERE v > 1) SELECT k, sum(w) AS s, count(*) AS n FROM (SELECT * FROM c) q GROUP BY k HAVING sum(w) > 2")
end
