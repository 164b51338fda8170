def pipeline(spark, inputs, F):
    return (inputs["t"].groupBy(F.expr("sum(n)")).count())
