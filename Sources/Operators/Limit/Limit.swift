import Columns
import Contract
import Expressions
import Plan
import State

/// The first `count` rows. Over a stream in append mode: of all batches together.
public struct Limit: OperatorNode, LimitNode {
  public let count: Int
  public let child: any PlanNode
  public let uid: String?
  public let origin: Origin?

  public init(_ count: Int, _ child: any PlanNode, uid: String? = nil, origin: Origin? = nil) {
    self.count = count
    self.child = child
    self.uid = uid
    self.origin = origin
  }

  public var name: String { "Limit" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { [] }
  public var details: String { String(count) }
  public var streaming: StreamingFacts {
    // Complete mode shows the whole result each time, so there is nothing to remember.
    let state = StateFacts(.limit, uid: uid, fingerprint: "limit", statelessModes: [.complete])
    let refusal = StreamingRules.unsupported(
      "Limits are not supported on streaming DataFrames/Datasets in Update output mode",
      hint: "Write in append mode.", origin)
    return StreamingFacts(
      state: child.isStreaming ? state : nil, refusals: [.update: refusal])
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Limit(count, children[0], uid: uid, origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    guard let facts = streaming.state, !facts.statelessModes.contains(lowering.outputMode) else {
      return RowRangeOperator(output: output, child: children[0], places: 0..<count)
    }
    return try StreamLimitOperator(
      output: output, child: children[0], count: count, operatorId: lowering.operatorId(facts),
      store: lowering.state)
  }
}

extension Limit: TakesUid {
  public func with(uid: String) -> any PlanNode { Limit(count, child, uid: uid, origin: origin) }
}

private final class StreamLimitOperator: StatefulOperator, @unchecked Sendable {
  // Border: `taken` is touched only by the thread that drives the query.
  let output: [Attribute]
  let operatorId: String
  private let child: any Operator
  private let count: Int
  private let partition: any StatePartition
  private var taken = 0

  init(
    output: [Attribute], child: any Operator, count: Int, operatorId: String,
    store: any StateStore
  ) throws {
    self.output = output
    self.child = child
    self.count = count
    self.operatorId = operatorId
    partition = try store.open(operatorId, partition: 0, layout: KeyLayout())
    var restored = 0
    try partition.restore { _, value in
      restored = Int(value.loadUnaligned(as: Int64.self).littleEndian)
    }
    taken = restored
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let batches = try limited(run)
    let added = batches.reduce(0) { $0 + $1.count }
    taken += added
    if added > 0 {
      withUnsafeBytes(of: Int64(taken).littleEndian) { value in
        withUnsafeBytes(of: UInt8(0)) { key in partition.put(key: key, value: value) }
      }
    }
    run.metrics.update(operatorId) { metrics in
      metrics.name = "globalLimit"
      metrics.partitionCount = 1
      metrics.rowsTotal = 1
      metrics.rowsUpdated = added > 0 ? 1 : 0
      metrics.memoryBytes = 16
    }
    return batches.isEmpty ? [] : [Partition { _ in BatchList(batches) }]
  }

  private func limited(_ run: BatchRun) throws -> [Batch] {
    // The child runs to its end also when nothing is taken of it: it may keep state.
    let all = try run.collect(try child.partitions(run))
    var left = count - taken
    var out: [Batch] = []
    for batch in all where left > 0 {
      let rows = min(left, batch.count)
      out.append(batch.sliced(0..<rows))
      left -= rows
    }
    return out
  }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    false
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    StateSchema(
      .limit, name: "globalLimit", partitionCount: 1, key: Schema([Field("key", .null)]),
      stores: [.init(value: Schema([Field("value", .long)]))])
  }
}
