import Columns
import Connectors
import Contract
import Synchronization

/// The writer of `df.writeStream:foreach(…)`, on its way into the sink that calls it.
struct ForeachFunctions: Sendable {
  fileprivate let shipped: ShippedFunction
  fileprivate let setting: WorkerSetting
  fileprivate let name: String

  /// `functions` holds `process` and may hold `open` and `close`.
  init(_ functions: LuaTable, in state: LuaState, setting: WorkerSetting) throws {
    name = functions["process"].function?.definition.map { "writer at \($0)" } ?? "writer"
    shipped = try ShippedFunction(.table(functions), in: state, name: name)
    self.setting = setting
  }

  fileprivate func open() throws -> EffectInstance {
    try EffectInstance(shipped, setting, name: name)
  }
}

/// Hands each row to a function of the script's own, in an effect state a partition.
final class ForeachSink: StreamSink {
  static let spec = SinkSpec(
    Spec(
      .sink, "foreach", category: "functions",
      summary: "Calls a function of the script's own with each row, in the workers.",
      notes: "Made by `df.writeStream:foreach(fn)`. `open(self, partitionId, epochId)` may return "
        + "false to leave a partition out; `close(self, err)` is called whenever `open` returned."),
    modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true
  ) { request in
    guard let functions = request.host as? ForeachFunctions else {
      throw Failure(
        "MISSING_FUNCTION", "the format `foreach` is without its function",
        hint: "Write `df.writeStream:foreach(function(row) … end)`.", origin: request.origin)
    }
    return ForeachSink(functions, schema: request.schema, queryTitle: request.queryTitle)
  }

  private let functions: ForeachFunctions
  private let schema: Schema
  private let queryTitle: String
  private let instances = ForeachInstances()

  private init(_ functions: ForeachFunctions, schema: Schema, queryTitle: String) {
    self.functions = functions
    self.schema = schema
    self.queryTitle = queryTitle
  }

  var description: String { "ForeachWriterTable" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? {
    ForeachBatch(
      id: id, place: BatchPlace(query: queryTitle, id: id), functions: functions, schema: schema,
      instances: instances)
  }
}

/// The instances that no partition uses now; a writer that failed does not come back.
private final class ForeachInstances: Sendable {
  private let idle = Mutex<[EffectInstance]>([])

  func take() -> EffectInstance? { idle.withLock { $0.popLast() } }
  func give(_ instance: EffectInstance) { idle.withLock { $0.append(instance) } }
}

private struct ForeachBatch: SinkBatch {
  let id: Int64
  let place: BatchPlace
  let functions: ForeachFunctions
  let schema: Schema
  let instances: ForeachInstances

  func writer(partition: Int) throws -> any BatchWriter {
    let instance = try instances.take() ?? functions.open()
    return try ForeachWriter(instance, self, partition: partition)
  }

  func commit() {}
  func abort(_ failure: Failure) {}
}

private final class ForeachWriter: BatchWriter {
  private let instance: EffectInstance
  private let batch: ForeachBatch
  private let takesRows: Bool
  /// `close` has been called: not again, also when it raised.
  private var isClosed = false

  init(_ instance: EffectInstance, _ batch: ForeachBatch, partition: Int) throws {
    self.instance = instance
    self.batch = batch
    instance.begin(batch.place)
    let opened = try Self.user {
      try instance.call("open", [.integer(Int64(partition)), .integer(batch.id)])
    }
    takesRows = !instance.has("open") || opened.boolean == true
  }

  func write(_ rows: Batch) throws {
    guard takesRows else { return }
    try Self.user { try instance.call("process", each: rows, schema: batch.schema) }
  }

  func close() throws {
    isClosed = true
    try Self.user { _ = try instance.call("close") }
    batch.instances.give(instance)
  }

  private static func user<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Failure {
      throw failure.ofUserFunction("FOREACH_USER_FUNCTION_ERROR")
    }
  }

  func abort(_ failure: Failure) {
    if isClosed { return }
    isClosed = true
    // What failed first is what the query tells.
    _ = try? instance.call("close", [.failure(failure)])
  }
}
