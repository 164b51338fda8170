import Columns
import Contract
import Expressions
import Plan
import SQL

/// The engine as scripts reach it: the functions behind `require "moontide.engine"`, which only the
/// stdlib calls.
public final class Driver {
  let state: LuaState
  public let session: Session
  /// Plans are analysed where they would run.
  let checksOnly: Bool
  /// Effect states are as closed as pure ones.
  let isSealed: Bool
  /// Through which queries call the script.
  let callbacks = CallbackQueue()
  /// Of the script's text, for the batch log; empty at the REPL.
  var scriptHash = ""

  /// Puts the engine's functions into the script's state.
  public init(
    _ state: LuaState, session: Session, checksOnly: Bool = false, isSealed: Bool = false
  ) throws {
    self.state = state
    self.isSealed = isSealed
    self.checksOnly = checksOnly
    self.session = session
    try state.register("moontide.native", NativeFunctions.all)
    for functions in [
      sessionFunctions, rowFunctions, planFunctions, queryFunctions, streamFunctions,
      connectorFunctions, writeFunctions,
    ] {
      try state.register("moontide.engine", functions)
    }
    try replaceExit()
  }

  var queries: RunningQueries { session.running }

  private var sessionFunctions: [String: LuaBody] {
    [
      "version": { call in try call.push(.string(Version.text)) },
      "functionSpecs": { [session] call in
        try call.push(.list(session.functionSpecs.map(\.described)))
      },
      "isFunction": { [session] call in
        let name = try call.string(1).lowercased()
        let isRegistered = session.registered.keys.contains { $0.lowercased() == name }
        return try call.push(.boolean(isRegistered || session.functions[name] != nil))
      },
      "suggest": { call in
        let names = try call.table(2).list.compactMap(\.string)
        return try call.push(.optional(Suggestion.sentence(for: call.string(1), among: names)))
      },
      "sqlCommand": { call in
        guard let command = try SQLCommand.parse(call.string(1)) else { return try call.push(.nil) }
        return try call.push(command.described)
      },
      "configure": { [session] call in
        let options = try call.table(1)
        try session.configure(
          appName: options["appName"].string, threads: options["threads"].integer.map { Int($0) })
        return 0
      },
      "getSetting": { [session] call in
        try call.push(.optional(try session.setting(call.string(1))))
      },
      "setSetting": { [session] call in
        try session.set(call.string(1), to: call.string(2))
        call.state.timeZone = session.timeZone
        return 0
      },
      "settings": { [session] call in
        let all = try session.settings.all.map { entry in
          LuaValue.list([.string(entry.name), .string(entry.text), .string(entry.meaning)])
        }
        return try call.push(.list(all))
      },
      "resetSettings": { [session] call in
        for entry in try session.settings.all { try session.unset(entry.name) }
        call.state.timeZone = session.timeZone
        return 0
      },
      "registerFunction": { [session] call in
        session.registered[try call.string(1)] = try call.table(2)
        return 0
      },
      "unsetSetting": { [session] call in
        try session.unset(call.string(1))
        call.state.timeZone = session.timeZone
        return 0
      },
    ]
  }

  private var rowFunctions: [String: LuaBody] {
    [
      "localRows": { call in
        let schema = try Schema(ddl: call.string(2))
        let batch = try ScriptRows.read(call, position: 1, schema: schema)
        return try call.push(.object(ScriptRows([batch], schema: schema)))
      },
      "memoryStream": { call in
        try call.push(.object(MemoryInput(schema: Schema(ddl: call.string(1)))))
      },
      "addData": { call in
        let stream = try call.object(1, as: MemoryInput.self).stream
        stream.add(try ScriptRows.read(call, position: 2, schema: stream.schema))
        return 0
      },
    ]
  }
}

extension Spec {
  /// As `stdlib/moontide/functions.lua` reads it.
  fileprivate var described: LuaValue {
    .record([
      "name": .string(name),
      "kind": .string(kind.rawValue),
      "aliases": aliases.isEmpty ? .nil : .strings(aliases),
      "minimum": .integer(Int64(minimumCount)),
      "variadic": isVariadic ? true : .nil,
      "parameters": .list(
        parameters.map {
          .record([
            "name": .string($0.name), "kind": .string($0.kind.word),
            "default": .optional($0.defaultText),
          ])
        }),
    ])
  }
}

extension SQLCommand {
  /// As `stdlib/moontide/session.lua` reads it.
  fileprivate var described: LuaValue {
    switch self {
    case .createView(let name, let columns, let query, let replaces, let unlessThere):
      .record([
        "kind": .string("createView"), "name": .string(name), "columns": .strings(columns),
        "query": .string(query), "replaces": .boolean(replaces),
        "unlessThere": .boolean(unlessThere),
      ])
    case .dropView(let name, let ifThere):
      .record([
        "kind": .string("dropView"), "name": .string(name), "ifThere": .boolean(ifThere),
      ])
    case .set(let name, let value):
      .record(["kind": .string("set"), "name": .string(name), "value": .string(value)])
    case .show(let name, let isVerbose):
      .record([
        "kind": .string("show"), "name": .optional(name), "isVerbose": .boolean(isVerbose),
      ])
    case .reset(let name): .record(["kind": .string("reset"), "name": .optional(name)])
    case .renameView(let name, let newName):
      .record([
        "kind": .string("renameView"), "name": .string(name), "newName": .string(newName),
      ])
    case .cache(let name, let query):
      .record(["kind": .string("cache"), "name": .string(name), "query": .optional(query)])
    case .uncache(let name, let ifThere):
      .record([
        "kind": .string("uncache"), "name": .string(name), "ifThere": .boolean(ifThere),
      ])
    case .clearCache: .record(["kind": .string("clearCache")])
    case .nothing: .record(["kind": .string("nothing")])
    }
  }
}
