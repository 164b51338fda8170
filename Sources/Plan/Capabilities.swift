
/// A stateful node that `df:uid` can name.
public protocol TakesUid: PlanNode {
  func with(uid: String) -> any PlanNode
}

/// A node that does less work when only its first rows are asked for.
public protocol LimitsRows: PlanNode {
  func limited(to count: Int) -> any PlanNode
}
