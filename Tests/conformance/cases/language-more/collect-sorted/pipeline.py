def pipeline(spark, inputs, F):
    return (inputs["t"].groupBy("k").agg(F.sort_array(F.collect_list("v")).alias("l"), F.sort_array(F.collect_set("v"), False).alias("s"), F.size(F.collect_list("v")).alias("n")))
