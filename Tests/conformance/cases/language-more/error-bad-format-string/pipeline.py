def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("format_string('%d', s)"))
