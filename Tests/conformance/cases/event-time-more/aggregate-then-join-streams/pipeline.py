def pipeline(spark, inputs, F):
    l = inputs["l"].withWatermark("lt", "5 minutes").groupBy(F.window("lt", "10 minutes").alias("w")).agg(F.count("*").alias("lc"))
    r = inputs["r"].withWatermark("rt", "5 minutes").groupBy(F.window("rt", "10 minutes").alias("w")).agg(F.count("*").alias("rc"))
    return l.join(r, "w", "left_outer").select("w.start", "lc", "rc")
