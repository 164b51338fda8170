def pipeline(spark, inputs, F):
    return (inputs["t"].select(F.from_json("j","b BOOLEAN, y TINYINT, i INT, l BIGINT, f FLOAT, d DOUBLE, m DECIMAL(5,2), s STRING, bin BINARY, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, a ARRAY<INT>, mp MAP<STRING, INT>, st STRUCT<z: INT>").alias("r")).select("r.*"))
