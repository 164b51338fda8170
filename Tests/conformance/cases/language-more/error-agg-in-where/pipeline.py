def pipeline(spark, inputs, F):
    return (inputs["t"].where("sum(n) > 1"))
