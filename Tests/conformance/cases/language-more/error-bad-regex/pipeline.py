def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("regexp_replace(s, '(', '')"))
