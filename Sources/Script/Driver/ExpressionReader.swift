import Columns
import Contract
import Expressions
import Plan
import SQL

/// Reads the Lua tables of Columns (`stdlib/moontide/expression.lua`) into the unresolved tree.
struct ExpressionReader {
  /// Of instants in expression text.
  let timeZoneId: String
  let userFunctions: any UserFunctionReader

  func expression(_ value: LuaValue) throws -> UnresolvedExpression {
    let node = value.node
    let origin = node.origin
    let made: UnresolvedExpression.Node
    switch node.text("kind") {
    case "column": return try column(node, origin)
    case "star": made = .star(try starParts(node, origin))
    case "literal": made = literal(node)
    case "text":
      return try withOrigin(origin) {
        try QueryParser.expression(node.text("text"), timeZoneId: timeZoneId, origin: origin)
      }
    case "call":
      made = .call(
        node.text("name"), try operands(node), isDistinct: node["distinct"].boolean == true,
        filter: node["filter"].isNil ? nil : try expression(node["filter"]))
    case "case": made = .call("when", try operands(node), isDistinct: false, filter: nil)
    case "alias": made = .alias(try operand(node), node["names"].texts)
    case "cast":
      made = .cast(
        try operand(node), try withOrigin(origin) { try DataType(ddl: node.text("type")) },
        isTry: node["try"].boolean == true)
    case "extract":
      let parts = try operands(node)
      precondition(parts.count == 2, "an extract of a value and a key")
      made = .extract(parts[0], parts[1])
    case "lambda": made = .lambda(node["parameters"].texts, try operand(node))
    case "variable": made = .name([node.text("name")])
    case "sort": made = .sort(try operand(node), sortOrder(node))
    case "window": made = .over(try operand(node), try window(node))
    case "udf", "udaf":
      let function = try userFunctions.function(node["definition"].node, origin: origin)
      made = .userFunction(function, try operands(node))
    case let kind: preconditionFailure("the stdlib made an expression of the kind \(kind)")
    }
    return UnresolvedExpression(made, origin: origin)
  }

  private func operand(_ node: LuaTable) throws -> UnresolvedExpression {
    guard let first = node.list.first else { preconditionFailure("an expression of one operand") }
    return try expression(first)
  }

  private func operands(_ node: LuaTable) throws -> [UnresolvedExpression] {
    try node.list.map(expression)
  }

  /// A name's first part is the column (or an alias before it), what follows leads into structs. Of
  /// a DataFrame's column the first part is looked up in that DataFrame.
  private func column(_ node: LuaTable, _ origin: Origin?) throws -> UnresolvedExpression {
    let parts = try ColumnName.parts(node.text("name"), origin: origin)
    guard let plan = node["plan"].integer else {
      return UnresolvedExpression(.name(parts), origin: origin)
    }
    let column = UnresolvedExpression(
      .column(ofPlan: Int(plan), name: parts[0]), origin: origin)
    return parts.dropFirst().reduce(column) { struct_, field in
      let key = UnresolvedExpression(.literal(.text(field), .string), origin: origin)
      return UnresolvedExpression(.extract(struct_, key), origin: origin)
    }
  }

  private func starParts(_ node: LuaTable, _ origin: Origin?) throws -> [String] {
    try node["name"].string.map { try ColumnName.parts($0, origin: origin) } ?? []
  }

  private func literal(_ node: LuaTable) -> UnresolvedExpression.Node {
    let value = node["value"]
    switch node.text("type") {
    case "null": return .literal(.null, .null)
    case "boolean": return .literal(.boolean(value.boolean == true), .boolean)
    case "int": return .literal(.integer(value.integer ?? 0), .int)
    case "bigint": return .literal(.integer(value.integer ?? 0), .long)
    case "double": return .literal(.double(value.number ?? 0), .double)
    default: return .literal(.bytes(value.stringBytes), .string)
    }
  }

  private func sortOrder(_ node: LuaTable) -> SortOrder {
    SortOrder(
      isAscending: node["ascending"].boolean == true,
      nullsFirst: node["nullsFirst"].boolean == true)
  }

  private func window(_ node: LuaTable) throws -> UnresolvedWindow {
    UnresolvedWindow(
      partition: try node["partitionBy"].elements.map(expression),
      order: try node["orderBy"].elements.map(expression),
      frame: node["frame"].table.map(frame))
  }

  private func frame(_ frame: LuaTable) -> WindowFrame {
    func bound(_ name: String) -> WindowFrame.Bound {
      switch frame[name].integer ?? 0 {
      case .min: .unboundedPreceding
      case .max: .unboundedFollowing
      case 0: .currentRow
      case let distance: .offset(.integer(distance), .long)
      }
    }
    return WindowFrame(
      isRows: frame["kind"].string == "rows", lower: bound("start"), upper: bound("finish"),
      isMade: true)
  }
}

/// Makes functions that engines call of the functions that a script defined.
protocol UserFunctionReader {
  /// A `udf` or `udaf` with its types (`stdlib/moontide/user_function.lua`).
  func function(_ definition: LuaTable, origin: Origin?) throws -> any UserFunction
  /// A function on rows: of `filter`, `map`, `applyInGroups`.
  func rowFunction(_ function: LuaReference, origin: Origin?) throws -> any UserRowFunction
  /// Functions with state: of `flatMapGroupsWithState`, `transformWithState`.
  func stateFunction(_ functions: LuaValue, origin: Origin?) throws -> any Sendable
}
