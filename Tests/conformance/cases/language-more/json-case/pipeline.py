def pipeline(spark, inputs, F):
    return (inputs["t"])
