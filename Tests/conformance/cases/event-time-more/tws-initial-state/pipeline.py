from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

def pipeline(spark, inputs, F):
    spark.conf.set("spark.sql.streaming.stateStore.providerClass", "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
    class P(StatefulProcessor):
        def init(self, handle):
            self.v = handle.getValueState("v", "v INT")
        def handleInitialState(self, key, initialState, timerValues):
            self.v.update((initialState.v,))
        def handleInputRows(self, key, rows, timers):
            n = (self.v.get()[0] if self.v.exists() else 0) + sum(r.n for r in rows)
            self.v.update((n,))
            yield Row(k=key[0], n=n)
        def close(self): pass
    return inputs["t"].groupBy("k").transformWithState(P(), "k STRING, n INT", "Update", "None", initialState=inputs["s"].groupBy("k"))
