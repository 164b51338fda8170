def pipeline(spark, inputs, F):
    e = inputs["t"].select("id", F.posexplode_outer("a").alias("p","v")).select("id", F.col("p").cast("string").alias("p"), "v")
    m = inputs["t"].select("id", F.explode_outer("m").alias("p","v")).select("id", "p", F.col("v").cast("string").alias("v"))
    s = inputs["t"].select("id", F.stack(F.lit(2), F.lit("s1"), F.lit("v1"), F.lit("s2"), F.lit("v2")).alias("p","v"))
    return (e.union(m).union(s))
