def pipeline(spark, inputs, F):
    return (inputs["t"].unpivot("id", ["x","y"], "k", "v"))
