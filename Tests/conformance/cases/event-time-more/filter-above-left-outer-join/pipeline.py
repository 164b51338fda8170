def pipeline(spark, inputs, F):
    l = inputs["l"].withWatermark("lt", "5 minutes").alias("l")
    r = inputs["r"].withWatermark("rt", "5 minutes").alias("r")
    on = F.expr("l.k = r.k AND rt BETWEEN lt - INTERVAL 5 MINUTES AND lt + INTERVAL 5 MINUTES")
    return l.join(r, on, "left_outer").where("a <> 'x'").select("l.k", "lt", "a", "rt", "b")
