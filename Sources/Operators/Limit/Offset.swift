import Columns
import Contract
import Expressions
import Plan

/// All rows but the first `count`.
public struct Offset: OperatorNode {
  public let count: Int
  public let child: any PlanNode
  public let origin: Origin?

  public init(_ count: Int, _ child: any PlanNode, origin: Origin? = nil) {
    self.count = count
    self.child = child
    self.origin = origin
  }

  public var name: String { "Offset" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { [] }
  public var details: String { String(count) }
  public var streaming: StreamingFacts {
    StreamingFacts(
      refusal: StreamingRules.unsupported(
        "Offset is not supported on streaming DataFrames/Datasets",
        hint: "Leave rows out by a condition: `where`.", origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Offset(count, children[0], origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    RowRangeOperator(output: output, child: children[0], places: count..<Int.max)
  }
}
