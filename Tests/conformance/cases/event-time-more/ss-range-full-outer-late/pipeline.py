def pipeline(spark, inputs, F):
    l = inputs["l"].withWatermark("lt", "5 minutes").alias("l")
    r = inputs["r"].withWatermark("rt", "8 minutes").alias("r")
    on = F.expr("l.k = r.k AND rt BETWEEN lt - INTERVAL 3 MINUTES AND lt + INTERVAL 6 MINUTES")
    return l.join(r, on, "full_outer").select("l.k", "a", "lt", "r.k", "b", "rt")
