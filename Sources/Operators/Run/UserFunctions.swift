import Expressions
import Plan

/// A node that runs a function of the user's own language on rows or groups.
protocol CallsUserFunction: PlanNode {
  var userFunction: (name: String, hash: UInt64) { get }
}

extension RowFunction: CallsUserFunction {
  var userFunction: (name: String, hash: UInt64) { (function.name, function.hash) }
}

extension ApplyInGroups: CallsUserFunction {
  var userFunction: (name: String, hash: UInt64) { (function.name, function.hash) }
}

extension PlanNode {
  /// The user's functions that this plan calls, with the hash of each, for the batch log.
  public var userFunctions: [(name: String, hash: UInt64)] {
    nodes.flatMap { node in
      let own = (node as? any CallsUserFunction).map { [$0.userFunction] } ?? []
      return own + node.expressions.flatMap(\.userFunctions)
    }
  }
}

extension Expression {
  fileprivate var userFunctions: [(name: String, hash: UInt64)] {
    let below = children.flatMap(\.userFunctions)
    switch kind {
    case .userFunction(let function, _): return [(function.name, function.hash)] + below
    case .aggregate(let call):
      guard let function = call.function as? any UserFunction else { return below }
      return [(function.name, function.hash)] + below
    default: return below
    }
  }
}
