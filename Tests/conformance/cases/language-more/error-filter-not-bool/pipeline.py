def pipeline(spark, inputs, F):
    return (inputs["t"].where("n + 1"))
