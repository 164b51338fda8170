def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("n IN (array(1))"))
