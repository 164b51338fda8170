def pipeline(spark, inputs, F):
    return inputs["t"].withWatermark("ts", "5 minutes").groupBy(F.window("ts", "10 minutes"), "k").agg(F.sum("n").alias("s")).select("window.start", "k", "s")
