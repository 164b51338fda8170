return function(session, inputs, F)
  return inputs.t:selectExpr("a - b AS diff","a + make_dt_interval(n, 1) AS p","a - INTERVAL '1-1' YEAR TO MONTH AS y","CAST(a AS DATE) - CAST(b AS DATE) AS dd","(a - b) * n AS m","CAST(a AS DATE) + n AS dn","add_months(a, n) AS am","months_between(a, b) AS mb","date_diff(a, b) AS df","(a - b) > INTERVAL 59 DAY AS gt","extract(DAY FROM a - b) AS ed")
end
