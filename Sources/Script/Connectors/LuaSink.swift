import Columns
import Connectors
import Contract

/// A sink of the script's own: `moontide.sink { name =, write =, commit =, … }`. One effect state a
/// query runs it; its functions take turns.
final class LuaSink: StreamSink {
  /// The component that a declaration describes.
  static func spec(
    _ declaration: LuaTable, in state: LuaState, setting: WorkerSetting
  ) throws -> SinkSpec {
    let declared = try LuaConnector(declaration, in: state, setting: setting, kind: "sink")
    let modes = declaration["modes"].texts.compactMap(OutputMode.init(rawValue:))
    return SinkSpec(
      declared.spec(.sink), modes: Set(modes), allowsTemporaryCheckpoint: true
    ) { request in
      LuaSink(
        try declared.open(options: request.options, glue: nil), schema: request.schema,
        name: declared.name)
    }
  }

  private let instance: EffectInstance
  private let schema: Schema
  private let name: String

  private init(_ instance: EffectInstance, schema: Schema, name: String) {
    self.instance = instance
    self.schema = schema
    self.name = name
  }

  var description: String { name }

  func begin(batch id: Int64, mode: OutputMode) throws -> (any SinkBatch)? {
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

/// A source or sink that the script declared.
struct LuaConnector: Sendable {
  let name: String
  private let kind: String
  private let options: [String]
  private let shipped: ShippedFunction
  private let setting: WorkerSetting

  init(
    _ declaration: LuaTable, in state: LuaState, setting: WorkerSetting, kind: String
  ) throws {
    name = declaration.text("name").lowercased()
    self.kind = kind
    options = declaration["options"].texts
    self.setting = setting
    let functions = declaration.fields.filter { $0.value.function != nil }
    shipped = try ShippedFunction(
      .table(LuaTable(fields: functions)), in: state, name: "\(kind) `\(name)`")
  }

  func spec(_ kind: Spec.Kind) -> Spec {
    Spec(
      kind, name, category: "of the script's own", summary: "Declared by the script.",
      parameters: options.map { Parameter($0, .text, default: "", "") })
  }

  func open(options given: Options, glue: String?) throws -> EffectInstance {
    // Options of every format are known to none of ours: `path` is where `load` and `start` put it.
    if let unknown = given.names.first(where: { name in
      name.lowercased() != "path" && !options.contains { $0.lowercased() == name.lowercased() }
    }) {
      throw Failure(
        "UNKNOWN_OPTION", "the \(kind) `\(name)` has no option `\(unknown)`",
        hint: Suggestion.sentence(for: unknown, among: options))
    }
    var values: [String: String] = [:]
    for option in options + ["path"] { values[option] = given[option] }
    return try EffectInstance(
      shipped, setting, name: "\(kind) `\(name)`", options: values, glue: glue)
  }
}
