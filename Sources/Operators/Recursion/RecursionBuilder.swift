import Columns
import Contract
import Expressions
import Plan

/// `recursion`: the first query is the input, the one that names itself an argument.
func buildRecursion(_ call: OperatorCall) throws -> any PlanNode {
  guard case .subquery(let subquery) = call.expression("step").node,
    let plan = subquery.query as? UnresolvedPlan
  else { preconditionFailure("a recursion without its step") }
  let anchor = call.child
  let key = call.integer("key")
  let step = try call.analyzer.analyze(step: plan, ofRecursion: key, columns: anchor.output)
  if let place = misplaced(key, in: step) {
    throw Failure(
      "INVALID_RECURSIVE_REFERENCE.PLACE",
      "the query names itself \(place), where it cannot be computed round by round",
      hint: "It may stand in FROM and in inner joins.", origin: call.origin)
  }
  guard step.output.count == anchor.output.count else {
    throw Failure(
      "NUM_COLUMNS_MISMATCH",
      "UNION can only be performed on inputs with the same number of columns, but the first has "
        + "\(anchor.output.count) and the second \(step.output.count)", origin: call.origin)
  }
  let columns = try zip(step.output, anchor.output).map { made, wanted in
    guard ImplicitCast.leastCommonType([wanted.type, made.type]) == wanted.type else {
      throw Failure(
        "CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE",
        "the column `\(wanted.name)` of the recursive query begins as \"\(wanted.type)\" and goes "
          + "on as \"\(made.type)\"", hint: "Cast one of them.", origin: call.origin)
    }
    return NamedExpression(
      Expression.attribute(made).implicitlyCast(to: wanted.type),
      as: Attribute(wanted.name, wanted.type))
  }
  return Recursion(
    key: key, anchor: anchor, step: Project(columns, step, origin: call.origin),
    levelLimit: call.has("levelLimit") ? Int(call.integer("levelLimit")) : nil, wanted: nil,
    output: anchor.output.map(\.nullable), origin: call.origin)
}

/// `recursionReference`: the name of a recursive query inside itself.
func buildRecursionReference(_ call: OperatorCall) throws -> any PlanNode {
  let key = call.integer("key")
  guard let columns = call.analyzer.recursions[key] else {
    throw Failure(
      "INVALID_RECURSIVE_CTE",
      "a recursive query is a first query that does not name it, UNION ALL, and one that does",
      origin: call.origin)
  }
  let names = call.texts("columns")
  let output = columns.enumerated().map { index, old in
    Attribute(index < names.count ? names[index] : old.name, old.type)
  }
  return RecursionReference(key: key, output: output, origin: call.origin)
}

/// Where a reference stands that needs all rows of all rounds, in words.
private func misplaced(_ key: Int64, in node: any PlanNode) -> String? {
  func isBelow(_ node: any PlanNode) -> Bool {
    if let reference = node as? RecursionReference { return reference.key == key }
    return node.children.contains(where: isBelow)
  }
  if let join = node as? Join {
    let (left, right) = (isBelow(join.left), isBelow(join.right))
    switch join.kind {
    case .leftOuter where right: return "on the right side of a left outer join"
    case .rightOuter where left: return "on the left side of a right outer join"
    case .fullOuter where left || right: return "in a full outer join"
    default: break
    }
  }
  if node is Aggregate, isBelow(node) { return "below an aggregate" }
  return node.children.lazy.compactMap { misplaced(key, in: $0) }.first
}
