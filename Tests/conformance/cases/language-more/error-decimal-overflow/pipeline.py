def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("CAST(n AS DECIMAL(2,1))"))
