#!/usr/bin/env python3
"""Asks Spark which streaming queries it refuses, and writes refusals.jsonl: one line a query with its
name, and the class and message of the error at `start()` (or of the action); null where it starts.
The queries are those of Tests/user/streams/refusals.lua, under the same names. Nothing is run.

usage: refusals.py, with pyspark, pandas and pyarrow at hand
"""
import json, os, pathlib, re, shutil, tempfile
from pyspark.sql import SparkSession, functions as F, Window as W
from pyspark.sql.streaming import StatefulProcessor

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(tempfile.mkdtemp())
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "1").getOrCreate())
spark.sparkContext.setLogLevel("OFF")


def src(name):
    (WORK / name).mkdir(exist_ok=True)
    return spark.readStream.schema("ts TIMESTAMP, k STRING, n INT").json(str(WORK / name))


st = spark.createDataFrame([("a", 1)], "k STRING, v INT")
e = src("l")
e.createOrReplaceTempView("ev")
st.createOrReplaceTempView("st")
wm = e.withWatermark("ts", "1 minute")
right = src("r").withWatermark("ts", "1 minute")
windows = wm.groupBy(F.window("ts", "1 minute")).count()
keyed = wm.groupBy(F.window("ts", "1 minute"), "k").count()


def joined(condition, how="inner", left=wm, other=right):
    return left.alias("a").join(other.alias("b"), F.expr(condition), how)


class Processor(StatefulProcessor):
    def init(self, handle): pass
    def handleInputRows(self, key, rows, timers): yield from ()
    def close(self): pass


def flat(df, mode, timeout="none"):
    timeout = {"none": "NoTimeout", "eventTime": "EventTimeTimeout", "processingTime": "ProcessingTimeTimeout"}[timeout]
    def f(key, rows, state): yield from ()
    return df.groupBy("k").applyInPandasWithState(f, "k STRING", "n INT", mode, timeout)


def tws(df, mode, time="none"):
    return df.groupBy("k").transformWithStateInPandas(Processor(), "k STRING", mode, {"none": "None", "eventTime": "EventTime", "processingTime": "ProcessingTime"}[time])


def over(f): return f.over(W.partitionBy("k").orderBy("n"))


QUERIES = [
    # name, output mode (None: an action), query
    ("union with a table", "append", lambda: e.select("k").union(st.select("k"))),
    ("monotonically_increasing_id", "append", lambda: e.withColumn("id", F.monotonically_increasing_id())),
    ("count_distinct", "complete", lambda: e.groupBy("k").agg(F.count_distinct("n"))),
    ("approx_count_distinct", "complete", lambda: e.groupBy("k").agg(F.approx_count_distinct("n"))),
    ("pivot", "complete", lambda: e.groupBy("k").pivot("n", [1, 2]).count()),
    ("sample", "append", lambda: e.sample(0.5)),
    ("offset", "append", lambda: spark.sql("select * from ev offset 2")),
    ("intersect", "append", lambda: e.select("k").intersect(st.select("k"))),
    ("intersect of streams", "append", lambda: e.select("k").intersect(right.select("k"))),
    ("exceptAll from a table", "append", lambda: st.select("k").exceptAll(e.select("k"))),
    ("except of a table", "append", lambda: e.select("k").subtract(st.select("k"))),
    ("except of a stream", "append", lambda: st.select("k").subtract(e.select("k"))),
    ("row_number", "append", lambda: e.withColumn("r", over(F.row_number()))),
    ("lag", "append", lambda: e.withColumn("r", over(F.lag("n")))),
    ("sum over", "append", lambda: e.withColumn("r", over(F.sum("n")))),
    ("cube", "complete", lambda: e.cube("k", "n").count()),
    ("rollup", "complete", lambda: e.rollup("k", "n").count()),
    ("cube update", "update", lambda: e.cube("k", "n").count()),
    ("grouping sets", "complete", lambda: spark.sql("select k, n, count(*) c from ev group by grouping sets ((k), (n))")),
    ("no aggregate complete", "complete", lambda: e),
    ("session update", "update", lambda: wm.groupBy(F.session_window("ts", "1 minute"), "k").count()),
    ("session without a key", "append", lambda: wm.groupBy(F.session_window("ts", "1 minute")).count()),
    ("session without a key complete", "complete", lambda: wm.groupBy(F.session_window("ts", "1 minute")).count()),
    ("dropDuplicates complete", "complete", lambda: wm.dropDuplicates(["k"])),
    ("within without watermark", "append", lambda: e.dropDuplicatesWithinWatermark(["k"])),
    ("within complete", "complete", lambda: wm.dropDuplicatesWithinWatermark(["k"])),
    ("inner join complete", "complete", lambda: joined("a.k = b.k")),
    ("inner join update", "update", lambda: joined("a.k = b.k")),
    ("outer join update", "update", lambda: joined("a.k = b.k and a.ts > b.ts", "leftOuter")),
    ("anti join", "append", lambda: joined("a.k = b.k", "leftAnti")),
    ("left outer without bound", "append", lambda: joined("a.k = b.k", "leftOuter")),
    ("right outer without bound", "append", lambda: joined("a.k = b.k", "rightOuter")),
    ("full outer without bound", "append", lambda: joined("a.k = b.k", "fullOuter")),
    ("semi without bound", "append", lambda: joined("a.k = b.k", "leftSemi")),
    ("left outer without watermarks", "append", lambda: joined("a.k = b.k and a.ts > b.ts", "leftOuter", e, src("r"))),
    ("left outer, watermark on the left", "append", lambda: joined("a.k = b.k and a.ts between b.ts and b.ts + interval 1 minute", "leftOuter", wm, src("r"))),
    ("full outer with a table", "append", lambda: e.join(st, "k", "fullOuter")),
    ("right outer with a table", "append", lambda: e.join(st, "k", "rightOuter")),
    ("table left outer", "append", lambda: st.join(e, "k", "leftOuter")),
    ("table semi", "append", lambda: st.join(e, "k", "leftSemi")),
    ("table anti", "append", lambda: st.join(e, "k", "leftAnti")),
    ("table full outer", "append", lambda: st.join(e, "k", "fullOuter")),
    ("limit update", "update", lambda: e.limit(3)),
    ("limit complete", "complete", lambda: e.limit(3)),
    ("limit of an aggregate update", "update", lambda: e.groupBy("k").count().limit(3)),
    ("sort append", "append", lambda: e.orderBy("k")),
    ("sort of an aggregate update", "update", lambda: e.groupBy("k").count().orderBy("k")),
    ("sort of an aggregate append", "append", lambda: windows.orderBy("window")),
    ("two aggregates update", "update", lambda: windows.groupBy(F.window(F.window_time("window"), "5 minutes")).count()),
    ("two aggregates complete", "complete", lambda: windows.groupBy("count").count()),
    ("two aggregates without time", "append", lambda: windows.groupBy("count").count()),
    ("aggregate without watermark", "append", lambda: e.groupBy("k").count()),
    ("aggregate whose key is not time", "append", lambda: wm.groupBy("k").count()),
    ("flatMap of another mode", "append", lambda: flat(e, "update")),
    ("flatMap of another mode 2", "update", lambda: flat(e, "append")),
    ("flatMap complete", "complete", lambda: flat(e, "update")),
    ("flatMap append complete", "complete", lambda: flat(e, "append")),
    ("flatMap update then aggregate", "update", lambda: flat(e, "update").groupBy("k").count()),
    ("flatMap append then aggregate", "complete", lambda: flat(e, "append").groupBy("k").count()),
    ("flatMap append after an aggregate", "append", lambda: flat(keyed, "append")),
    ("flatMap update after an aggregate", "update", lambda: flat(keyed, "update")),
    ("flatMap event time without watermark", "append", lambda: flat(e, "append", "eventTime")),
    ("two flatMaps", "append", lambda: flat(flat(e, "append"), "append")),
    ("transform event time without watermark", "append", lambda: tws(e, "append", "eventTime")),
    ("transform of another mode", "update", lambda: tws(e, "append")),
    ("transform complete", "complete", lambda: tws(e, "update")),
    ("transform update then aggregate", "update", lambda: tws(e, "update").groupBy("k").count()),
    ("second watermark", "append", lambda: wm.withWatermark("ts", "2 minutes").groupBy(F.window("ts", "1 minute")).count()),
    ("watermark after an aggregate", "append", lambda: windows.select(F.col("window.end").alias("t")).withWatermark("t", "2 minutes").groupBy(F.window("t", "1 minute")).count()),
    ("dropDuplicates after an aggregate update", "update", lambda: windows.dropDuplicates(["window"])),
    ("join of aggregates update", "update", lambda: windows.join(right.groupBy(F.window("ts", "1 minute")).count(), "window")),
    ("subquery of a stream", "append", lambda: spark.sql("select * from ev where n > (select max(n) from ev)")),
    ("in a stream", "append", lambda: spark.sql("select * from ev where k in (select k from ev)")),
    ("table in a stream", "append", lambda: spark.sql("select * from st where k in (select k from ev)")),
    ("stream in a table", "append", lambda: spark.sql("select * from ev where k in (select k from st)")),
    ("tablesample", "append", lambda: spark.sql("select * from ev tablesample (10 percent)")),
    ("writeStream of a table", "append", lambda: st),
    ("collect", None, lambda: e.collect()),
    ("count", None, lambda: e.count()),
    ("show", None, lambda: e.show()),
    ("isEmpty", None, lambda: e.isEmpty()),
    ("first", None, lambda: e.first()),
    ("toLocalIterator", None, lambda: list(e.toLocalIterator())),
    ("foreach", None, lambda: e.foreach(print)),
    ("describe", None, lambda: e.describe().show()),
    ("cache", None, lambda: e.cache()),
    ("write", None, lambda: e.write.json(str(WORK / "out"))),
]


def ask(mode, query):
    try:
        df = query()
        if mode:
            df.writeStream.format("noop").outputMode(mode).option("checkpointLocation", tempfile.mkdtemp(dir=WORK)).start().stop()
        return {"class": None}
    except Exception as error:
        text = str(error)
        named = re.match(r"\[([A-Z0-9_.]+)\]", text)
        name = getattr(error, "getCondition", lambda: None)() or (named and named.group(1))
        first = re.sub(r"^\[[^]]*\] ", "", text.split("\n")[0]).split(" SQLSTATE")[0].rstrip(";")
        return {"class": name or type(error).__name__, "message": first}


with open(HERE / "refusals.jsonl", "w") as out:
    for name, mode, query in QUERIES:
        line = {"name": name, "mode": mode, "spark": ask(mode, query)}
        out.write(json.dumps(line) + "\n")
shutil.rmtree(WORK, ignore_errors=True)
os._exit(0)
