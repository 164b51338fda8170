"""Records what Spark answers to conformance cases: python record.py CASE_DIR…  (pyspark 4.3)"""
import datetime, decimal, json, os, shutil, sys, tempfile, time
from pyspark.sql import SparkSession, functions as F, Row
from pyspark.errors import PySparkException

TIMES = "yyyy-MM-dd HH:mm:ss[.SSSSSS]"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
os.environ["TZ"] = "UTC"; time.tzset()
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC").getOrCreate())
spark.sparkContext.setLogLevel("OFF")

def value(v):
    if isinstance(v, datetime.datetime):
        return (v.replace(tzinfo=datetime.timezone.utc) - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(v, datetime.timedelta): return v // datetime.timedelta(microseconds=1)
    # JSON has no such numbers; the runner reads these texts as them.
    if isinstance(v, float) and (v != v or abs(v) == float("inf")): return str(v)
    if isinstance(v, datetime.date): return (v - datetime.date(1970, 1, 1)).days
    if isinstance(v, decimal.Decimal): return str(v)
    if isinstance(v, Row): return {k: value(x) for k, x in v.asDict().items()}
    if isinstance(v, list): return [value(x) for x in v]
    if isinstance(v, dict): return {str(k): value(x) for k, x in v.items()}
    if isinstance(v, (bytes, bytearray)): return v.decode("latin1")
    return v

def run(path, restart):
    case = json.load(open(path + "/case.json"))
    # As if written here: Spark then ships the functions to its workers by value.
    module = {"__name__": "__main__"}
    exec(open(path + "/pipeline.py").read(), module)
    base = tempfile.mkdtemp()
    conf = {k.replace("moontide.", "spark.sql.", 1): v for k, v in case.get("conf", {}).items()}
    for k, v in conf.items(): spark.conf.set(k, v)
    provider = "spark.sql.streaming.stateStore.providerClass"
    spark.conf.unset(provider)
    for name, t in case.get("tables", {}).items():
        os.makedirs(f"{base}/static/{name}")
        with open(f"{base}/static/{name}/t.json", "w") as f:
            for row in t["rows"]: f.write((row if isinstance(row, str) else json.dumps(row)) + "\n")
    for name in case["inputs"]: os.makedirs(f"{base}/in/{name}")
    rows, query, started = [], None, False
    def sink(df, batch):
        got = [[value(x) for x in r] for r in df.collect()]
        if case.get("outputMode") == "complete": rows.clear()
        rows.extend(got)
    def start(trigger):
        inputs = {}
        for name, schema in case["inputs"].items():
            r = spark.readStream.schema(schema).option("timestampFormat", TIMES)
            inputs[name] = r.options(**case.get("readOptions", {})).json(f"{base}/in/{name}")
        for name, t in case.get("tables", {}).items():
            inputs[name] = spark.read.schema(t["schema"]).option("timestampFormat", TIMES).json(f"{base}/static/{name}")
        w = module["pipeline"](spark, inputs, F).writeStream.foreachBatch(sink).outputMode(case.get("outputMode", "append"))
        w = w.option("checkpointLocation", base + "/chk")
        return (w.trigger(availableNow=True) if trigger else w).start()
    steps = []
    try:
        for k, step in enumerate(case["steps"]):
            rows.clear()
            for name, data in step.items():
                with open(f"{base}/tmp-{name}", "w") as f:
                    for row in data: f.write((row if isinstance(row, str) else json.dumps(row)) + "\n")
            for name in step: os.rename(f"{base}/tmp-{name}", f"{base}/in/{name}/{k:05}.json")
            if restart:
                query = start(True); started = True
                query.awaitTermination()
            else:
                if query is None: query = start(False); started = True
                query.processAllAvailable()
            p = query.lastProgress
            p = json.loads(p.json) if p is not None and hasattr(p, "json") else p
            steps.append({"rows": list(rows), "watermark": (p or {}).get("eventTime", {}).get("watermark"),
                          "stateRows": [o["numRowsTotal"] for o in (p or {}).get("stateOperators", [])]})
        result = {"steps": steps}
    except Exception as e:
        cls = e.getCondition() if isinstance(e, PySparkException) else None
        result = {"error": {"class": cls, "message": str(e)[:600], "when": "run" if started else "start"}}
    if query is not None:
        try: query.stop()
        except Exception: pass
    for k in conf: spark.conf.unset(k)
    shutil.rmtree(base, ignore_errors=True)
    return result

for path in sys.argv[1:]:
    began = time.time()
    out = {"spark": spark.version, "continuous": run(path, False), "restart": run(path, True)}
    json.dump(out, open(path + "/expected.json", "w"), separators=(",", ":"))
    print(os.path.basename(path), f"{time.time() - began:.1f} s", (out["continuous"].get("error") or {}).get("message", "")[:300], flush=True)
