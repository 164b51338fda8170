import Columns
import Contract
import Expressions
import Plan

/// `inlineTable`: SQL's VALUES. The cells of a column have one type; each is computed now.
func buildInlineTable(_ call: OperatorCall) throws -> any PlanNode {
  let resolver = call.analyzer.resolver(PlanScope(columns: []))
  let rows = try call.list("rows").map { row -> [Expression] in
    guard case .list(let cells) = row else { preconditionFailure("a row of cells") }
    return try cells.map { cell in
      guard case .expression(let expression) = cell else { preconditionFailure("a cell") }
      return try resolver.resolve(expression)
    }
  }
  let width = rows[0].count
  if let other = rows.first(where: { $0.count != width }) {
    throw Failure(
      "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
      "the first row of VALUES has \(width) values, another has \(other.count)",
      origin: call.origin)
  }
  let types = try (0..<width).map { place in try inlineType(rows.map { $0[place] }, call) }
  let fields = types.enumerated().map { index, type in
    Field("col\(index + 1)", type, isNullable: rows.contains { $0[index].isNullable })
  }
  let builders = types.map { VectorBuilder($0, capacity: rows.count) }
  for row in rows {
    for (index, cell) in row.enumerated() {
      builders[index].append(try inlineValue(cell.implicitlyCast(to: types[index]), call))
    }
  }
  let batch = Batch(builders.map { $0.finish() }, count: rows.count)
  return LocalRows([batch], schema: Schema(fields), origin: call.origin)
}

private func inlineType(_ cells: [Expression], _ call: OperatorCall) throws -> DataType {
  let types = cells.map(\.type)
  let common = types.reduce(DataType?.some(.null)) { common, type in
    common.flatMap { ImplicitCast.commonTypeWithoutStrings($0, type, keepsFloat: true) }
  }
  guard let common else {
    throw Failure(
      "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
      "a column of VALUES has values of different types: "
        + Set(types.map { "\"\($0)\"" }).sorted().joined(separator: ", "), origin: call.origin)
  }
  return common
}

private func inlineValue(_ cell: Expression, _ call: OperatorCall) throws -> Scalar {
  if let value = try constantValue(cell, call) { return value }
  throw Failure(
    "INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE",
    "VALUES takes constants, and this is none: \(cell.sqlText)",
    origin: cell.origin ?? call.origin)
}

/// The value of an expression over no columns, computed now; nil where it is not constant.
func constantValue(_ expression: Expression, _ call: OperatorCall) throws -> Scalar? {
  if let value = expression.literalValue { return value }
  guard expression.isDeterministic, expression.references.isEmpty, !expression.hasAggregate,
    !expression.hasWindow
  else { return nil }
  let context = EvaluationContext(
    Batch([], count: 1), task: TaskContext(timeZoneId: call.analyzer.session.timeZoneId))
  do {
    return try CompiledExpression(expression, input: []).evaluate(context).scalar(0)
  } catch let row as RowFailure {
    throw row.failure
  }
}

/// `generate`: the rows that a function makes of each row, beside the row: LATERAL VIEW.
func buildGenerate(_ call: OperatorCall) throws -> any PlanNode {
  let items = try call.resolver.resolveList([call.expression("generator")])
  guard items.count == 1,
    case .generator(let generator, let arguments, let names, let origin) =
      items[0]
  else {
    throw Failure(
      "UNSUPPORTED_GENERATOR.NOT_GENERATOR", "LATERAL takes a function that makes rows",
      hint: "As explode, posexplode, inline, stack.", origin: call.origin)
  }
  let table = call.has("table") ? call.text("table") : nil
  let made = generator.output.enumerated().map { index, field in
    Attribute(
      index < names.count ? names[index] : field.name, field.type, isNullable: field.isNullable,
      qualifier: table)
  }
  return Generate(
    generator, arguments, kept: call.child.output, made: made, call.child,
    origin: origin ?? call.origin)
}

/// A number of rows that a clause takes: any constant.
func rowCount(_ call: OperatorCall, _ clause: String) throws -> Int64 {
  func invalid(_ kind: String, _ what: String) -> Failure {
    Failure(
      "INVALID_LIMIT_LIKE_EXPRESSION.\(kind)", "\(clause) takes a whole number, \(what)",
      origin: call.origin)
  }
  guard call.has("value") else { return call.integer("count") }
  let value = fold(try call.resolver.resolve(call.expression("value")))
  guard value.references.isEmpty, let scalar = value.literalValue else {
    throw invalid("IS_UNFOLDABLE", "and `\(value.sqlText)` is no constant")
  }
  guard [.int, .long, .short, .byte].contains(value.type) else {
    throw value.type == .null
      ? invalid("IS_NULL", "not NULL") : invalid("DATA_TYPE", "not a \"\(value.type)\"")
  }
  guard case .integer(let count) = scalar else { throw invalid("IS_NULL", "not NULL") }
  if count < 0 { throw invalid("IS_NEGATIVE", "and \(count) is negative") }
  return count
}

/// `offset`.
func buildOffset(_ call: OperatorCall) throws -> any PlanNode {
  Offset(Int(clamping: try rowCount(call, "OFFSET")), call.child, origin: call.origin)
}

/// `sortAll`: by every column, from left to right.
func buildSortAll(_ call: OperatorCall) throws -> any PlanNode {
  guard case .sort(_, let order) = call.expression("order").node else {
    preconditionFailure("sortAll was built without an order")
  }
  let keys = try call.child.output.map { column in
    guard column.type.isOrderable else {
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
        "`\(column.name)` has the type \"\(column.type)\", which has no order",
        origin: call.origin)
    }
    return SortKey(.attribute(column), order)
  }
  return keys.isEmpty ? call.child : Sort(keys, call.child, origin: call.origin)
}

/// `sortOrderable`: ascending by the columns that have an order, so that equal inputs lie alike.
func buildSortOrderable(_ call: OperatorCall) throws -> any PlanNode {
  let keys = call.child.output.filter { $0.type.isOrderable }
    .map { SortKey(.attribute($0), .ascending) }
  return keys.isEmpty ? call.child : Sort(keys, call.child, origin: call.origin)
}
