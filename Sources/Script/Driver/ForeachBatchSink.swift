import Columns
import Connectors
import Contract

/// The function of `foreachBatch`, on its way into the sink that calls it.
struct ForeachBatchFunction: Sendable {
  let function: LuaReference
  let callbacks: CallbackQueue
}

/// Hands each batch's rows, computed once, to a function in the script's own state.
final class ForeachBatchSink: StreamSink {
  static let spec = SinkSpec(
    Spec(
      .sink, "foreachBatch", category: "functions",
      summary: "Calls `fn(df, batchId)` with each batch, in the script's own state.",
      notes: "Made by `df.writeStream:foreachBatch(fn)`. The batch is computed once before the call."),
    modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true
  ) { request in
    guard let function = request.host as? ForeachBatchFunction else {
      throw Failure(
        "MISSING_FUNCTION", "the format `foreachBatch` is without its function",
        hint: "Write `df.writeStream:foreachBatch(function(df, batchId) … end)`.",
        origin: request.origin)
    }
    return ForeachBatchSink(function, schema: request.schema, name: request.queryName)
  }

  private let function: ForeachBatchFunction
  private let schema: Schema
  private let queryName: String?

  init(_ function: ForeachBatchFunction, schema: Schema, name: String?) {
    self.function = function
    self.schema = schema
    queryName = name
  }

  var description: String { "ForeachBatchSink" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? {
    CollectedBatch { [function, schema, queryName] batches in
      let rows = ScriptRows(batches, schema: schema)
      do {
        try function.callbacks.call(whenSlow: {
          ScriptLog.write(
            "warn", "batch \(id) of \(queryName ?? "a query") waits for the script to be free")
        }) { state in
          _ = try state.call(function.function, [.object(rows), .integer(id)])
        }
      } catch var failure as Failure {
        failure.details.append("in the function of foreachBatch, batch \(id)")
        throw failure
      }
    }
  }
}
