def pipeline(spark, inputs, F):
    gap = F.expr("concat(n, ' minutes')")
    return (inputs["t"].withWatermark("ts", "15 minutes").groupBy(F.session_window("ts", gap).alias("w"), "k")
            .agg(F.count("*").alias("c"), F.sum("n").alias("s")).select("w.start", "w.end", "k", "c", "s"))
