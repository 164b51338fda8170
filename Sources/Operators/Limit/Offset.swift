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
    OffsetOperator(output: output, child: children[0], count: count)
  }
}

private final class OffsetOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let count: Int

  init(output: [Attribute], child: any Operator, count: Int) {
    self.output = output
    self.child = child
    self.count = count
  }

  /// One partition: which rows are first is known only in order.
  func partitions(_ run: BatchRun) throws -> [Partition] {
    let partitions = try child.partitions(run)
    return [
      Partition { [count] task in
        let input = ChainedStream(partitions, task)
        var left = count
        return GeneratedStream {
          while let batch = try input.next() {
            if left >= batch.count {
              left -= batch.count
              continue
            }
            let rest = batch.sliced(left..<batch.count)
            left = 0
            return rest
          }
          return nil
        }
      }
    ]
  }
}
