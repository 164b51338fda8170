from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

def pipeline(spark, inputs, F):
    spark.conf.set("spark.sql.streaming.stateStore.providerClass", "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
    class P(StatefulProcessor):
        def init(self, handle):
            self.handle = handle
            self.l = handle.getListState("l", "n INT")
            self.m = handle.getMapState("m", "n INT", "c INT")
        def handleInputRows(self, key, rows, timers):
            for r in rows:
                self.l.appendValue((r.n,))
                old = self.m.getValue((r.n % 3,))[0] if self.m.exists() and self.m.containsKey((r.n % 3,)) else 0
                self.m.updateValue((r.n % 3,), (old + 1,))
                at = int(r.ts.timestamp() * 1000) + 10 * 60000
                if r.n == 7:
                    for t in list(self.handle.listTimers()): self.handle.deleteTimer(t)
                    self.m.removeKey((0,))
                else:
                    self.handle.registerTimer(at); self.handle.registerTimer(at)
            yield self.row(key, "data")
        def row(self, key, what):
            l = ",".join(str(x[0]) for x in self.l.get()) if self.l.exists() else ""
            m = ",".join(sorted(f"{k[0]}={v[0]}" for k, v in self.m.iterator())) if self.m.exists() else ""
            t = ",".join(str((t - 1704110400000) // 60000) for t in sorted(self.handle.listTimers()))
            return Row(k=key[0], what=what, l=l, m=m, t=t)
        def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
            what = "timer %d" % ((expiredTimerInfo.getExpiryTimeInMs() - 1704110400000) // 60000)
            if self.l.exists() and len(list(self.l.get())) > 2:
                self.l.put([(0,)])
                self.handle.registerTimer(timerValues.getCurrentWatermarkInMs() + 60000)
            else:
                self.l.clear(); self.m.clear()
            yield self.row(key, what)
        def close(self): pass
    return inputs["t"].withWatermark("ts", "1 minute").groupBy("k").transformWithState(P(), "k STRING, what STRING, l STRING, m STRING, t STRING", "Update", "EventTime")
