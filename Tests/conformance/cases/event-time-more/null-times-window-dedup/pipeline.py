def pipeline(spark, inputs, F):
    return inputs["t"].withWatermark("ts", "5 minutes").dropDuplicates(["ts", "k"])
