import pandas as pd
from pyspark.sql.streaming.state import GroupState, GroupStateTimeout

def pipeline(spark, inputs, F):
    def f(key, frames, state):
        if state.hasTimedOut:
            n, = state.get
            if n >= 2:
                state.update((n - 2,))
                state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 60000)
            else:
                state.remove()
            yield pd.DataFrame({"k": [key[0]], "n": [n], "w": [state.getCurrentWatermarkMs()], "what": ["timeout"]})
        else:
            n = (state.get[0] if state.exists else 0) + sum(len(p) for p in frames)
            state.update((n,))
            if n != 5:
                state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 600000)
            yield pd.DataFrame({"k": [key[0]], "n": [n], "w": [state.getCurrentWatermarkMs()], "what": ["data"]})
    return (inputs["t"].withWatermark("ts", "2 minutes").groupBy("k")
            .applyInPandasWithState(f, "k STRING, n BIGINT, w BIGINT, what STRING", "n BIGINT", "update", GroupStateTimeout.EventTimeTimeout))
