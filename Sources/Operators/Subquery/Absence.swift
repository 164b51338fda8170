import Columns
import Contract
import Expressions
import Plan

/// `value NOT IN (query)` where a NULL may be on either side: a join by hash finds the values that
/// are there, and two counts of the query's rows say what the NULLs make of the others. A value is
/// absent if the query gives no row; or if it is not NULL, none of the query's values is, and it is
/// not among them.
struct Absence {
  private let value: Expression
  private let same: Expression
  private let right: any PlanNode
  private let title: String
  private let analyzer: Analyzer
  private let origin: Origin?

  /// nil: the query hangs on outer rows, several values are looked for, or nothing can be NULL.
  init?(
    of subquery: Subquery, over plan: AnalyzedPlan, _ analyzer: Analyzer, _ origin: Origin?
  ) throws {
    guard subquery.use == .membership, subquery.values.count == 1,
      let query = subquery.query as? UnresolvedPlan
    else { return nil }
    let right = try analyzer.analyze(subquery: query, outer: plan.scope)
    let outer = Set(plan.node.output)
    let isCorrelated = right.nodes.contains { node in
      node.expressions.contains { !$0.references.isDisjoint(with: outer) }
    }
    guard right.output.count == 1, !isCorrelated, !right.isStreaming else { return nil }
    value = try analyzer.resolver(plan.scope).resolve(subquery.values[0])
    same = try analyzer.call("=", [value, .attribute(right.output[0])], origin: origin)
    guard same.isNullable else { return nil }
    self.right = right
    self.analyzer = analyzer
    self.origin = origin
    title = "(\(value.automaticName) IN (listquery()))"
  }

  /// The rows whose value is absent.
  func filtered(_ left: any PlanNode) throws -> any PlanNode {
    let counted = try counts()
    let absent = join(.leftAnti, left, marker: nil)
    let both = Join(.cross, absent, counted.node, keys: [], conditions: [], origin: origin)
    let kept = Filter(try call("not", [maybe(counted)]), both, origin: origin)
    return Project(
      left.output.map { NamedExpression(.attribute($0), as: $0) }, kept, origin: origin)
  }

  /// Every row, with whether its value is there or may be.
  func marked(_ left: any PlanNode) throws -> (any PlanNode, Attribute) {
    let counted = try counts()
    let found = Attribute("_found", .boolean, isNullable: false)
    let both = Join(
      .cross, join(.existence, left, marker: found), counted.node, keys: [], conditions: [],
      origin: origin)
    let isThere = try call("or", [.attribute(found), maybe(counted)])
    let made = Attribute(title, .boolean, isNullable: false)
    let node = Project(
      left.output.map { NamedExpression(.attribute($0), as: $0) }
        + [NamedExpression(isThere, as: made)], both, origin: origin)
    return (node, made)
  }

  private func join(_ kind: JoinKind, _ left: any PlanNode, marker: Attribute?) -> Join {
    let split = JoinConditions(
      all: [same], left: Set(left.output), right: Set(right.output))
    return Join(
      kind, left, right, keys: split.keys, conditions: split.others, marker: marker,
      origin: origin)
  }

  private struct Counts {
    let node: any PlanNode
    let rows: Attribute
    let values: Attribute
  }

  private func counts() throws -> Counts {
    let one = Expression.literal(.integer(1), .int)
    let rows = Attribute("_rows", .long, isNullable: false)
    let values = Attribute("_values", .long, isNullable: false)
    let node = Aggregate(
      keys: [],
      aggregates: [
        NamedExpression(try call("count", [one]), as: rows),
        NamedExpression(try call("count", [.attribute(right.output[0])]), as: values),
      ], right, origin: origin)
    return Counts(node: node, rows: rows, values: values)
  }

  /// That a value which was not found may still be there: it is NULL, or there is a NULL.
  private func maybe(_ counts: Counts) throws -> Expression {
    let none = Expression.literal(.integer(0), .long)
    let hasRows = try call(">", [.attribute(counts.rows), none])
    let hasNull = try call("<", [.attribute(counts.values), .attribute(counts.rows)])
    let isNull = try call("isnull", [value])
    return try call("and", [hasRows, call("or", [isNull, hasNull])])
  }

  private func call(_ name: String, _ arguments: [Expression]) throws -> Expression {
    try analyzer.call(name, arguments, origin: origin)
  }
}
