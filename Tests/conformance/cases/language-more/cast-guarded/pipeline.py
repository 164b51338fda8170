def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("s","CASE WHEN s RLIKE '^[0-9]+$' THEN CAST(s AS INT) ELSE -1 END AS c","try_cast(s AS INT) AS t","coalesce(try_cast(s AS INT), 0) AS z","if(s = 'x', NULL, CAST(s AS DOUBLE)) AS i"))
