def pipeline(spark, inputs, F):
    d = inputs["t"].withWatermark("ts", "5 minutes").dropDuplicates(["ts", "k", "n"])
    a = d.groupBy(F.window("ts", "5 minutes"), "k").agg(F.count("*").alias("c"))
    b = a.groupBy(F.window(F.window_time("window"), "15 minutes"), "k").agg(F.sum("c").alias("c"))
    return b.groupBy(F.window(F.window_time("window"), "1 hour")).agg(F.sum("c").alias("c"), F.max("c").alias("m")).select("window.start", "c", "m")
