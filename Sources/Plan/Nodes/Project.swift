import Contract
import Expressions

/// New columns from the columns of each row: `select`, `withColumns`, `drop`.
public struct Project: PlanNode {
  public let columns: [NamedExpression]
  public let child: any PlanNode
  public let origin: Origin?
  /// Columns below that this leaves out but that a qualified name still means: of a join by names,
  /// each side's own keys.
  public let qualifiedBelow: [Attribute]

  public init(
    _ columns: [NamedExpression], _ child: any PlanNode, qualifiedBelow: [Attribute] = [],
    origin: Origin? = nil
  ) {
    self.qualifiedBelow = qualifiedBelow
    self.columns = columns
    self.child = child
    self.origin = origin
  }

  public var name: String { "Project" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { columns.map(\.attribute) }
  public var expressions: [Expression] { columns.map(\.expression) }
  public var details: String { PlanText.list(columns) }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Project(columns, children[0], qualifiedBelow: qualifiedBelow, origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Project(
      zip(columns, expressions).map { NamedExpression($1, as: $0.attribute) }, child,
      qualifiedBelow: qualifiedBelow, origin: origin)
  }
}
