import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan

// Plans of the session: analysed, run, and kept.

extension Session {
  /// The operations that plans may hold: those of the engine, and those on the session's tables.
  private func operators() throws -> OperatorCatalog {
    let optimizer = try optimizer
    var catalog = OperatorCatalog.builtIn(
      ReadContext(
        connectors: connectors, settings: settings,
        formats: formats, clock: SystemClock()))
    catalog.add([
      OperatorSpec("table") { [tables] in try Self.table($0, tables) },
      OperatorSpec("showTables") { [tables] in Self.showTables($0, tables) },
      OperatorSpec("describeTable") { try Self.describeTable($0) },
      OperatorSpec("describeQuery") { try Self.describeTable($0) },
      OperatorSpec("showNames") { Self.showNames($0, $0.texts("names"), title: $0.text("title")) },
      OperatorSpec("showFunctions") { [functions] in Self.showFunctions($0, functions) },
      OperatorSpec("describeFunction") { [functionSpecs] in
        try Self.describeFunction($0, functionSpecs)
      },
      OperatorSpec("explain") { Self.explain($0, optimizer) },
    ])
    return catalog
  }

  /// What file formats need to know of the session.
  var formats: FormatContext {
    FormatContext(
      timeZoneId: timeZone.id, isCaseSensitive: settings[boolean: "moontide.caseSensitive"])
  }

  private var expressions: ExpressionSession {
    ExpressionSession(
      timeZoneId: timeZone.id, isCaseSensitive: settings[boolean: "moontide.caseSensitive"])
  }

  var optimizer: Optimizer {
    get throws {
      let excluded = settings[text: "moontide.optimizer.excludedRules"]
      return Optimizer(session: expressions, excluding: try Optimizer.rules(named: excluded))
    }
  }

  /// The built-in functions and the script's own, as they are now.
  func functions(made maker: ScriptFunctions) throws -> FunctionCatalog {
    var catalog = functions
    for (name, definition) in registered {
      catalog.register(try maker.function(definition, origin: definition.origin), as: name)
    }
    return catalog
  }

  func analyzed(
    _ plan: UnresolvedPlan, functions: FunctionCatalog
  ) throws -> any PlanNode {
    try Analyzer(operators: operators(), functions: functions, session: expressions).analyze(plan)
  }

  func batchQuery(_ plan: any PlanNode) throws -> BatchQuery {
    try BatchQuery(
      try optimizer.optimize(plan), pool: pool, settings: settings, clock: SystemClock())
  }

  // MARK: Tables

  /// `table`: what a memory sink has written by now. Views are in place already.
  private static func table(_ call: OperatorCall, _ tables: MemoryTables) throws -> any PlanNode {
    let name = call.text("name")
    guard let table = tables[name] else {
      throw Failure(
        "TABLE_OR_VIEW_NOT_FOUND", "there is no table or view `\(name)`",
        hint: Suggestion.sentence(for: name, among: tables.names)
          ?? "`df:createOrReplaceTempView(name)` makes a view.")
    }
    if call.has("isStreaming"), call.boolean("isStreaming") {
      throw Failure("UNSUPPORTED_FEATURE", "the table `\(name)` cannot be read as a stream")
    }
    return LocalRows(table.batches, schema: table.schema, origin: call.origin)
  }

  // MARK: Persisted plans

  func persist(plan id: Int) {
    if persisted[id] == nil { persisted[id] = .some(nil) }
  }

  func unpersist(plan id: Int) { persisted[id] = nil }

  /// The rows of a plan that was persisted, computed now if they are not there; nil: it was not.
  func persistedRows(
    of plan: UnresolvedPlan, functions: FunctionCatalog
  ) throws -> ScriptRows? {
    guard let kept = persisted[plan.id] else { return nil }
    if let kept { return kept }
    let query = try batchQuery(analyzed(plan, functions: functions))
    let rows = ScriptRows(try query.batches(), schema: query.plan.schema)
    persisted[plan.id] = rows
    return rows
  }
}
