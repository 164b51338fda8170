def pipeline(spark, inputs, F):
    return (inputs["t"].selectExpr("hour(ts) AS h","date_format(ts, 'yyyy-MM-dd HH:mm:ss XXX zzz') AS f","CAST(s AS TIMESTAMP) AS c","CAST(ts AS STRING) AS st","date_trunc('DAY', ts) AS tr","ts + INTERVAL 1 DAY AS p","from_utc_timestamp(ts, 'America/New_York') AS ny","to_date(s) AS d","unix_timestamp(s) AS u"))
