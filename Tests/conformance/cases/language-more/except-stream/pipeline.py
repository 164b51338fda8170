def pipeline(spark, inputs, F):
    return (inputs["t"].subtract(inputs["u"]))
