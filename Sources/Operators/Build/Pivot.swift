import Columns
import Contract
import Expressions
import Plan

/// The values of columns as columns: each aggregate once for each value.
struct Pivot {
  let call: OperatorCall
  let input: AnalyzedPlan
  let columns: [UnresolvedExpression]

  /// `value` under its own text, or under the alias that it has.
  func columns(
    _ aggregates: [NamedExpression], for values: [UnresolvedExpression]
  ) throws -> [NamedExpression] {
    if input.node.isStreaming {
      throw Failure(
        "_LEGACY_ERROR_TEMP_3102", "Queries with streaming sources cannot pivot",
        hint: "Aggregate with a condition for each value: "
          + "`F.sum(F.when(c:eq(v), x))`.", origin: call.origin)
    }
    return try values.flatMap { value in
      var (inner, title) = (value, String?.none)
      if case .alias(let child, let names) = value.node { (inner, title) = (child, names.first) }
      let matches = try condition(inner)
      let name = try title ?? label(inner)
      return try aggregates.map { aggregate in
        let cell = try cell(aggregate.expression, matches)
        let label = aggregates.count == 1 ? name : "\(name)_\(aggregate.attribute.name)"
        return NamedExpression(cell, as: Attribute(label, cell.type, isNullable: true))
      }
    }
  }

  private func condition(_ value: UnresolvedExpression) throws -> Expression {
    var values = [value]
    if columns.count > 1 {
      guard case .call("named_struct", let fields, _, _) = value.node,
        fields.count == columns.count * 2
      else {
        throw Failure(
          "PIVOT_VALUE_DATA_TYPE_MISMATCH",
          "PIVOT by \(columns.count) columns takes as many values together", origin: value.origin)
      }
      values = stride(from: 1, to: fields.count, by: 2).map { fields[$0] }
    }
    let resolver = call.analyzer.resolver(input.scope)
    let parts = try zip(columns, values).map { column, value in
      try resolver.resolve(.call("<=>", [column, value], origin: call.origin))
    }
    return try parts.dropFirst().reduce(parts[0]) { try call.analyzer.conjunction($0, $1) }
  }

  private func label(_ value: UnresolvedExpression) throws -> String {
    let text = UnresolvedExpression(.cast(value, .string, isTry: false), origin: call.origin)
    let resolved = fold(try call.analyzer.resolver(input.scope).resolve(text))
    guard case .literal(let scalar) = resolved.kind else {
      throw Failure(
        "NON_LITERAL_PIVOT_VALUES", "a value of a pivot must be a constant: \(resolved.sqlText)",
        origin: call.origin)
    }
    return scalar.text ?? "null"
  }

  /// The aggregate over the rows that have the value; NULL where there is none, also of a count.
  private func cell(_ aggregate: Expression, _ matches: Expression) throws -> Expression {
    guard aggregate.hasAggregate else {
      throw Failure(
        "_LEGACY_ERROR_TEMP_1006",
        "a pivot is of aggregates, and this is none: \(aggregate.sqlText)",
        origin: aggregate.origin ?? call.origin)
    }
    let analyzer = call.analyzer
    let filtered = try aggregate.transformed { node in
      guard case .aggregate(let call) = node.kind else { return node }
      return Expression(
        .aggregate(
          AggregateCall(
            call.function, call.arguments, isDistinct: call.isDistinct,
            filter: try call.filter.map { try analyzer.conjunction($0, matches) } ?? matches)),
        node.type, isNullable: true, origin: node.origin)
    }
    let rows = try analyzer.call("count", [.literal(.integer(1), .int)], origin: call.origin)
    guard case .aggregate(let counted) = rows.kind else { preconditionFailure("count counts") }
    let present = Expression(
      .aggregate(AggregateCall(counted.function, counted.arguments, filter: matches)), rows.type,
      isNullable: false, origin: call.origin)
    let isThere = try analyzer.call(
      ">", [present, .literal(.integer(0), .long)], origin: call.origin)
    return try analyzer.call("when", [isThere, filtered], origin: call.origin)
  }
}

/// `pivot`: SQL's PIVOT, whose keys are the columns that are named nowhere in it.
func buildPivot(_ call: OperatorCall) throws -> any PlanNode {
  let input = call.children[0]
  let resolver = call.resolver
  let columns = call.expressions("columns")
  var aggregates: [NamedExpression] = []
  var used = Set<Attribute>()
  for item in try resolver.resolveList(call.expressions("aggregates")) {
    guard case .column(let column) = item else {
      throw Failure(
        "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
        "a function that makes rows is only possible in `select`", origin: call.origin)
    }
    aggregates.append(column)
    used.formUnion(column.expression.references)
  }
  for column in columns { used.formUnion(try resolver.resolve(column).references) }
  let keys = input.node.output.filter { !used.contains($0) }
    .map { NamedExpression(.attribute($0), as: $0) }
  let made = try Pivot(call: call, input: input, columns: columns)
    .columns(aggregates, for: call.expressions("values"))
  return try AggregateBuilder(call: call).build(keys: keys, shown: keys + made, over: input.node)
}
