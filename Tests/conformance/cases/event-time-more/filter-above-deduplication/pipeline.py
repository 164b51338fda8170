def pipeline(spark, inputs, F):
    t = inputs["t"].withWatermark("ts", "5 minutes")
    return t.dropDuplicates(["k", "ts"]).where("k <> 'x'")
