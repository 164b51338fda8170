def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("nvl(n)"))
