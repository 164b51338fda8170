def pipeline(spark, inputs, F):
    t = inputs["t"].withWatermark("ts", "5 minutes")
    return t.groupBy(F.window("ts", "5 minutes"), "k").count().where("k <> 'x'").select("window.start", "k", "count")
