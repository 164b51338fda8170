def pipeline(spark, inputs, F):
    t = inputs["t"].withWatermark("ts", "5 minutes")
    return t.groupBy(F.session_window("ts", "5 minutes"), "k").count().where("k <> 'x'").select("session_window.start", "k", "count")
