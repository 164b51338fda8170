import Columns
import Connectors
import Contract

/// A sink of the script's own: `moontide.sink { name =, write =, commit =, … }`. One effect state a
/// query runs it; its functions take turns.
final class LuaSink: StreamSink {
  /// The component that a declaration describes; its functions come with the request.
  static func spec(_ declared: LuaConnector) -> SinkSpec {
    SinkSpec(
      declared.spec(.sink), modes: Set(declared.modes.compactMap(OutputMode.init(rawValue:))),
      allowsTemporaryCheckpoint: true
    ) { request in
      guard let captured = request.host as? CapturedConnector else {
        preconditionFailure("a sink of the script's own without its functions")
      }
      return LuaSink(
        try captured.open(options: request.options, glue: nil), schema: request.schema,
        name: captured.name, queryTitle: request.queryTitle)
    }
  }

  private let instance: EffectInstance
  private let schema: Schema
  private let name: String
  private let queryTitle: String

  private init(_ instance: EffectInstance, schema: Schema, name: String, queryTitle: String) {
    self.queryTitle = queryTitle
    self.instance = instance
    self.schema = schema
    self.name = name
  }

  var description: String { name }

  func begin(batch id: Int64, mode: OutputMode) throws -> (any SinkBatch)? {
    instance.begin(BatchPlace(query: queryTitle, id: id))
    try instance.call("open", [.integer(id)])
    return LuaSinkBatch(id: id, instance: instance, schema: schema)
  }

  func stop() {
    do { try instance.call("close") } catch {
      ScriptLog.write("warn", "the sink `\(name)` failed to close: \(error)")
    }
  }
}

private struct LuaSinkBatch: SinkBatch {
  let id: Int64
  let instance: EffectInstance
  let schema: Schema

  func writer(partition: Int) -> any BatchWriter { Writer(self) }

  func commit() throws {
    do { try instance.call("commit", [.integer(id)]) } catch let failure as Failure {
      // As in Spark, a batch that cannot be committed is aborted.
      abort(failure)
      throw failure
    }
  }

  func abort(_ failure: Failure) {
    // What failed first is what the query tells.
    _ = try? instance.call("abort", [.integer(id), .failure(failure)])
  }

  final class Writer: BatchWriter {
    let batch: LuaSinkBatch
    init(_ batch: LuaSinkBatch) { self.batch = batch }

    func write(_ rows: Batch) throws {
      if rows.count > 0 { try batch.instance.call("write", all: rows, schema: batch.schema) }
    }
    func close() {}
  }
}
