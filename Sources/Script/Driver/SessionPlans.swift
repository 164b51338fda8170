import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan

// Plans of the session: analysed, run, and kept.

extension Session {
  /// The operations that plans may hold: those of the engine, and those on the session's tables.
  private var operators: OperatorCatalog {
    var catalog = OperatorCatalog.builtIn(
      ReadContext(
        connectors: connectors, settings: settings,
        formats: formats, clock: SystemClock()))
    catalog.add([
      OperatorSpec("table") { [tables] in try Self.table($0, tables) },
      OperatorSpec("showTables") { [tables] in Self.showTables($0, tables) },
      OperatorSpec("describeTable") { Self.describeTable($0) },
      OperatorSpec("describeQuery") { Self.describeTable($0) },
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
    try Analyzer(operators: operators, functions: functions, session: expressions).analyze(plan)
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

  private static func showTables(_ call: OperatorCall, _ tables: MemoryTables) -> any PlanNode {
    let isViews = call.boolean("isViews")
    let views = call.texts("views")
    var names = views + (isViews ? [] : tables.names.filter { !views.contains($0) })
    if call.has("pattern") {
      let pattern = NamePattern(call.text("pattern"))
      names = names.filter(pattern.matches)
    }
    let schema = Schema([
      Field("namespace", .string, isNullable: false),
      Field(isViews ? "viewName" : "tableName", .string, isNullable: false),
      Field("isTemporary", .boolean, isNullable: false),
    ])
    let rows = names.map {
      [Scalar.text(""), .text($0), .boolean(views.contains($0))]
    }
    return LocalRows([Batch(rows, schema: schema)], schema: schema, origin: call.origin)
  }

  private static func describeTable(_ call: OperatorCall) -> any PlanNode {
    let fields = call.child.schema.fields
    var schema = Schema([Field("col_name", .string, isNullable: false)])
    var rows = fields.map { [Scalar.text($0.name)] }
    if !call.has("form") {
      schema = Schema(
        schema.fields + [Field("data_type", .string, isNullable: false), Field("comment", .string)])
      rows = fields.map { [Scalar.text($0.name), .text($0.type.simpleString), .null] }
    }
    return LocalRows([Batch(rows, schema: schema)], schema: schema, origin: call.origin)
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

extension Batch {
  /// A few rows, value by value.
  fileprivate init(_ rows: [[Scalar]], schema: Schema) {
    let columns = schema.fields.enumerated().map { index, field in
      let builder = VectorBuilder(field.type, capacity: rows.count)
      for row in rows { builder.append(row[index]) }
      return builder.finish()
    }
    self.init(columns, count: rows.count)
  }
}

/// `SHOW TABLES LIKE 'a*|b'`: `*` stands for any letters, `|` between patterns, case is ignored.
private struct NamePattern {
  private let alternatives: [[Substring]]

  init(_ text: String) {
    alternatives = text.lowercased().split(separator: "|").map {
      $0.split(separator: "*", omittingEmptySubsequences: false)
    }
  }

  func matches(_ name: String) -> Bool {
    alternatives.contains { Self.matches(name.lowercased()[...], $0[...]) }
  }

  private static func matches(_ name: Substring, _ parts: ArraySlice<Substring>) -> Bool {
    guard let first = parts.first else { return name.isEmpty }
    guard name.hasPrefix(first) else { return false }
    var rest = name.dropFirst(first.count)
    if parts.count == 1 { return rest.isEmpty }
    while true {
      if matches(rest, parts.dropFirst()) { return true }
      if rest.isEmpty { return false }
      rest = rest.dropFirst()
    }
  }
}
