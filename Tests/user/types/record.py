"""Asks Spark anew for every answer of a file such as Tests/Recorded/types.tsv: python record.py FILE.

A cell `~` stays unasked; write `?` in one to have it asked for the first time. (pyspark 4.3)
"""
import os, sys, time
os.environ["TZ"] = "UTC"; time.tzset()
import py4j.java_gateway, py4j.protocol
from pyspark.sql import SparkSession

spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
         .config("spark.sql.codegen.wholeStage", "false").getOrCreate())
spark.sparkContext.setLogLevel("OFF")
gateway, session = spark._sc._gateway, spark._jsparkSession
# Errors as the JVM gives them: pyspark's own form of them takes ten times as long.
py4j.java_gateway.get_return_value = py4j.protocol.get_return_value

def texts(values):
    array = gateway.new_array(gateway.jvm.java.lang.String, len(values))
    for place, value in enumerate(values): array[place] = value
    return array

def condition(error):
    while error is not None:
        try:
            if error.getCondition(): return error.getCondition()
        except py4j.protocol.Py4JError: pass
        error = error.getCause()

def ask(query, wants_values, wants_types):
    try:
        df = session.sql(query)
        types = [field.dataType().simpleString() for field in df.schema().fields()]
        if not wants_values: return ",".join(types)
        names = [f"c{place}" for place in range(len(types))]
        cells = [f"hex({n})" if t == "binary" else f"cast({n} as string)" for n, t in zip(names, types)]
        rows = df.toDF(texts(names)).selectExpr(texts(cells)).collectAsList()
        lines = [" | ".join("\\N" if row.get(n) is None else row.get(n) for n in range(len(types)))
                 for row in rows]
        value = "\n".join(lines).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        return (", ".join(types) if wants_types else "") + "=" + value
    except py4j.protocol.Py4JJavaError as error:
        found = condition(error.java_exception)
        return f"!{codes.setdefault(found, len(codes))}" if found else "~"

codes, head, body, query, columns = {}, [], [], None, []
for line in open(sys.argv[1], encoding="utf-8").read().splitlines():
    mark, rest = line[:2], line[2:]
    if mark == "! ": continue
    if mark in ("# ", "t "): head.append(line)
    elif mark in ("= ", "> "): body.append(line)
    if mark == "t ": spark.sql(rest).createOrReplaceTempView("t")
    elif mark == "= ": query = rest
    elif mark == "> ": columns = rest.split("\t")
    elif mark not in ("# ",):
        first, *cells = line.split("\t")
        for place, cell in enumerate(cells):
            if cell == "~": continue
            text = query.replace("{a}", first).replace("{b}", columns[place])
            cells[place] = ask(text, query.startswith("SELECT CAST") or query == "{a}", query == "{a}")
        body.append("\t".join([first] + cells))
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("\n".join(head + [f"! {number} {name}" for name, number in codes.items()] + body) + "\n")
os._exit(0)
