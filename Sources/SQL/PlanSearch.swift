import Expressions
import Plan

extension UnresolvedPlan {
  /// Whether a recursive query of this key names itself in here.
  func refers(toRecursion key: Int64) -> Bool {
    contains { plan in
      guard plan.name == "recursionReference", case .integer(key)? = plan.arguments["key"] else {
        return false
      }
      return true
    }
  }

  /// Whether a step of the plan, or of the queries inside its expressions, is such a one.
  func contains(_ isWanted: (UnresolvedPlan) -> Bool) -> Bool {
    var seen = Set<Int>()
    var open = [self]
    while let next = open.popLast() {
      // A query that WITH names may stand in many places.
      guard seen.insert(next.id).inserted else { continue }
      if isWanted(next) { return true }
      open += next.inputs
      for argument in next.arguments.values { argument.addQueries(to: &open) }
    }
    return false
  }
}

extension PlanArgument {
  fileprivate func addQueries(to found: inout [UnresolvedPlan]) {
    switch self {
    case .expression(let expression): expression.addQueries(to: &found)
    case .list(let list): for element in list { element.addQueries(to: &found) }
    default: break
    }
  }
}

extension UnresolvedExpression {
  fileprivate func addQueries(to found: inout [UnresolvedPlan]) {
    if case .subquery(let subquery) = node, let query = subquery.query as? UnresolvedPlan {
      found.append(query)
    }
    for child in node.children { child.addQueries(to: &found) }
  }
}
