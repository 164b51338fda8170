import Columns
import Contract
import Expressions
import Plan
import SQL

/// Reads the Lua tables of DataFrames (`stdlib/moontide/plan.lua`) into the unresolved tree. A node
/// used twice is read once, and keeps its identity: `df.name` refers to it.
struct PlanReader {
  private let expressions: ExpressionReader
  private let userFunctions: any UserFunctionReader
  /// The rows that stand for a persisted plan, computed when they are first asked for.
  private let persisted: (UnresolvedPlan) throws -> ScriptRows?
  private var read: [Int: UnresolvedPlan] = [:]

  init(
    expressions: ExpressionReader, userFunctions: any UserFunctionReader,
    persisted: @escaping (UnresolvedPlan) throws -> ScriptRows?
  ) {
    self.expressions = expressions
    self.userFunctions = userFunctions
    self.persisted = persisted
  }

  mutating func plan(_ value: LuaValue) throws -> UnresolvedPlan {
    let node = value.node
    guard let id = node["id"].integer.map({ Int($0) }) else {
      preconditionFailure("a plan node without its id")
    }
    if let known = read[id] { return known }
    var made = try withOrigin(node.origin) { try make(node, id: id) }
    if let rows = try persisted(made) {
      made = UnresolvedPlan(
        id: id, name: "localRows", arguments: ["rows": .rows(rows.schema, rows.batches)],
        origin: node.origin)
    }
    read[id] = made
    return made
  }

  private mutating func make(_ node: LuaTable, id: Int) throws -> UnresolvedPlan {
    let name = node.text("op")
    switch name {
    case "sql": return try query(node, id: id)
    case "table": if let view = try view(node, id: id) { return view }
    default: break
    }
    guard let operation = Self.operations[name] else {
      preconditionFailure("the stdlib made a plan node `\(name)`")
    }
    var inputs: [UnresolvedPlan] = []
    if !node["input"].isNil { inputs.append(try plan(node["input"])) }
    for input in node["inputs"].elements { inputs.append(try plan(input)) }
    if !node["initialState"].isNil { inputs.append(try plan(node["initialState"])) }
    var arguments: [String: PlanArgument] = [:]
    for (field, shape) in operation where !node[field].isNil {
      arguments[field] = try argument(node[field], shape, origin: node.origin)
    }
    return UnresolvedPlan(
      id: id, name: name, inputs: inputs, arguments: arguments, origin: node.origin)
  }

  private mutating func argument(
    _ value: LuaValue, _ shape: Shape, origin: Origin?
  ) throws -> PlanArgument {
    switch shape {
    case .expression: return .expression(try expression(value))
    case .expressions:
      return .list(try value.elements.map { .expression(try expression($0)) })
    default: return try plainArgument(value, shape, origin: origin)
    }
  }

  /// A Column; queries in its text (`F.expr`) read the views that there were when it was made.
  private mutating func expression(_ value: LuaValue) throws -> UnresolvedExpression {
    let read = try expressions.expression(value)
    guard read.hasSubquery else { return read }
    return try replacingViews(in: read, views: Self.views(of: value) ?? LuaTable())
  }

  private static func views(of value: LuaValue) -> LuaTable? {
    guard let node = value.table else { return nil }
    if node["kind"].text == "text", let views = node["views"].table { return views }
    return node.list.lazy.compactMap(views).first
      ?? node.fields.values.lazy.compactMap(views).first
  }

  private func plainArgument(
    _ value: LuaValue, _ shape: Shape, origin: Origin?
  ) throws -> PlanArgument {
    switch shape {
    case .expression, .expressions: preconditionFailure("a column is read elsewhere")
    case .text: .text(value.text ?? "")
    case .texts: .list(value.texts.map { .text($0) })
    case .integer: .integer(value.integer ?? 0)
    case .places:
      .list(value.elements.map { .list($0.elements.map { .integer($0.integer ?? 0) }) })
    case .number: .number(value.number ?? 0)
    case .boolean: .boolean(value.boolean == true)
    case .schema: .type(.structure(try Schema(ddl: value.text ?? "").fields))
    case .options:
      .table(
        value.node.fields.sorted { $0.key < $1.key }
          .map { (name: $0.key, value: .text($0.value.text ?? "")) })
    case .function: .function(try userFunctions.rowFunction(function(value), origin: origin))
    case .rows: rows(value)
    case .host: .host(try host(value, origin: origin))
    }
  }

  private func function(_ value: LuaValue) -> LuaReference {
    guard let function = value.function else { preconditionFailure("a node without its function") }
    return function
  }

  private func rows(_ value: LuaValue) -> PlanArgument {
    guard case .object(let object) = value, let rows = object as? ScriptRows else {
      preconditionFailure("rows that the engine did not make")
    }
    return .rows(rows.schema, rows.batches)
  }

  /// An object of the engine's that the script holds, or its functions with state.
  private func host(_ value: LuaValue, origin: Origin?) throws -> any Sendable {
    if case .object(let object) = value {
      return (object as? MemoryInput)?.stream ?? object
    }
    return try userFunctions.stateFunction(value, origin: origin)
  }

  // MARK: Text and views

  private mutating func query(_ node: LuaTable, id: Int) throws -> UnresolvedPlan {
    var named: [String: UnresolvedExpression] = [:]
    for (name, value) in node["named"].table?.fields ?? [:] {
      named[name] = try expressions.expression(value)
    }
    let parsed = try QueryParser.parse(
      node.text("text"), named: named,
      listed: try node["listed"].elements.map(expressions.expression),
      timeZoneId: expressions.timeZoneId, origin: node.origin)
    let plan = try replacingViews(of: parsed, views: node["views"].node)
    return plan.with(id: id)
  }

  /// A table's name may be a view's: the view as it was when the script named it.
  private mutating func view(_ node: LuaTable, id: Int) throws -> UnresolvedPlan? {
    let name = node.text("name")
    guard let view = node["views"].node[name.lowercased()].table else { return nil }
    return UnresolvedPlan(
      id: id, name: "alias", inputs: [try plan(view["plan"])],
      arguments: ["name": .text(view.text("name"))], origin: node.origin)
  }

  private mutating func replacingViews(
    of plan: UnresolvedPlan, views: LuaTable
  ) throws -> UnresolvedPlan {
    if plan.name == "table", case .text(let name)? = plan.arguments["name"],
      let view = views[name.lowercased()].table
    {
      return UnresolvedPlan(
        id: plan.id, name: "alias", inputs: [try self.plan(view["plan"])],
        arguments: ["name": .text(view.text("name"))], origin: plan.origin)
    }
    if plan.name == "describeTable" {
      let table = UnresolvedPlan(
        id: plan.id, name: "table", arguments: plan.arguments, origin: plan.origin)
      return plan.with(inputs: [try replacingViews(of: table, views: views)])
    }
    if plan.name == "showTables" {
      let names = views.fields.values.compactMap { $0.table?.text("name") }.sorted()
      var arguments = plan.arguments
      arguments["views"] = .list(names.map { .text($0) })
      return plan.with(arguments: arguments)
    }
    var made = plan
    if !plan.inputs.isEmpty {
      made = made.with(inputs: try plan.inputs.map { try replacingViews(of: $0, views: views) })
    }
    if plan.arguments.values.contains(where: \.hasSubquery) {
      made = made.with(
        arguments: try plan.arguments.mapValues { try replacingViews(in: $0, views: views) })
    }
    return made
  }

  /// The queries inside expressions name views too.
  private mutating func replacingViews(
    in argument: PlanArgument, views: LuaTable
  ) throws -> PlanArgument {
    switch argument {
    case .list(let list): return .list(try list.map { try replacingViews(in: $0, views: views) })
    case .expression(let expression):
      return .expression(try replacingViews(in: expression, views: views))
    default: return argument
    }
  }

  private mutating func replacingViews(
    in expression: UnresolvedExpression, views: LuaTable
  ) throws -> UnresolvedExpression {
    try expression.rewritten { part in
      guard case .subquery(let subquery) = part.node else { return nil }
      guard let query = subquery.query as? UnresolvedPlan else {
        preconditionFailure("a query that is no plan")
      }
      let values = try subquery.values.map { try replacingViews(in: $0, views: views) }
      return UnresolvedExpression(
        .subquery(
          Subquery(
            subquery.use, values: values, query: try replacingViews(of: query, views: views))),
        origin: part.origin)
    }
  }
}

extension PlanArgument {
  fileprivate var hasSubquery: Bool {
    switch self {
    case .expression(let expression): expression.hasSubquery
    case .list(let list): list.contains(where: \.hasSubquery)
    default: false
    }
  }
}

extension UnresolvedPlan {
  fileprivate func with(
    id: Int? = nil, inputs: [UnresolvedPlan]? = nil, arguments: [String: PlanArgument]? = nil
  ) -> UnresolvedPlan {
    UnresolvedPlan(
      id: id ?? self.id, name: name, inputs: inputs ?? self.inputs,
      arguments: arguments ?? self.arguments, origin: origin)
  }
}

// MARK: The operations

extension PlanReader {
  /// How one argument is read.
  fileprivate enum Shape {
    case expression, expressions, text, texts, integer, number, boolean, schema, options
    case function, host, rows
    /// Lists of places in another list.
    case places
  }

  private static let grouped: [String: Shape] = ["grouping": .text, "keys": .expressions]

  /// The nodes that the stdlib makes, and their arguments: as `UnresolvedPlan` lists them.
  fileprivate static let operations: [String: [String: Shape]] = [
    "read": [
      "format": .text, "isStreaming": .boolean, "schema": .schema, "options": .options,
      "paths": .texts, "host": .host,
    ],
    "table": ["name": .text, "isStreaming": .boolean, "options": .options],
    "range": ["start": .integer, "end": .integer, "step": .integer],
    "localRows": ["rows": .rows],
    "select": ["columns": .expressions],
    "withColumns": ["columns": .expressions],
    "withColumnsRenamed": ["existing": .texts, "names": .texts],
    "drop": ["names": .texts, "columns": .expressions],
    "toDF": ["names": .texts],
    "alias": ["name": .text],
    "filter": ["condition": .expression],
    "filterRows": ["function": .function],
    "mapRows": ["function": .function, "schema": .schema],
    "flatMapRows": ["function": .function, "schema": .schema],
    "mapPartitions": ["function": .function, "schema": .schema],
    "limit": ["count": .integer],
    "offset": ["count": .integer],
    "sort": ["order": .expressions],
    "sortOrderable": [:],
    "deduplicate": ["names": .texts],
    "deduplicateWithinWatermark": ["names": .texts],
    "union": [:],
    "unionByName": ["allowMissingColumns": .boolean],
    "except": ["all": .boolean],
    "intersect": ["all": .boolean],
    "join": ["kind": .text, "names": .texts, "condition": .expression],
    "aggregate": grouped.merging([
      "aggregates": .expressions, "pivotColumn": .expression, "pivotValues": .expressions,
      "sets": .places,
    ]) { $1 },
    "withWatermark": ["column": .expression, "delay": .text],
    "observe": ["name": .text, "columns": .expressions],
    "uid": ["name": .text],
    "sample": [
      "fraction": .number, "lowerBound": .number, "withReplacement": .boolean, "seed": .integer,
    ],
    "unpivot": [
      "ids": .expressions, "values": .expressions, "names": .texts, "variable": .text,
      "includesNulls": .boolean,
    ],
    "repartition": ["count": .integer, "columns": .expressions],
    "coalesce": ["count": .integer],
    "flatMapGroupsWithState": grouped.merging([
      "outputSchema": .schema, "stateSchema": .schema, "outputMode": .text, "timeout": .text,
      "host": .host, "returnsOneRow": .boolean,
    ]) { $1 },
    "transformWithState": grouped.merging([
      "outputSchema": .schema, "outputMode": .text, "timeMode": .text, "host": .host,
    ]) { $1 },
    "applyInGroups": grouped.merging(["function": .function, "schema": .schema]) { $1 },
  ]
}
