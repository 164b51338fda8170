def pipeline(spark, inputs, F):
    s = inputs["t"].withWatermark("ts", "10 minutes").groupBy(F.session_window("ts", "10 minutes"), "k").count()
    return s.groupBy(F.window(F.window_time("session_window"), "1 hour")).agg(F.count("*").alias("sessions"), F.sum("count").alias("rows")).select("window.start", "sessions", "rows")
