def pipeline(spark, inputs, F):
    return (inputs["t"].rollup("a","b").agg(F.sum("v").alias("s"), F.grouping_id().alias("g"), F.grouping("b").alias("gb")))
