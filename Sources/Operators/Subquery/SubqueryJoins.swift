import Columns
import Contract
import Expressions
import Plan

/// Turns queries inside expressions into joins below them: each becomes a column, which stands
/// where the query stood.
///
/// As in Spark, `x IN (SELECT …)` in a column is true or false and never NULL; only NOT IN minds a
/// NULL, which may be the value that is looked for.
struct SubqueryJoins {
  let call: OperatorCall

  /// The expressions over the input with the columns that stand for their queries.
  func extract(
    _ list: [UnresolvedExpression], from input: AnalyzedPlan
  ) throws -> ([UnresolvedExpression], AnalyzedPlan) {
    guard list.contains(where: \.hasSubquery) else { return (list, input) }
    var plan = input
    let rewritten = try list.map { try self.rewritten($0, &plan) }
    return (rewritten, plan)
  }

  private func rewritten(
    _ expression: UnresolvedExpression, _ plan: inout AnalyzedPlan
  ) throws -> UnresolvedExpression {
    try expression.rewritten { part in
      if case .call("not", let operands, _, _) = part.node, operands.count == 1,
        case .subquery(let subquery) = operands[0].node, subquery.use == .membership
      {
        let column = try column(for: subquery, isNegated: true, part.origin, &plan)
        return .call("not", [column], origin: part.origin)
      }
      guard case .subquery(let subquery) = part.node else { return nil }
      return try column(for: subquery, isNegated: false, part.origin, &plan)
    }
  }

  private func column(
    for subquery: Subquery, isNegated: Bool, _ origin: Origin?, _ plan: inout AnalyzedPlan
  ) throws -> UnresolvedExpression {
    let subquery = subquery.with(values: try subquery.values.map { try rewritten($0, &plan) })
    let (node, made) = try withOrigin(origin) {
      switch subquery.use {
      case .scalar: try scalar(subquery, over: plan, origin)
      case .exists, .membership:
        try existence(subquery, isNegated: isNegated, over: plan, origin)
      }
    }
    // No script can name this plan.
    let id = Int.min + made.id
    var columns = plan.columnsOfPlan
    columns[id] = [[made]]
    let added = node.output.filter { !plan.node.output.contains($0) }
    plan = AnalyzedPlan(
      node, columnsOfPlan: columns, made: plan.made + added, qualified: plan.qualified)
    return UnresolvedExpression(.column(ofPlan: id, name: made.name), origin: origin)
  }

  // MARK: Existence

  private func existence(
    _ subquery: Subquery, isNegated: Bool, over plan: AnalyzedPlan, _ origin: Origin?
  ) throws -> (any PlanNode, Attribute) {
    if isNegated, let absence = try Absence(of: subquery, over: plan, call.analyzer, origin) {
      return try absence.marked(plan.node)
    }
    let found = try meeting(subquery, isNullAware: isNegated, over: plan, origin)
    let marker = Attribute(found.title, .boolean, isNullable: false)
    let join = found.join(.existence, plan.node, marker: marker, origin)
    return (join, marker)
  }

  /// A condition of a filter that is nothing but `[NOT] EXISTS` or `[NOT] IN`: rows stay or go.
  func filtered(
    by condition: UnresolvedExpression, _ plan: AnalyzedPlan
  ) throws -> AnalyzedPlan? {
    var inner = condition
    var isNegated = false
    while case .call("not", let operands, _, _) = inner.node, operands.count == 1 {
      isNegated.toggle()
      inner = operands[0]
    }
    guard case .subquery(let subquery) = inner.node, subquery.use != .scalar,
      !subquery.values.contains(where: \.hasSubquery)
    else { return nil }
    let node: any PlanNode = try withOrigin(inner.origin) {
      if isNegated, let absence = try Absence(of: subquery, over: plan, call.analyzer, inner.origin)
      {
        return try absence.filtered(plan.node)
      }
      let found = try meeting(subquery, isNullAware: isNegated, over: plan, inner.origin)
      return found.join(isNegated ? .leftAnti : .leftSemi, plan.node, marker: nil, inner.origin)
    }
    return AnalyzedPlan(
      node, columnsOfPlan: plan.columnsOfPlan, made: plan.made, qualified: plan.qualified)
  }

  /// The rows of a query, and when one of them meets an outer row.
  private struct Meeting {
    let node: any PlanNode
    let title: String
    let conditions: [Expression]

    func join(
      _ kind: JoinKind, _ left: any PlanNode, marker: Attribute?, _ origin: Origin?
    ) -> Join {
      let split = JoinConditions(
        all: conditions, left: Set(left.output), right: Set(node.output))
      return Join(
        kind, left, node, keys: split.keys, conditions: split.others, marker: marker,
        origin: origin)
    }
  }

  private func meeting(
    _ subquery: Subquery, isNullAware: Bool, over plan: AnalyzedPlan, _ origin: Origin?
  ) throws -> Meeting {
    let analyzer = call.analyzer
    let inner = try analyzed(subquery, over: plan)
    var decorrelation = Decorrelation(
      outer: plan.node, analyzer: analyzer, isExistence: subquery.use == .exists, origin: origin)
    let node: any PlanNode
    var conditions: [Expression]
    do {
      let pulled = try decorrelation.pull(inner)
      if subquery.use == .membership, decorrelation.isAggregated,
        !decorrelation.predicates.isEmpty
      {
        // An outer row without inner ones looks among what the aggregate gives of none.
        throw Decorrelation.refusal(inner, origin)
      }
      (node, conditions) = (pulled, decorrelation.predicates)
    } catch let failure as Failure
      where Decorrelation.isRefusal(failure) && !plan.node.isStreaming
    {
      let dependent = DependentRows(
        of: inner, outer: plan.node, analyzer: analyzer, origin: origin)
      let rows = try dependent.rows(of: inner)
      (node, conditions) = (rows.node, try dependent.conditions(rows))
      if subquery.use == .exists {
        let outer = dependent.columns.map(\.name).joined(separator: ", ")
        return Meeting(node: node, title: "exists(\(outer))", conditions: conditions)
      }
    }
    if subquery.use == .exists {
      if decorrelation.isAggregated, !conditions.isEmpty {
        // There is one row for every outer one, whatever is below the aggregate.
        return Meeting(node: Decorrelation.ofNoRows(inner), title: "exists()", conditions: [])
      }
      let outer = decorrelation.outerNames.joined(separator: ", ")
      return Meeting(node: node, title: "exists(\(outer))", conditions: conditions)
    }
    let resolver = analyzer.resolver(plan.scope)
    let values = try subquery.values.map { try resolver.resolve($0) }
    guard values.count == inner.output.count else {
      throw Failure(
        "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
        "IN looks for \(values.count) columns, but its query gives \(inner.output.count)",
        details: ["columns: " + inner.output.map(\.name).joined(separator: ", ")],
        origin: origin)
    }
    var same: [Expression] = []
    for (value, column) in zip(values, inner.output) {
      guard let common = ImplicitCast.leastCommonType(value.type, column.type) else {
        throw Failure(
          "DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH",
          "IN looks for a \"\(value.type)\", but its query gives a \"\(column.type)\"",
          hint: "Cast one of them.", origin: origin)
      }
      let pair = [value, .attribute(column)].map { $0.implicitlyCast(to: common) }
      same.append(try analyzer.call("=", pair, origin: origin))
    }
    if isNullAware {
      let all = try same.dropFirst().reduce(same[0]) { try analyzer.conjunction($0, $1) }
      same = [all]
      if all.isNullable {
        let unknown = try analyzer.call("isnull", [all], origin: origin)
        same = [try analyzer.call("or", [all, unknown], origin: origin)]
      }
    }
    conditions += same
    let names = values.map(\.automaticName).joined(separator: ", ")
    let shown = values.count == 1 ? names : "named_struct(\(names))"
    return Meeting(node: node, title: "(\(shown) IN (listquery()))", conditions: conditions)
  }

  private func analyzed(_ subquery: Subquery, over plan: AnalyzedPlan) throws -> any PlanNode {
    guard let query = subquery.query as? UnresolvedPlan else {
      preconditionFailure("a query that is no plan")
    }
    let analyzed = try call.analyzer.analyze(subquery: query, outer: plan.scope)
    if analyzed.isStreaming {
      throw Failure(
        "INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY",
        "Invalid subquery: Streaming query is not allowed in subquery expressions.",
        hint: "Join the streams, with a time bound.")
    }
    return analyzed
  }

  // MARK: One value

  private func scalar(
    _ subquery: Subquery, over plan: AnalyzedPlan, _ origin: Origin?
  ) throws -> (any PlanNode, Attribute) {
    let inner = try analyzed(subquery, over: plan)
    guard inner.output.count == 1 else {
      throw Failure(
        "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
        "a query that stands for one value must have one column, not \(inner.output.count)",
        details: ["columns: " + inner.output.map(\.name).joined(separator: ", ")],
        origin: origin)
    }
    var decorrelation = Decorrelation(
      outer: plan.node, analyzer: call.analyzer, isExistence: false, origin: origin)
    let value = inner.output[0]
    func named(_ outer: [String]) -> Attribute {
      Attribute(
        "scalarsubquery(\(outer.joined(separator: ", ")))", value.type, isNullable: true)
    }
    let pulled: any PlanNode
    do {
      pulled = try decorrelation.pull(inner)
    } catch let failure as Failure
      where Decorrelation.isRefusal(failure) && !plan.node.isStreaming
    {
      let dependent = DependentRows(
        of: inner, outer: plan.node, analyzer: call.analyzer, origin: origin)
      let rows = try dependent.rows(of: inner)
      let made = named(dependent.columns.map(\.name))
      let node = Project(
        [NamedExpression(.attribute(value), as: made)]
          + rows.combination.map { NamedExpression(.attribute($0), as: $0) }, rows.node)
      return (single(plan.node, node, try dependent.conditions(rows), origin), made)
    }
    let named = named(decorrelation.outerNames)
    guard decorrelation.isAggregated, !decorrelation.predicates.isEmpty else {
      let node = Project(
        pulled.output.map { column in
          NamedExpression(.attribute(column), as: column == value ? named : column)
        }, pulled)
      let conditions = decorrelation.predicates.map {
        $0.substituting([value: .attribute(named)])
      }
      return (single(plan.node, node, conditions, origin), named)
    }
    return (try aggregated(plan.node, inner, pulled, decorrelation, named, origin), named)
  }

  /// An outer row that no inner row meets gets what the aggregate gives of no rows.
  private func aggregated(
    _ outer: any PlanNode, _ inner: any PlanNode, _ pulled: any PlanNode,
    _ decorrelation: Decorrelation, _ named: Attribute, _ origin: Origin?
  ) throws -> any PlanNode {
    let analyzer = call.analyzer
    let present = Attribute("_present", .boolean, isNullable: false)
    let marked = Project(
      pulled.output.map { NamedExpression(.attribute($0), as: $0) }
        + [NamedExpression(.literal(.boolean(true), .boolean), as: present)], pulled)
    let joined = single(outer, marked, decorrelation.predicates, origin)
    let old = inner.output[0]
    let fallback = Attribute("_empty", old.type, isNullable: true)
    let empty = Project(
      [NamedExpression(.attribute(old), as: fallback)], Decorrelation.ofNoRows(inner))
    let both = single(joined, empty, [], origin)
    let isThere = try analyzer.call("isnotnull", [.attribute(present)], origin: origin)
    let value = try analyzer.call(
      "when", [isThere, .attribute(old), .attribute(fallback)], origin: origin)
    return Project(
      outer.output.map { NamedExpression(.attribute($0), as: $0) }
        + [NamedExpression(value, as: named)], both, origin: origin)
  }

  private func single(
    _ left: any PlanNode, _ right: any PlanNode, _ conditions: [Expression], _ origin: Origin?
  ) -> Join {
    let split = JoinConditions(all: conditions, left: Set(left.output), right: Set(right.output))
    return Join(
      .leftSingle, left, right, keys: split.keys, conditions: split.others, origin: origin)
  }
}

extension UnresolvedExpression {
  /// The parts of a conjunction.
  var conjuncts: [UnresolvedExpression] {
    if case .call("and", let operands, _, _) = node { return operands.flatMap(\.conjuncts) }
    return [self]
  }
}
