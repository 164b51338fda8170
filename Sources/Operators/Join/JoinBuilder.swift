import Columns
import Contract
import Expressions
import Plan

/// `join`: by a condition, or by columns that both sides have under the same names.
func buildJoin(_ call: OperatorCall) throws -> any PlanNode {
  guard let kind = JoinKind(rawValue: call.text("kind")) else {
    preconditionFailure("a join of kind \(call.text("kind"))")
  }
  if call.has("names") { return try joinByNames(call, kind, call.texts("names")) }
  if call.has("isNatural") {
    let other = Set(call.children[1].node.output.map { call.key($0.name) })
    let common = call.children[0].node.output.map(\.name).filter { other.contains(call.key($0)) }
    // Without a common column every pair of rows matches.
    if !common.isEmpty { return try joinByNames(call, kind, common) }
  }
  let (left, right) = (call.children[0], call.children[1])
  guard call.has("condition") else {
    return Join(kind, left.node, right.node, keys: [], conditions: [], origin: call.origin)
  }
  let scope = PlanScope(
    columns: left.node.output + right.node.output,
    columnsOfPlan: left.columnsOfPlan.merging(right.columnsOfPlan) { a, b in
      a + b.filter { !a.contains($0) }
    })
  let unresolved = call.expression("condition")
  if unresolved.hasSubquery {
    guard kind == .inner || kind == .cross else {
      return try joined(call, kind, byQueriesIn: unresolved)
    }
    let pairs = Join(.cross, left.node, right.node, keys: [], conditions: [], origin: call.origin)
    let plan = AnalyzedPlan(pairs, columnsOfPlan: scope.columnsOfPlan)
    return try filteredBySubqueries(call, unresolved, plan)
  }
  let condition = try call.analyzer.resolver(scope).forConditions.resolve(unresolved)
  guard condition.type == .boolean else {
    throw Failure(
      "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE",
      "the join condition `\(condition.sqlText)` has the type \"\(condition.type)\", "
        + "and must be \"BOOLEAN\"", origin: condition.origin)
  }
  let split = JoinConditions(
    condition.implicitlyCast(to: .boolean), left: Set(left.node.output),
    right: Set(right.node.output))
  return try Join(
    kind, left.node, right.node, keys: split.keys, conditions: split.others, origin: call.origin
  ).withFilteredInputs(call)
}

/// A join that keeps rows without a match, with queries in its condition: each becomes a column of
/// the side that it speaks of.
private func joined(
  _ call: OperatorCall, _ kind: JoinKind, byQueriesIn condition: UnresolvedExpression
) throws -> any PlanNode {
  let joins = SubqueryJoins(call: call)
  var sides = call.children
  let shown = Set(sides.flatMap { $0.node.output })
  let parts = try condition.conjuncts.map { part -> UnresolvedExpression in
    guard part.hasSubquery else { return part }
    for side in sides.indices {
      guard let (made, plan) = try? joins.extract([part], from: sides[side]) else { continue }
      sides[side] = plan
      return made[0]
    }
    throw Failure(
      "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION",
      "a query in the condition of a \(kind.title) join can speak of one side only",
      hint: "Filter the side that it is about before the join.", origin: call.origin)
  }
  let scope = PlanScope(
    columns: sides[0].node.output + sides[1].node.output,
    columnsOfPlan: sides[0].columnsOfPlan.merging(sides[1].columnsOfPlan) { a, b in
      a + b.filter { !a.contains($0) }
    })
  let resolver = call.analyzer.resolver(scope)
  let conditions = try parts.map { try rowCondition($0, resolver, "ON") }
  let split = JoinConditions(
    all: conditions.flatMap(\.conjuncts), left: Set(sides[0].node.output),
    right: Set(sides[1].node.output))
  let join = try Join(
    kind, sides[0].node, sides[1].node, keys: split.keys, conditions: split.others,
    origin: call.origin
  ).withFilteredInputs(call)
  return Project(
    join.output.filter(shown.contains).map { NamedExpression(.attribute($0), as: $0) }, join,
    origin: call.origin)
}

/// A condition as the equalities between the sides and the rest.
struct JoinConditions {
  var keys: [JoinKey] = []
  var others: [Expression] = []

  init(_ condition: Expression, left: Set<Attribute>, right: Set<Attribute>) {
    self.init(all: condition.conjuncts, left: left, right: right)
  }

  init(all conjuncts: [Expression], left: Set<Attribute>, right: Set<Attribute>) {
    for conjunct in conjuncts {
      if let key = Self.key(conjunct, left, right) {
        keys.append(key)
      } else if case .literal(.boolean(true)) = fold(conjunct).kind {
        continue
      } else {
        others.append(conjunct)
      }
    }
  }

  private static func key(
    _ expression: Expression, _ left: Set<Attribute>, _ right: Set<Attribute>
  ) -> JoinKey? {
    guard case .call(let function, let sides) = expression.kind, sides.count == 2,
      function.name == "=" || function.name == "<=>", expression.isDeterministic
    else { return nil }
    let references = sides.map(\.references)
    guard !references[0].isEmpty, !references[1].isEmpty else { return nil }
    let isNullSafe = function.name == "<=>"
    if references[0].isSubset(of: left), references[1].isSubset(of: right) {
      return JoinKey(sides[0], sides[1], isNullSafe: isNullSafe)
    }
    if references[0].isSubset(of: right), references[1].isSubset(of: left) {
      return JoinKey(sides[1], sides[0], isNullSafe: isNullSafe)
    }
    return nil
  }
}

/// The named columns come first and once: the left side's, the right side's where only its rows are
/// all kept, whichever is not NULL in a full outer join.
private func joinByNames(
  _ call: OperatorCall, _ kind: JoinKind, _ names: [String]
) throws -> any PlanNode {
  let (left, right) = (call.children[0], call.children[1])
  func columns(_ side: AnalyzedPlan, _ title: String) throws -> [Expression] {
    try names.map { name in
      let parts = UnresolvedExpression(.name([name]), origin: call.origin)
      do {
        return try call.analyzer.resolver(side.scope).resolve(parts)
      } catch let failure as Failure where failure.condition.hasPrefix("UNRESOLVED_COLUMN") {
        throw Failure(
          "UNRESOLVED_USING_COLUMN_FOR_JOIN",
          "the column `\(name)` to join by is not on the \(title) side", hint: failure.hint,
          details: failure.details, origin: call.origin)
      }
    }
  }
  let (ownLeft, ownRight) = (try columns(left, "left"), try columns(right, "right"))
  let keys = try zip(ownLeft, ownRight).map { l, r in
    guard let type = ImplicitCast.leastCommonType(l.type, r.type) else {
      throw Failure(
        "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
        "cannot compare `\(l.sqlText)`, which is \"\(l.type)\", with \"\(r.type)\" in a join",
        origin: call.origin)
    }
    return JoinKey(l.implicitlyCast(to: type), r.implicitlyCast(to: type), isNullSafe: false)
  }
  let join = try Join(
    kind, left.node, right.node, keys: keys, conditions: [], origin: call.origin
  ).withFilteredInputs(call)
  if kind.isLeftOnly { return join }
  let byId = Dictionary(join.output.map { ($0.id, $0) }) { first, _ in first }
  func visible(_ expression: Expression) -> Attribute? {
    if case .attribute(let attribute) = expression.kind { byId[attribute.id] } else { nil }
  }
  var first: [NamedExpression] = []
  for (l, r) in zip(ownLeft, ownRight) {
    guard let own = visible(l), let other = visible(r) else { continue }
    switch kind {
    case .rightOuter: first.append(NamedExpression(.attribute(other), as: other))
    case .fullOuter:
      let either = try coalesce(own, other, call)
      first.append(NamedExpression(either, as: Attribute(own.name, either.type)))
    default: first.append(NamedExpression(.attribute(own), as: own))
    }
  }
  let used = Set((ownLeft + ownRight).compactMap(visible))
  let rest = join.output.filter { !used.contains($0) }
    .map { NamedExpression(.attribute($0), as: $0) }
  let shown = Set((first + rest).map(\.attribute))
  let hidden = join.output.filter { used.contains($0) && !shown.contains($0) }
  return Project(first + rest, join, qualifiedBelow: hidden, origin: call.origin)
}

private func coalesce(_ a: Attribute, _ b: Attribute, _ call: OperatorCall) throws -> Expression {
  guard let function = call.analyzer.functions["coalesce"] else {
    preconditionFailure("the catalog has no coalesce")
  }
  return try function.bind(
    FunctionCall(
      name: "coalesce", arguments: [.attribute(a), .attribute(b)], origin: call.origin,
      session: call.analyzer.session))
}
