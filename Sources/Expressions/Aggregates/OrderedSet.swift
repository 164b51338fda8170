import Columns
import Contract

/// Aggregates of values in an order: `percentile_cont(0.5) WITHIN GROUP (ORDER BY pay)`.
enum OrderedSet {
  /// Those that need an order, and those that may have one.
  private static let needing: Set<String> = ["percentile_cont", "percentile_disc"]
  private static let taking: Set<String> = ["listagg", "mode"]

  /// The keys of WITHIN GROUP among the arguments of a call.
  static func keys(
    _ arguments: [UnresolvedExpression], of name: String,
    _ resolve: (UnresolvedExpression) throws -> SortKey
  ) throws -> [SortKey] {
    let keys = arguments.filter { if case .sort = $0.node { true } else { false } }
    if keys.isEmpty {
      if needing.contains(name) {
        throw Failure(
          "INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING",
          "`\(name)` needs WITHIN GROUP (ORDER BY …)")
      }
      return []
    }
    guard needing.contains(name) || taking.contains(name) else {
      throw Failure(
        "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
        "the function `\(name)` does not support WITHIN GROUP (ORDER BY …)")
    }
    if name != "listagg", keys.count > 1 {
      throw Failure(
        "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
        "`\(name)` takes one key to order by, not \(keys.count)")
    }
    return try keys.map(resolve)
  }

  /// Where the elements of a list stand in the order of some of the element's fields.
  static func order(_ elements: Vector, keys: [(column: Vector, order: SortOrder)]) -> [Int] {
    func precedes(_ a: Int, _ b: Int) -> Bool {
      for key in keys {
        let (noA, noB) = (key.column.isNull(a), key.column.isNull(b))
        if noA && noB { continue }
        if noA || noB { return noA == key.order.nullsFirst }
        let order = ValueOrder.compare(key.column, a, key.column, b)
        if order != 0 { return (order < 0) == key.order.isAscending }
      }
      return a < b
    }
    return (0..<elements.count).sorted(by: precedes)
  }
}

extension Expression {
  /// An aggregate under the name that Spark gives it with its WITHIN GROUP.
  func within(_ keys: [SortKey], _ name: String, written: [Expression]) -> Expression {
    guard case .aggregate(let call) = kind else { return self }
    var texts = written.map { Optional($0.automaticName) }
    let order: String
    switch name {
    case "listagg":
      if texts.count < 2 { texts.append("NULL") }
      order = keys.map { "\($0.expression.automaticName) \($0.order.text)" }
        .joined(separator: ", ")
    default:
      // Spark shows MODE's order the other way round.
      let isDescending = keys[0].order.isAscending == (name == "mode")
      order = keys[0].expression.automaticName + (isDescending ? " DESC" : "")
    }
    return Expression(
      .aggregate(
        AggregateCall(
          call.function, call.arguments, isDistinct: call.isDistinct, filter: call.filter,
          name: name, written: texts, ordering: "WITHIN GROUP (ORDER BY \(order))")),
      type, isNullable: isNullable, origin: origin)
  }
}

/// PERCENTILE_CONT and PERCENTILE_DISC; `listagg` and `mode` stand with their kin.
let orderedSetAggregates: [FunctionSpec] = [
  percentile(
    "percentile_cont", "The percentile of the values in an order, between neighbours if need be.",
    [
      Example("percentile_cont(0.25) WITHIN GROUP (ORDER BY a) FROM VALUES (0), (10)", "2.5"),
      Example("percentile_cont(0.25) WITHIN GROUP (ORDER BY a DESC) FROM VALUES (0), (10)", "7.5"),
    ], isDiscrete: false),
  percentile(
    "percentile_disc", "The first of the values in an order that the percentage of them reaches.",
    [
      Example("percentile_disc(0.25) WITHIN GROUP (ORDER BY a) FROM VALUES (0), (10)", "0.0"),
      Example(
        "percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM VALUES (0), (10), (NULL), (20)",
        "10.0"),
    ], isDiscrete: true),
]

private func percentile(
  _ name: String, _ summary: String, _ examples: [Example], isDiscrete: Bool
) -> FunctionSpec {
  .function(
    .aggregate, name, category: "aggregates", summary: summary,
    [
      .value(
        "percentage", .oneOf([.double, .arrayOf(.double)]), "from 0 to 1, or an array of such")
    ], returns: "DOUBLE, INTERVAL, or an ARRAY of them", examples: examples,
    notes: "Written with WITHIN GROUP (ORDER BY value [DESC]), so only in SQL text."
  ) { call in
    let (percentages, isArray) = try percentages(call, 0)
    guard let key = call.ordering.first else {
      preconditionFailure("`\(call.name)` without its order")
    }
    var value = key.expression
    if value.type == .string || value.type == .null {
      value = value.implicitlyCast(to: .double)
    }
    guard value.type.isNumeric || value.type.isInterval else {
      throw Failure(
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        "`\(call.name)` is of numbers or intervals, and `\(value.sqlText)` has the type "
          + "\"\(value.type)\"", origin: call.origin)
    }
    return call.aggregate(
      Percentile.function(
        name, value.type, percentages: percentages, isArray: isArray, isWeighted: false,
        isDescending: !key.order.isAscending, isDiscrete: isDiscrete), over: [value])
  }
}
