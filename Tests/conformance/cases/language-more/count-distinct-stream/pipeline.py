def pipeline(spark, inputs, F):
    return (inputs["t"].groupBy("k").agg(F.count_distinct("v")))
