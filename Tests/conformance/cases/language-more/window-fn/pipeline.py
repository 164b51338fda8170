def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("row_number() OVER (PARTITION BY b ORDER BY a) AS r"))
