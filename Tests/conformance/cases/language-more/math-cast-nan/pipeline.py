def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("CAST(d AS INT) AS i"))
