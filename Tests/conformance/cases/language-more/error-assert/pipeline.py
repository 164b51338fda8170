def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.assert_true(F.expr("id < 0"), "neg")))
