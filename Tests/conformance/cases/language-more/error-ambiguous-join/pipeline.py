def pipeline(spark, inputs, F):
    return (inputs["t"].alias("a").join(inputs["t"].alias("b"), F.expr("a.id = b.id")).select("id"))
