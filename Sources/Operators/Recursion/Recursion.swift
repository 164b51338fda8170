import Columns
import Contract
import Expressions
import Plan

/// `WITH RECURSIVE`: the rows of a first query, then what a second one makes of them, of what it
/// made of them, and so on until it makes none. Batch only.
public struct Recursion: OperatorNode, NeedsAllColumns {
  /// What the references in `step` are known by.
  let key: Int64
  let anchor: any PlanNode
  let step: any PlanNode
  /// How often `step` may run; nil: as the session says, -1: without end.
  let levelLimit: Int?
  /// As many rows are enough for what stands above.
  let wanted: Int?
  public let output: [Attribute]
  public let origin: Origin?

  public var name: String { "Recursion" }
  public var children: [any PlanNode] { [anchor, step] }
  public var expressions: [Expression] { [] }
  public var details: String { PlanText.list(output) }
  public var streaming: StreamingFacts {
    StreamingFacts(
      refusal: StreamingRules.unsupported(
        "A recursive query over a stream is not supported",
        hint: "Compute it of a table, and join the stream with it.", origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Recursion(
      key: key, anchor: children[0], step: children[1], levelLimit: levelLimit, wanted: wanted,
      output: output, origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    RecursionOperator(
      self, anchor: children[0], lowering: lowering,
      levelLimit: levelLimit
        ?? Int(lowering.settings[integer: "moontide.cteRecursionLevelLimit"]),
      rowLimit: Int(lowering.settings[integer: "moontide.cteRecursionRowLimit"]))
  }
}

extension Recursion: LimitsRows {
  public func limited(to count: Int) -> any PlanNode {
    Recursion(
      key: key, anchor: anchor, step: step, levelLimit: levelLimit,
      wanted: min(count, wanted ?? count), output: output, origin: origin)
  }
}

/// Where a recursive query names itself: the rows that its last round made.
struct RecursionReference: OperatorNode {
  let key: Int64
  let output: [Attribute]
  let origin: Origin?

  var name: String { "RecursionReference" }
  var children: [any PlanNode] { [] }
  var expressions: [Expression] { [] }
  var details: String { PlanText.list(output) }
  var streaming: StreamingFacts { StreamingFacts() }

  func with(children: [any PlanNode]) -> any PlanNode { self }
  func with(expressions: [Expression]) -> any PlanNode { self }

  /// Alone it has no rows: each round runs with rows in its place.
  func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    try LocalRows([], output: output, origin: origin).lower([], lowering)
  }
}

private final class RecursionOperator: Operator {
  let output: [Attribute]
  private let node: Recursion
  private let anchor: any Operator
  private let lowering: Lowering
  private let levelLimit: Int
  private let rowLimit: Int

  init(
    _ node: Recursion, anchor: any Operator, lowering: Lowering, levelLimit: Int, rowLimit: Int
  ) {
    self.node = node
    self.anchor = anchor
    self.lowering = lowering
    self.levelLimit = levelLimit
    self.rowLimit = rowLimit
    output = node.output
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    var last = try run.collect(try anchor.partitions(run)).filter { $0.count > 0 }
    var all = last
    var count = last.reduce(0) { $0 + $1.count }
    var level = 0
    while !last.isEmpty, node.wanted.map({ count < $0 }) ?? true {
      level += 1
      if levelLimit != -1, level > levelLimit { throw tooDeep() }
      let step = node.step.transformed { part in
        guard let reference = part as? RecursionReference, reference.key == node.key else {
          return part
        }
        return LocalRows(last, output: reference.output, origin: reference.origin)
      }
      last = try run.collect(try lowering.lower(step).partitions(run)).filter { $0.count > 0 }
      all += last
      count += last.reduce(0) { $0 + $1.count }
      if rowLimit != -1, count > rowLimit, node.wanted == nil { throw tooManyRows() }
    }
    return all.map { batch in Partition { _ in BatchList(batch.chunks(of: run.batchRows)) } }
  }

  private func tooDeep() -> Failure {
    Failure(
      "RECURSION_LEVEL_LIMIT_EXCEEDED",
      "the recursive query still makes rows after \(levelLimit) rounds",
      hint: "Has it a condition that ends it? MAX RECURSION LEVEL n behind its name, or the "
        + "setting moontide.cteRecursionLevelLimit, allows more.", origin: node.origin)
  }

  private func tooManyRows() -> Failure {
    Failure(
      "RECURSION_ROW_LIMIT_EXCEEDED",
      "the recursive query has made more than \(rowLimit) rows",
      hint: "The setting moontide.cteRecursionRowLimit allows more.", origin: node.origin)
  }
}
