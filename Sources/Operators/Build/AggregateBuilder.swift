import Columns
import Contract
import Expressions
import Plan

/// Builds an aggregation from keys and the expressions over its aggregates: an Aggregate node that
/// computes each distinct aggregate once, and a projection where the result is more than those.
struct AggregateBuilder {
  let call: OperatorCall

  /// `df:select(F.sum("x"))`: one group, all the columns made of aggregates.
  func global(_ columns: [NamedExpression], over child: any PlanNode) throws -> any PlanNode {
    try build(keys: [], shown: columns, over: child)
  }

  /// Groups by `keys`; `shown` are the columns of the result, keys not included unless they are
  /// among them.
  func build(
    keys: [NamedExpression], shown: [NamedExpression], over child: any PlanNode
  ) throws -> any PlanNode {
    let keyByIdentity = Dictionary(
      keys.map { ($0.expression.identity, $0.attribute) }, uniquingKeysWith: { a, _ in a })
    var calls: [NamedExpression] = []
    var callByIdentity: [String: Attribute] = [:]
    let keyAttributes = Set(keys.map(\.attribute))
    let results = try shown.map { column in
      NamedExpression(
        try replaced(
          column.expression, column, keyByIdentity, keyAttributes, &calls, &callByIdentity),
        as: column.attribute)
    }
    let node = aggregation(keys, calls, over: child)
    if zip(results, node.output).allSatisfy({ result, output in
      result.attribute == output && result.expression.isAttribute(output)
    }), results.count == node.output.count {
      return node
    }
    let (flat, below) = WindowFunctions.extract(results, over: node, origin: call.origin)
    return Project(flat, below, origin: call.origin)
  }

  private func aggregation(
    _ keys: [NamedExpression], _ calls: [NamedExpression], over child: any PlanNode
  ) -> any PlanNode {
    if let sessions = child as? SessionWindow,
      let place = keys.firstIndex(where: { $0.expression.isAttribute(sessions.window) })
    {
      var others = keys
      let session = others.remove(at: place)
      return SessionAggregate(
        keys: others, session: session, aggregates: calls, child, origin: call.origin)
    }
    return Aggregate(keys: keys, aggregates: calls, child, origin: call.origin)
  }

  /// The expression over the Aggregate's output.
  private func replaced(
    _ expression: Expression, _ column: NamedExpression, _ keys: [String: Attribute],
    _ keyAttributes: Set<Attribute>, _ calls: inout [NamedExpression],
    _ known: inout [String: Attribute]
  ) throws -> Expression {
    if let key = keys[expression.identity] { return .attribute(key, origin: expression.origin) }
    switch expression.kind {
    case .aggregate(let aggregate):
      if aggregate.arguments.contains(where: \.hasAggregate) {
        throw Failure(
          "NESTED_AGGREGATE_FUNCTION",
          "an aggregate cannot be taken of an aggregate: \(expression.sqlText)",
          origin: expression.origin)
      }
      let identity = expression.identity
      if let made = known[identity] { return .attribute(made, origin: expression.origin) }
      // A result that is nothing but this aggregate has the result's own name and id.
      let isWhole = column.expression === expression
      let made =
        isWhole
        ? column.attribute
        : Attribute(expression.automaticName, expression.type, isNullable: expression.isNullable)
      calls.append(NamedExpression(expression, as: made))
      known[identity] = made
      return .attribute(made, origin: expression.origin)
    case .attribute(let attribute):
      if keyAttributes.contains(attribute) { return expression }
      throw notAggregated(attribute, hasKeys: !keys.isEmpty, expression.origin)
    case .lambda: return expression
    default:
      let children = expression.children
      if children.isEmpty { return expression }
      let new = try children.map {
        try replaced($0, column, keys, keyAttributes, &calls, &known)
      }
      return expression.with(children: new)
    }
  }

  private func notAggregated(_ attribute: Attribute, hasKeys: Bool, _ origin: Origin?) -> Failure {
    if !hasKeys {
      return Failure(
        "MISSING_GROUP_BY",
        "the column `\(attribute.name)` stands beside an aggregate, but there are no groups",
        hint: "Group with `groupBy`, or aggregate the column too.", origin: origin ?? call.origin)
    }
    return Failure(
      "MISSING_AGGREGATION",
      "the column `\(attribute.name)` is neither a key of the groups nor aggregated",
      hint: "Add it to `groupBy`, or aggregate it: `F.first(\"\(attribute.name)\")`.",
      origin: origin ?? call.origin)
  }
}

extension Expression {
  func isAttribute(_ attribute: Attribute) -> Bool {
    if case .attribute(let own) = kind { own == attribute } else { false }
  }
}
