def pipeline(spark, inputs, F):
    return (inputs["t"].select("j", F.from_json("j","a INT, b STRING, _corrupt_record STRING").alias("p"), F.from_json("j","a INT, b STRING", {"mode": "PERMISSIVE"}).alias("q")))
