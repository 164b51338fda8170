return function(session, inputs, F)
  local x = inputs.t:createOrReplaceTempView("tv3")
  return session:sql("SELECT k, v IN (1, NULL) AS i, k LIKE 'b|_d' ESCAPE '|' AS l, k ILIKE 'A%' AS il, v <=> NULL AS n FROM tv3 UNION ALL SELECT 'z', true, NOT (v = 1), NULL, v IS DISTINCT FROM 1 FROM tv3")
end
