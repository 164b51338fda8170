def pipeline(spark, inputs, F):
    return (inputs["t"].unionByName(inputs["u"], True))
