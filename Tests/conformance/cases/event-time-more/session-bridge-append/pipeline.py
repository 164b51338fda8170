def pipeline(spark, inputs, F):
    return (inputs["t"].withWatermark("ts", "20 minutes").groupBy(F.session_window("ts", "7 minutes"), "k")
            .agg(F.sum("n").alias("s"), F.collect_list("n").alias("l")).select("session_window", "k", "s", F.sort_array("l").alias("l")))
