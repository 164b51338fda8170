def pipeline(spark, inputs, F):
    return inputs["t"].dropDuplicates(["k"]).where("n > 10").select("k").limit(5)
