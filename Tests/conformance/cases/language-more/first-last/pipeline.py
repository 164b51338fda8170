def pipeline(spark, inputs, F):
    return (inputs["t"].groupBy("k").agg(F.first("v").alias("f"), F.first("v", True).alias("fi"), F.last("v").alias("l"), F.last("v", True).alias("li"), F.any_value("v", True).alias("a")))
