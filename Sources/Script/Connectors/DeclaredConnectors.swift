import Connectors
import Contract

extension Driver {
  /// `moontide.source { … }` and `moontide.sink { … }`.
  var connectorFunctions: [String: LuaBody] {
    [
      "declareSource": { [unowned self] call in
        let declaration = try call.table(1)
        let known = session.connectors.sources.map(\.spec.name)
        try refuseSecond(declaration, "source", among: known)
        session.declaredSources.append(declared(declaration, "source"))
        return 0
      },
      "declareSink": { [unowned self] call in
        let declaration = try call.table(1)
        let known = session.connectors.sinks.map(\.spec.name)
        try refuseSecond(declaration, "sink", among: known)
        session.declaredSinks.append(declared(declaration, "sink"))
        return 0
      },
    ]
  }

  private func declared(_ declaration: LuaTable, _ kind: String) -> LuaConnector {
    LuaConnector(declaration, in: state, kind: kind) { [unowned self] in try workerSetting() }
  }

  private func refuseSecond(_ declaration: LuaTable, _ kind: String, among names: [String]) throws {
    let name = declaration.text("name")
    guard names.contains(where: { $0.lowercased() == name.lowercased() }) else { return }
    throw Failure(
      "DATA_SOURCE_ALREADY_EXISTS", "there is a \(kind) named `\(name)` already",
      origin: declaration.origin)
  }

  /// What the effect states of this script's queries are made from.
  func workerSetting() throws -> WorkerSetting {
    var setting = try WorkerSetting(of: state)
    setting.isSealed = isSealed
    setting.timeoutUs = session.settings[durationUs: "moontide.udf.timeout"]
    setting.memoryLimit = Int(
      session.settings[size: "moontide.udf.memoryLimit"].bytes(of: MachineMemory.bytes))
    return setting
  }
}
