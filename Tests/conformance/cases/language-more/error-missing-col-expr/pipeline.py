def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("idd + 1"))
