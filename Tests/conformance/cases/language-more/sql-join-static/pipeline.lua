return function(session, inputs, F)
  local x = inputs.t:createOrReplaceTempView("tv2")
  local y = inputs.k:createOrReplaceTempView("kv2")
  return session:sql("SELECT t.k, t.v, d.name, CASE WHEN d.name IS NULL THEN 'none' ELSE upper(d.name) END AS u FROM tv2 t LEFT JOIN kv2 d ON t.k = d.k AND t.v BETWEEN 0 AND 3")
end
