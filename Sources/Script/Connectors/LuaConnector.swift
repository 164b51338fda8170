import Connectors
import Contract
import Synchronization

/// A source or sink that the script declared. Used on the script's thread.
final class LuaConnector {
  let name: String
  let kind: String
  let options: [String]
  let modes: [String]
  private let functions: LuaTable
  private let state: LuaState
  private let setting: () throws -> WorkerSetting

  init(
    _ declaration: LuaTable, in state: LuaState, kind: String,
    setting: @escaping () throws -> WorkerSetting
  ) {
    name = declaration.text("name").lowercased()
    self.kind = kind
    options = declaration["options"].texts
    modes = declaration["modes"].texts
    functions = LuaTable(fields: declaration.fields.filter { $0.value.function != nil })
    self.state = state
    self.setting = setting
  }

  func spec(_ kind: Spec.Kind) -> Spec {
    Spec(
      kind, name, category: "of the script's own", summary: "Declared by the script.",
      parameters: options.map { Parameter($0, .text, default: "", "") })
  }

  /// Its functions with all that they hold on to, as that is now.
  func capture() throws -> CapturedConnector {
    CapturedConnector(
      name: name, kind: kind, options: options,
      shipped: try ShippedFunction(.table(functions), in: state, name: "\(kind) `\(name)`"),
      setting: try setting())
  }
}

/// A declared source or sink on its way into a query.
struct CapturedConnector: Sendable {
  let name: String
  let kind: String
  fileprivate let options: [String]
  fileprivate let shipped: ShippedFunction
  fileprivate let setting: WorkerSetting

  fileprivate init(
    name: String, kind: String, options: [String], shipped: ShippedFunction,
    setting: WorkerSetting
  ) {
    (self.name, self.kind, self.options) = (name, kind, options)
    (self.shipped, self.setting) = (shipped, setting)
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

/// A connector captured when a plan asks for it first.
///
/// Border (`@unchecked Sendable`): that is when the plan is analysed, on the script's thread; the
/// query's thread finds it captured.
final class CaptureOnce: @unchecked Sendable {
  private let connector: LuaConnector
  private let captured = Mutex<CapturedConnector?>(nil)

  init(_ connector: LuaConnector) { self.connector = connector }

  func get() throws -> CapturedConnector {
    try captured.withLock { captured in
      if let captured { return captured }
      let made = try connector.capture()
      captured = made
      return made
    }
  }
}
