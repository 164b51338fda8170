import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan

// What SHOW, DESCRIBE and EXPLAIN tell of the session.

extension Session {
  static func showTables(_ call: OperatorCall, _ tables: MemoryTables) -> any PlanNode {
    let isViews = call.boolean("isViews")
    let views = call.texts("views")
    let names = fitting(
      views + (isViews ? [] : tables.names.filter { !views.contains($0) }), call)
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

  static func describeTable(_ call: OperatorCall) throws -> any PlanNode {
    if call.has("column") { return try describeColumn(call) }
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

  /// `DESCRIBE table column`
  private static func describeColumn(_ call: OperatorCall) throws -> any PlanNode {
    let name = UnresolvedExpression(.name([call.text("column")]), origin: call.origin)
    let column = try call.resolver.resolveNamed(name).attribute
    let rows = [
      ["col_name", column.name], ["data_type", column.type.simpleString], ["comment", "NULL"],
    ]
    return texts(call, ["info_name", "info_value"], rows)
  }

  /// Names in one column, those that the pattern fits.
  static func showNames(_ call: OperatorCall, _ all: [String], title: String) -> any PlanNode {
    texts(call, [title], fitting(all, call).map { [$0] })
  }

  /// The names that the call's pattern fits; all where it has none.
  private static func fitting(_ names: [String], _ call: OperatorCall) -> [String] {
    guard call.has("pattern") else { return names }
    return names.filter(NamePattern(call.text("pattern")).matches)
  }

  static func showFunctions(_ call: OperatorCall, _ builtIn: FunctionCatalog) -> any PlanNode {
    let own = call.analyzer.functions.names.filter { builtIn[$0] == nil }
    let system = builtIn.names.filter { $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } }
    let kind = call.text("kind")
    let names = (kind == "SYSTEM" ? [] : own) + (kind == "USER" ? [] : system)
    return showNames(call, names.sorted(), title: "function")
  }

  /// `DESCRIBE FUNCTION name`: what its Spec says.
  static func describeFunction(_ call: OperatorCall, _ specs: [Spec]) throws -> any PlanNode {
    let name = call.text("name").lowercased()
    let spec =
      specs.first { $0.name.lowercased() == name }
      ?? specs.first { $0.aliases.contains { $0.lowercased() == name } }
    guard let spec else {
      guard call.analyzer.functions.userFunction(name) != nil else {
        throw unresolvedRoutine(
          call.text("name"), among: call.analyzer.functions.names, origin: call.origin)
      }
      return texts(call, ["function_desc"], [["Function: \(call.text("name"))"]])
    }
    let parameters = spec.parameters.map(\.name).joined(separator: ", ")
    var lines = [
      "Function: \(name)",
      "Usage: \(name)(\(parameters)\(spec.isVariadic ? ", …" : "")) - \(spec.summary)",
    ]
    if call.boolean("isExtended") {
      lines += spec.parameters.map { "Argument: \($0.name) - \($0.summary)" }
      lines += spec.examples.map { "Example: SELECT \($0.code); -- \($0.result)" }
    }
    return texts(call, ["function_desc"], lines.map { [$0] })
  }

  /// `EXPLAIN query`
  static func explain(_ call: OperatorCall, _ optimizer: Optimizer) -> any PlanNode {
    let plan = call.child
    let text = PlanTree.explained(
      analyzed: plan, optimized: optimizer.optimize(plan), mode: call.text("mode"))
    return texts(call, ["plan"], [[text]])
  }

  private static func texts(
    _ call: OperatorCall, _ columns: [String], _ rows: [[String]]
  ) -> any PlanNode {
    let schema = Schema(columns.map { Field($0, .string, isNullable: false) })
    let batch = Batch(rows.map { $0.map { .text($0) } }, schema: schema)
    return LocalRows([batch], schema: schema, origin: call.origin)
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
