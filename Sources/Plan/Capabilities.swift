import Expressions

/// What optimiser rules may do with a node, said by the node itself.

/// A node that can leave out columns of its output that nobody needs.
public protocol PrunesColumns: PlanNode {
  /// The same node without the output columns that are not in `needed`.
  func pruned(to needed: Set<Attribute>) -> any PlanNode
}

/// A node through which a filter above it may be moved below it.
public protocol PassesPredicates: PlanNode {
  /// The condition in terms of the columns of child `index`, or nil where it cannot be said there.
  func predicate(_ condition: Expression, below index: Int) -> Expression?
  /// Whether a filter must be put below every child (a union), or below any one (a join).
  var needsPredicateBelowAll: Bool { get }
}

/// A stateful node that `df:uid` can name.
public protocol TakesUid: PlanNode {
  func with(uid: String) -> any PlanNode
}

/// A node that does less work when only its first rows are asked for.
public protocol LimitsRows: PlanNode {
  func limited(to count: Int) -> any PlanNode
}
