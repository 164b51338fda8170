def pipeline(spark, inputs, F):
    return (inputs["t"].dropna("all", None, ["s","n"]).dropna("any", 3))
