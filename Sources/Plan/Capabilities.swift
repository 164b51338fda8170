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

/// A node below which there are columns that it leaves out, and that a filter or a sort above may
/// still name.
public protocol ExposesColumns: PlanNode {
  var hiddenColumns: [Attribute] { get }
  /// The same rows with some of the hidden columns behind the others.
  func exposing(_ columns: [Attribute]) -> any PlanNode
}

extension Project: ExposesColumns {
  public var hiddenColumns: [Attribute] {
    let below = child.output + ((child as? any ExposesColumns)?.hiddenColumns ?? [])
    let own = Set(output)
    return below.filter { !own.contains($0) }
  }

  public func exposing(_ columns: [Attribute]) -> any PlanNode {
    let missing = columns.filter { !child.output.contains($0) }
    var below = child
    if !missing.isEmpty, let exposing = child as? any ExposesColumns {
      below = exposing.exposing(missing)
    }
    let passed = columns.map { NamedExpression(.attribute($0), as: $0) }
    return Project(self.columns + passed, below, origin: origin)
  }
}

extension Filter: ExposesColumns {
  public var hiddenColumns: [Attribute] {
    (child as? any ExposesColumns)?.hiddenColumns ?? []
  }

  public func exposing(_ columns: [Attribute]) -> any PlanNode {
    guard let below = child as? any ExposesColumns else { return self }
    return Filter(condition, below.exposing(columns), origin: origin)
  }
}

/// A node that looks at whole rows: no column of its input may be left out.
public protocol NeedsAllColumns: PlanNode {}

/// A node that gives the first rows only.
public protocol LimitNode: PlanNode {
  var count: Int { get }
}
