def pipeline(spark, inputs, F):
    return (inputs["t"].groupBy("s").agg(F.expr("sum(count(n))")))
