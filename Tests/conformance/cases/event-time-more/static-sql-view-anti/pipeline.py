def pipeline(spark, inputs, F):
    inputs["t"].createOrReplaceTempView("events")
    inputs["s"].createOrReplaceTempView("names")
    return spark.sql("SELECT e.k, e.n, s.v FROM events e JOIN names s ON e.k = s.k AND s.v > 1 UNION ALL SELECT k, n, -1 FROM events e LEFT ANTI JOIN names s ON e.k = s.k")
