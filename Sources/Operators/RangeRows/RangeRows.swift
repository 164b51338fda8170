import Columns
import Contract
import Expressions
import Plan

/// Integers from `start` up to (not with) `end`.
public struct RangeRows: OperatorNode {
  public let start: Int64
  public let end: Int64
  public let step: Int64
  public let output: [Attribute]
  public let origin: Origin?

  public init(start: Int64, end: Int64, step: Int64, id: Attribute, origin: Origin? = nil) {
    precondition(step != 0, "a range with step 0")
    self.start = start
    self.end = end
    self.step = step
    output = [id]
    self.origin = origin
  }

  public var name: String { "Range" }
  public var children: [any PlanNode] { [] }
  public var expressions: [Expression] { [] }
  public var details: String { "(\(start), \(end), step=\(step)) \(PlanText.list(output))" }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode { self }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    RangeOperator(output: output, start: start, step: step, count: count)
  }

  /// How many integers there are.
  private var count: Int {
    let distance = Int128(end) - Int128(start)
    let wide = Int128(step)
    if (distance > 0) != (wide > 0) || distance == 0 { return 0 }
    return Int(clamping: (distance + wide - (wide > 0 ? 1 : -1)) / wide)
  }
}

private final class RangeOperator: Operator {
  let output: [Attribute]
  private let start: Int64
  private let step: Int64
  private let count: Int
  /// Rows of one partition.
  private static let partitionRows = 1 << 20

  init(output: [Attribute], start: Int64, step: Int64, count: Int) {
    self.output = output
    self.start = start
    self.step = step
    self.count = count
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    stride(from: 0, to: count, by: Self.partitionRows).map { begin in
      let end = min(begin + Self.partitionRows, count)
      return Partition { [start, step] _ in
        var at = begin
        return GeneratedStream {
          if at == end { return nil }
          let rows = min(end - at, run.batchRows)
          let values = Buffer(capacity: rows * 8)
          let out = values.typed(Int64.self)
          for row in 0..<rows { out[row] = start &+ Int64(at &+ row) &* step }
          at += rows
          return Batch([Vector(.long, count: rows, values: values)], count: rows)
        }
      }
    }
  }
}
