def pipeline(spark, inputs, F):
    a = inputs["a"].withWatermark("at", "5 minutes").alias("a")
    b = inputs["b"].withWatermark("bt", "5 minutes").alias("b")
    c = inputs["c"].withWatermark("ct", "5 minutes").alias("c")
    ab = a.join(b, F.expr("a.k = b.k AND bt BETWEEN at AND at + INTERVAL 5 MINUTES")).select(F.col("a.k").alias("k"), "at").alias("ab")
    return ab.join(c, F.expr("ab.k = c.k AND ct BETWEEN at AND at + INTERVAL 5 MINUTES"), "left_outer").select("ab.k", "at", "ct")
