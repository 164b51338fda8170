import Columns
import Contract
import Expressions
import Plan

/// `lateralJoin`: each row with the rows that a query gives for it, which may use its columns.
func buildLateralJoin(_ call: OperatorCall) throws -> any PlanNode {
  guard let kind = JoinKind(rawValue: call.text("kind")),
    case .subquery(let subquery) = call.expression("query").node,
    let query = subquery.query as? UnresolvedPlan
  else { preconditionFailure("a lateral join without its query") }
  let left = call.children[0]
  let inner = try call.analyzer.analyze(subquery: query, outer: left.scope)
  let dependent = DependentRows(
    of: inner, outer: left.node, analyzer: call.analyzer, origin: call.origin)
  var right = inner
  var conditions: [Expression] = []
  if !dependent.columns.isEmpty {
    if left.node.isStreaming {
      (right, conditions) = try pulled(inner, over: left.node, call)
    } else {
      let rows = try dependent.rows(of: inner)
      (right, conditions) = (rows.node, try dependent.conditions(rows))
    }
  }
  if call.has("condition") {
    let scope = PlanScope(
      columns: left.node.output + inner.output, columnsOfPlan: left.columnsOfPlan)
    let resolver = call.analyzer.resolver(scope)
    conditions += try rowCondition(call.expression("condition"), resolver, "ON").conjuncts
  }
  let split = JoinConditions(
    all: conditions, left: Set(left.node.output), right: Set(right.output))
  let join = Join(
    kind == .cross ? .inner : kind, left.node, right, keys: split.keys, conditions: split.others,
    origin: call.origin)
  let shown = Set(left.node.output + inner.output)
  return Project(
    join.output.filter(shown.contains).map { NamedExpression(.attribute($0), as: $0) }, join,
    origin: call.origin)
}

/// Over a stream the combinations of its columns cannot be known beforehand: only conditions can
/// tie the query to its rows.
private func pulled(
  _ inner: any PlanNode, over outer: any PlanNode, _ call: OperatorCall
) throws -> (any PlanNode, [Expression]) {
  var decorrelation = Decorrelation(
    outer: outer, analyzer: call.analyzer, isExistence: false, origin: call.origin)
  let node = try decorrelation.pull(inner)
  guard !decorrelation.isAggregated else { throw Decorrelation.refusal(node, call.origin) }
  return (node, decorrelation.predicates)
}
