return function(session, inputs, F)
  local t = inputs.t:withWatermark("ts", "5 minutes")
  local x = t:select(F.col("ts"):alias("xt"), F.col("k"):alias("xk"), F.col("n"):alias("xn"))
  local y = t:select(F.col("ts"):alias("yt"), F.col("k"):alias("yk"), F.col("n"):alias("yn"))
  return x:join(y, F.expr("xk = yk AND yt > xt AND yt <= xt + INTERVAL 4 MINUTES")):select("xk", "xn", "yn")
end
