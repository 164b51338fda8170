def pipeline(spark, inputs, F):
    return (inputs["t"].select("id").limit(4))
