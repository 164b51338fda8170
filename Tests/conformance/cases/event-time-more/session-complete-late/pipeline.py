def pipeline(spark, inputs, F):
    return (inputs["t"].withWatermark("ts", "5 minutes").groupBy(F.session_window("ts", "5 minutes"), "k")
            .agg(F.sum("n").alias("s")).select("session_window.start", "session_window.end", "k", "s"))
