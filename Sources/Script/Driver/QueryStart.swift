import Connectors
import Contract
import Operators
import Plan
import Streaming

// Starting a query: what `df.writeStream` was told becomes a `QueryDefinition`.

extension Driver {
  /// Starts the query; nil where the script is only checked.
  func start(_ call: LuaCall) throws -> StreamingQuery? {
    let request = try call.table(2)
    let definition = try withOrigin(call.origin) {
      try self.definition(
        request, plan: analyzed(call, willRun: true) { $0 }, origin: call.origin)
    }
    if checksOnly {
      try withOrigin(call.origin) { try StreamingQueries.check(definition) }
      return nil
    }
    let query = try session.streams(callbacks).start(definition)
    queries.add(query, plan: definition.plan)
    // Listeners hear of the start before it returns.
    callbacks.serveWaiting(state)
    return query
  }

  private func definition(
    _ request: LuaTable, plan analyzed: any PlanNode, origin: Origin?
  ) throws -> QueryDefinition {
    var options = Options(
      (request["options"].table?.fields ?? [:]).sorted { $0.key < $1.key }
        .map { ($0.key, $0.value.text ?? "") })
    if let path = request["path"].string { options["path"] = path }
    let mode = OutputMode(rawValue: request["outputMode"].string ?? "append") ?? .append
    try StreamingRules.check(analyzed, mode: mode)
    let sink = try session.sink(
      format: request["format"].string ?? "parquet", table: request["table"].string)
    var definition = QueryDefinition(
      plan: try session.optimizer.optimize(analyzed), outputMode: mode,
      trigger: try trigger(request["trigger"]), name: request["queryName"].string, sink: sink,
      options: options, settings: session.settings, context: session.formats,
      host: try host(request), origin: origin)
    definition.partitionColumns = request["partitionBy"].texts
    definition.scriptHash = scriptHash
    definition.functionHashes = definition.plan.userFunctions.map {
      ($0.name, String($0.hash, radix: 16))
    }
    return definition
  }

  private func trigger(_ value: LuaValue) throws -> Trigger {
    guard let trigger = value.table else { return .asSoonAsPossible }
    let interval = trigger["interval"].string.map { JSON.text($0) } ?? .boolean(true)
    return try Trigger.read([(name: trigger.text("kind"), value: interval)])
  }

  /// The script's functions that the sink calls.
  private func host(_ request: LuaTable) throws -> (any Sendable)? {
    if let function = request["foreachBatch"].function {
      return ForeachBatchFunction(
        function: function, callbacks: callbacks, queries: queries)
    }
    if let writer = request["foreach"].table {
      return try ForeachFunctions(writer, in: state, setting: workerSetting())
    }
    let format = request["format"].string?.lowercased()
    return try session.declaredSinks.first { $0.name == format }?.capture()
  }
}

extension Session {
  /// The sink of a format; `toTable` writes a table of the session.
  func sink(format: String, table: String?) throws -> SinkSpec {
    if let table { return tables.sink(named: table) }
    return try connectors.sink(format)
  }

  /// The session's queries, which wake the script when something happens to them.
  func streams(_ callbacks: CallbackQueue) -> StreamingQueries {
    running.queries {
      var environment = QueryEnvironment(pool: pool)
      environment.log = { ScriptLog.write($0, $1) }
      environment.changed = { callbacks.wake() }
      return StreamingQueries(environment: environment)
    }
  }
}
