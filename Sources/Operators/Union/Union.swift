import Columns
import Contract
import Expressions
import Plan

/// The rows of several inputs, one input after the other. Column `i` of the result is column `i` of
/// each input, under the first input's attributes.
public struct Union: OperatorNode {
  public let children: [any PlanNode]
  public let output: [Attribute]
  public let origin: Origin?

  public init(_ children: [any PlanNode], origin: Origin? = nil) {
    self.children = children
    self.origin = origin
    let outputs = children.map(\.output)
    output = outputs[0].enumerated().map { index, first in
      Attribute(
        id: first.id, first.name, first.type,
        isNullable: outputs.contains { $0[index].isNullable }, qualifier: first.qualifier,
        watermarkDelayUs: first.watermarkDelayUs)
    }
  }

  public var name: String { "Union" }
  public var expressions: [Expression] { [] }
  public var details: String { "" }
  public var streaming: StreamingFacts {
    guard Set(children.map(\.isStreaming)).count > 1 else { return StreamingFacts() }
    return StreamingFacts(
      refusal: StreamingRules.unsupported(
        "Union between streaming and batch DataFrames/Datasets is not supported",
        hint: "Write the table's rows once with `df.write`, or read them as a stream too.", origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode { Union(children, origin: origin) }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    UnionOperator(output: output, children: children)
  }
}

extension Union: PassesPredicates, NeedsAllColumns {
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    let own = Dictionary(
      zip(output, children[index].output.map { Expression.attribute($0) }),
      uniquingKeysWith: { a, _ in a })
    return condition.substituting(own)
  }
  public var needsPredicateBelowAll: Bool { true }
}

private final class UnionOperator: Operator {
  let output: [Attribute]
  private let children: [any Operator]

  init(output: [Attribute], children: [any Operator]) {
    self.output = output
    self.children = children
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    try children.flatMap { try $0.partitions(run) }
  }
}
