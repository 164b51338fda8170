def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("map(n, 1, n, 2)"))
