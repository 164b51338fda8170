def pipeline(spark, inputs, F):
    return (inputs["t"].withColumns({"n": F.col("n") + F.lit(1).cast("bigint"), "z": F.upper("s")}).select("id","s","n","d","z"))
