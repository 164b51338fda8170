def pipeline(spark, inputs, F):
    return (inputs["t"].join(inputs["k"], "a", "right"))
