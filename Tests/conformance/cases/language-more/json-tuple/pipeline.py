def pipeline(spark, inputs, F):
    return (inputs["t"].select("j", F.json_tuple("j","a","b","e","zz").alias("a","b","e","z"), F.get_json_object("j","$.b.c[2].d").alias("d"), F.get_json_object("j","$.b.c[*]").alias("all")))
