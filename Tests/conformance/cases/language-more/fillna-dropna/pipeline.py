def pipeline(spark, inputs, F):
    return (inputs["t"].fillna({"s": "?", "n": 0}).dropna("any", None, ["d"]).replace("A","B"))
