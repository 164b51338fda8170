def pipeline(spark, inputs, F):
    x = inputs["t"].createOrReplaceTempView("tv2")
    y = inputs["k"].createOrReplaceTempView("kv2")
    return (spark.sql("SELECT t.k, t.v, d.name, CASE WHEN d.name IS NULL THEN 'none' ELSE upper(d.name) END AS u FROM tv2 t LEFT JOIN kv2 d ON t.k = d.k AND t.v BETWEEN 0 AND 3"))
