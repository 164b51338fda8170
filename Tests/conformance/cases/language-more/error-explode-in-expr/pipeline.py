def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("explode(array(1)) + 1"))
