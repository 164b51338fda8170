def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("to_date(s, 'yyyy-MM-dd')"))
