import Contract
import Expressions

/// The rows for which a condition is true.
public struct Filter: PlanNode {
  public let condition: Expression
  public let child: any PlanNode
  public let origin: Origin?

  public init(_ condition: Expression, _ child: any PlanNode, origin: Origin? = nil) {
    self.condition = condition
    self.child = child
    self.origin = origin
  }

  public var name: String { "Filter" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { [condition] }
  public var details: String { condition.description }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Filter(condition, children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Filter(expressions[0], child, origin: origin)
  }
}
