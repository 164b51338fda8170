def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.expr("upper(array(1))")))
