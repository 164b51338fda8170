def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.element_at("a", 0)))
