def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.col("v").withField("b.e", F.lit(1)).alias("w"), F.col("v").dropFields("a","b.d").alias("x")))
