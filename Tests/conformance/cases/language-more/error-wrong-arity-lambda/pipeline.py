def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("transform(array(1), (a, b, c) -> a)"))
