def pipeline(spark, inputs, F):
    return (inputs["t"].withWatermark("ts", "3 minutes")
            .groupBy(F.window("ts", "10 minutes", "4 minutes", "1 minute"), "k").agg(F.sum("n").alias("s"), F.min("ts").alias("first"))
            .select("window", "k", "s", "first"))
