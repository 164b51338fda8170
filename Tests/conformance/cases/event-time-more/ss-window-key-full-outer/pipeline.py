def pipeline(spark, inputs, F):
    l = inputs["l"].withWatermark("lt", "5 minutes").select(F.window("lt", "10 minutes").alias("w"), "k", "a")
    r = inputs["r"].withWatermark("rt", "5 minutes").select(F.window("rt", "10 minutes").alias("w"), "k", "b")
    return l.join(r, ["w", "k"], "full_outer").select("w.start", "k", "a", "b")
