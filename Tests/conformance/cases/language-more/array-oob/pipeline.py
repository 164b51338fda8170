def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.col("a").getItem(0)))
