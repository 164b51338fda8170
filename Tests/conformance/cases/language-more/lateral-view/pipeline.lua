return function(session, inputs, F)
  local x = inputs.t:createOrReplaceTempView("tv4")
  return session:sql("SELECT id, x, y FROM tv4 LATERAL VIEW OUTER explode(a) e AS x LATERAL VIEW explode(array(10, 20)) f AS y WHERE coalesce(x, 0) < y - 9")
end
