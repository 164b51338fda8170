def pipeline(spark, inputs, F):
    return (inputs["t"].select("id", F.col("v").getField("a").alias("a"), F.try_element_at(F.col("v.b"), F.lit(5)).alias("e"), F.col("v.c").getItem("zz").alias("zz"), F.get(F.col("v.b"), 7).alias("g")))
