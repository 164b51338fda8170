def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("array_repeat(n, -1) AS r, sequence(1, 3, 0)"))
