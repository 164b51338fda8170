import Columns
import Contract
import Expressions
import Plan

/// `groupBy`, `rollup` and `cube`: the keys of an aggregation, and for the latter two the rows once
/// for each set of keys, the other keys NULL.
struct GroupingSets {
  let call: OperatorCall
  let input: AnalyzedPlan
  let keys: [NamedExpression]

  struct Grouped {
    let input: AnalyzedPlan
    /// The keys given, then the set's number where there are several sets.
    let keys: [NamedExpression]
    let groupingId: Attribute?
  }

  /// Stands for DataFrames that no script can name: the grouping id.
  private static let madeColumns = -2

  func apply(_ kind: String) throws -> Grouped {
    let count = keys.count
    let sets: [Int64]
    switch kind {
    case "rollup": sets = (0...count).map { (Int64(1) << Int64($0)) - 1 }
    case "cube":
      guard count <= 12 else {
        throw Failure(
          "GROUPING_SIZE_LIMIT_EXCEEDED", "a cube has 12 keys at most, not \(count)",
          origin: call.origin)
      }
      sets = (0..<(Int64(1) << Int64(count))).map { $0 }
    default: return Grouped(input: input, keys: keys, groupingId: nil)
    }
    return expanded(sets)
  }

  /// Bit `count-1-i` of a set's number says that key `i` is left out, as in Spark.
  private func expanded(_ sets: [Int64]) -> Grouped {
    let nulled = keys.map { key in
      Attribute(
        key.attribute.name, key.attribute.type, isNullable: true,
        watermarkDelayUs: key.attribute.watermarkDelayUs)
    }
    let id = Attribute("spark_grouping_id", .long, isNullable: false)
    let own = input.node.output
    let rows = sets.map { set in
      own.map { Expression.attribute($0) }
        + keys.enumerated().map { index, key in
          (set >> Int64(keys.count - 1 - index)) & 1 == 0
            ? key.expression : .literal(.null, key.expression.type)
        } + [.literal(.integer(set), .long)]
    }
    let node = Expand(rows, output: own + nulled + [id], input.node, origin: call.origin)
    var columns = input.columnsOfPlan
    columns[Self.madeColumns] = [[id]]
    let made = (nulled + [id]).map { NamedExpression(.attribute($0), as: $0) }
    return Grouped(
      input: AnalyzedPlan(node, columnsOfPlan: columns), keys: made, groupingId: id)
  }

  /// The aggregates over the grouped rows; `grouping(k)` and `grouping_id()` become columns.
  func resolve(_ list: [UnresolvedExpression], _ grouped: Grouped) throws -> [NamedExpression] {
    let resolver = call.analyzer.resolver(grouped.input.scope)
    let items = try resolver.resolveList(try list.map { try rewritten($0, grouped) })
    return try items.map { item in
      guard case .column(let column) = item else {
        throw Failure(
          "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
          "a function that makes rows is only possible in `select`", origin: call.origin)
      }
      // In the result a key is the key of its set, NULL where the set leaves it out.
      guard grouped.groupingId != nil else { return column }
      let expression = replacedKeys(column.expression, grouped)
      return NamedExpression(expression, as: column.attribute)
    }
  }

  private func replacedKeys(_ expression: Expression, _ grouped: Grouped) -> Expression {
    if case .aggregate = expression.kind { return expression }
    for (key, new) in zip(keys, grouped.keys)
    where expression.identity == key.expression.identity {
      return .attribute(new.attribute, origin: expression.origin)
    }
    let children = expression.children
    if children.isEmpty { return expression }
    return expression.with(children: children.map { replacedKeys($0, grouped) })
  }

  private func rewritten(_ item: UnresolvedExpression, _ grouped: Grouped) throws
    -> UnresolvedExpression
  {
    try item.rewritten { part in
      guard case .call(let name, let arguments, _, _) = part.node,
        ["grouping", "grouping_id"].contains(name.lowercased())
      else { return nil }
      guard let id = grouped.groupingId else {
        throw Failure(
          "UNSUPPORTED_GROUPING_EXPRESSION",
          "`\(name)` is only possible with `rollup` and `cube`", origin: part.origin)
      }
      let column = UnresolvedExpression(
        .column(ofPlan: Self.madeColumns, name: id.name), origin: part.origin)
      if name.lowercased() == "grouping_id" {
        return UnresolvedExpression(.alias(column, ["grouping_id()"]), origin: part.origin)
      }
      guard arguments.count == 1 else {
        throw Failure(
          "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "`grouping` takes one argument",
          origin: part.origin)
      }
      let place = try place(of: arguments[0])
      func literal(_ value: Int64) -> UnresolvedExpression {
        UnresolvedExpression(.literal(.integer(value), .int), origin: part.origin)
      }
      let shifted = UnresolvedExpression.call(
        "shiftright", [column, literal(Int64(keys.count - 1 - place))], origin: part.origin)
      let bit = UnresolvedExpression.call("&", [shifted, literal(1)], origin: part.origin)
      return UnresolvedExpression(.cast(bit, .byte, isTry: false), origin: part.origin)
    }
  }

  private func place(of argument: UnresolvedExpression) throws -> Int {
    let resolved = try call.analyzer.resolver(input.scope).resolve(argument)
    if let place = keys.firstIndex(where: { $0.expression.identity == resolved.identity }) {
      return place
    }
    throw Failure(
      "GROUPING_COLUMN_MISMATCH", "`\(resolved.sqlText)` is no key of the groups",
      details: ["keys: " + keys.map(\.attribute.name).joined(separator: ", ")],
      origin: argument.origin)
  }
}
