def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.expr("date_add('x', 'y')")))
