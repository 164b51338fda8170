def pipeline(spark, inputs, F):
    return inputs["t"].withWatermark("ts", "10 minutes").distinct().groupBy(F.window("ts", "10 minutes"), "k").agg(F.count("*").alias("c"), F.count("n").alias("m")).select("window.start", "k", "c", "m")
