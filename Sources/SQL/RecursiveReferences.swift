import Expressions
import Plan

extension UnresolvedPlan {
  /// Whether a recursive query of this key names itself in here.
  func refers(toRecursion key: Int64) -> Bool {
    if name == "recursionReference", case .integer(key)? = arguments["key"] { return true }
    return inputs.contains { $0.refers(toRecursion: key) }
      || arguments.values.contains { $0.refers(toRecursion: key) }
  }
}

extension PlanArgument {
  fileprivate func refers(toRecursion key: Int64) -> Bool {
    switch self {
    case .expression(let expression): expression.refers(toRecursion: key)
    case .list(let list): list.contains { $0.refers(toRecursion: key) }
    default: false
    }
  }
}

extension UnresolvedExpression {
  fileprivate func refers(toRecursion key: Int64) -> Bool {
    if case .subquery(let subquery) = node, let query = subquery.query as? UnresolvedPlan,
      query.refers(toRecursion: key)
    {
      return true
    }
    return node.children.contains { $0.refers(toRecursion: key) }
  }
}
