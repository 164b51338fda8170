import Columns
import Connectors
import Contract

/// The function of `foreachBatch`, on its way into the sink that calls it.
struct ForeachBatchFunction: Sendable {
  let function: LuaReference
  let callbacks: CallbackQueue
  let queries: RunningQueries

  /// Says of a query that it waits.
  func noteWaiting(_ queryId: String, batch: Int64) {
    let query = queries.active.first { $0.id == queryId }
    query?.note("Waiting for the script: batch \(batch) calls its function of foreachBatch")
    ScriptLog.write(
      "warn", "batch \(batch) of \(query?.title ?? "a query") waits for the script to be free")
  }
}

/// Hands each batch's rows, computed once, to a function in the script's own state.
final class ForeachBatchSink: StreamSink {
  static let spec = SinkSpec(
    Spec(
      .sink, "foreachBatch", category: "functions",
      summary: "Calls `fn(df, batchId)` with each batch, in the script's own state.",
      notes:
        "Made by `df.writeStream:foreachBatch(fn)`. The batch is computed once before the call."),
    modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true
  ) { request in
    guard let function = request.host as? ForeachBatchFunction else {
      throw Failure(
        "MISSING_FUNCTION", "the format `foreachBatch` is without its function",
        hint: "Write `df.writeStream:foreachBatch(function(df, batchId) … end)`.",
        origin: request.origin)
    }
    return ForeachBatchSink(function, schema: request.schema, queryId: request.queryId)
  }

  private let function: ForeachBatchFunction
  private let schema: Schema
  private let queryId: String

  init(_ function: ForeachBatchFunction, schema: Schema, queryId: String) {
    self.function = function
    self.schema = schema
    self.queryId = queryId
  }

  /// As in Spark, where such sinks are not asked.
  var isCounted: Bool { false }
  var description: String { "ForeachBatchSink" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? {
    CollectedBatch { [function, schema, queryId] batches in
      let rows = ScriptRows(batches, schema: schema)
      do {
        try function.callbacks.call(whenSlow: {
          function.noteWaiting(queryId, batch: id)
        }) { state in
          _ = try state.call(function.function, [.object(rows), .integer(id)])
        }
      } catch var failure as Failure {
        failure = failure.ofUserFunction("FOREACH_BATCH_USER_FUNCTION_ERROR")
        failure.details.append("in the function of foreachBatch, batch \(id)")
        throw failure
      }
    }
  }
}
