def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.col("n").cast("integr")))
