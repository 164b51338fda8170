import Columns
import Contract
import Expressions
import Plan
import State

/// `transformWithState`: the user's own processor over the rows of each key, with named states and
/// timers.
public struct TransformWithState: OperatorNode {
  public enum TimeMode: String, Sendable {
    case none, processingTime, eventTime
  }

  public let keys: [NamedExpression]
  public let processor: any UserStateProcessor
  public let output: [Attribute]
  public let mode: OutputMode
  public let timeMode: TimeMode
  /// The rows; then, if there is one, the initial state, the keys first.
  public let children: [any PlanNode]
  public let uid: String?
  public let origin: Origin?

  public var name: String { "TransformWithState" }
  public var expressions: [Expression] { keys.map(\.expression) }
  public var details: String {
    "keys=\(PlanText.list(keys)), \(processor.name), \(mode.rawValue), "
      + "timeMode=\(timeMode.rawValue), \(PlanText.list(output))"
  }

  var hasWatermark: Bool { children[0].output.contains { $0.watermarkDelayUs != nil } }

  public var streaming: StreamingFacts {
    guard children[0].isStreaming else { return StreamingFacts() }
    let text = keys.map { "\($0.expression.fingerprint): \($0.attribute.type)" }
      .joined(separator: ", ")
    var facts = StreamingFacts(
      state: StateFacts(
        .transformWithState, uid: uid, keys: text, fingerprint: "transformWithState [\(text)]"),
      watermark: timeMode == .processingTime ? .ends : .passes)
    for other in OutputMode.allCases where other != mode {
      facts.refusals[other] = StreamingRules.unsupported(
        "transformWithState in \(mode.rawValue) mode is not supported with \(other.title) output "
          + "mode on a streaming DataFrame/Dataset",
        hint: "`outputMode` is the same in the operator and in the query.", origin)
    }
    if timeMode == .eventTime, !hasWatermark {
      facts.refusal = StreamingRules.unsupported(
        "Watermark must be specified in the query using 'DataFrame:withWatermark()' for using "
          + "event-time in a transformWithState",
        hint: "Put `withWatermark(column, delay)` before `groupBy`.", origin)
    }
    return facts
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    TransformWithState(
      keys: keys, processor: processor, output: output, mode: mode, timeMode: timeMode,
      children: children, uid: uid, origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    TransformWithState(
      keys: zip(keys, expressions).map { NamedExpression($1, as: $0.attribute) },
      processor: processor, output: output, mode: mode, timeMode: timeMode, children: children,
      uid: uid, origin: origin)
  }

  var keySchema: Schema {
    Schema(
      keys.map {
        Field($0.attribute.name, $0.attribute.type, isNullable: $0.attribute.isNullable)
      })
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let exchange = Exchange(
      keys: keys.map { CompiledExpression($0.expression, input: input) }, input: input,
      partitionCount: lowering.partitionCount)
    return try TransformWithStateOperator(
      node: self, children: children, exchange: exchange,
      operatorId: streaming.state.map(lowering.operatorId), lowering: lowering)
  }
}

extension TransformWithState: NeedsAllColumns, TakesUid {
  public func with(uid: String) -> any PlanNode {
    TransformWithState(
      keys: keys, processor: processor, output: output, mode: mode, timeMode: timeMode,
      children: children, uid: uid, origin: origin)
  }
}

/// `transformWithState`.
func buildTransformWithState(_ call: OperatorCall) throws -> any PlanNode {
  guard let processor = call.host("host") as? any UserStateProcessor,
    let mode = OutputMode(rawValue: call.text("outputMode")),
    let timeMode = TransformWithState.TimeMode(rawValue: call.text("timeMode"))
  else { preconditionFailure("transformWithState was built without its processor") }
  let keys = try groupKeys(call)
  if call.children.count > 1 {
    guard processor.handlesInitialState else {
      throw Failure(
        "STATEFUL_PROCESSOR_CANNOT_HANDLE_INITIAL_STATE",
        "there is an initial state, but the processor has no `handleInitialState`")
    }
    try checkInitialState(call.children[1].node, keys: keys, fields: nil, origin: call.origin)
  }
  return TransformWithState(
    keys: keys, processor: processor,
    output: call.schema("outputSchema").fields.map {
      Attribute($0.name, $0.type, isNullable: $0.isNullable)
    }, mode: mode, timeMode: timeMode, children: call.children.map(\.node), uid: nil,
    origin: call.origin)
}

/// Runs the processor over the groups of each partition.
final class TransformWithStateOperator: StatefulOperator {
  var output: [Attribute] { node.output }
  let operatorId: String
  private let node: TransformWithState
  private let children: [any Operator]
  private let exchange: Exchange
  private let initial: Exchange?
  private let partitions: LivePartitions<ProcessorPartition>
  private let isStreaming: Bool
  private let timePlace: Int?

  init(
    node: TransformWithState, children: [any Operator], exchange: Exchange, operatorId: String?,
    lowering: Lowering
  ) throws {
    self.node = node
    self.children = children
    self.exchange = exchange
    self.operatorId = operatorId ?? ""
    isStreaming = operatorId != nil
    initial =
      children.count < 2
      ? nil
      : Exchange(
        keys: children[1].output.prefix(node.keys.count).map {
          CompiledExpression(.attribute($0), input: children[1].output)
        }, input: children[1].output, partitionCount: lowering.partitionCount)
    timePlace = node.children[0].output.firstIndex { $0.watermarkDelayUs != nil }
    let store: any StateStore = isStreaming ? lowering.state : NoStateStore()
    let initialColumns = children.count < 2 ? nil : children[1].output
    partitions = LivePartitions(
      try store.open(
        self.operatorId, partitionCount: lowering.partitionCount, layout: ProcessorLayout())
    ) { ProcessorPartition(node, exchange: exchange, initial: initialColumns, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let marks = isStreaming ? run.watermarks[operatorId] : nil
    let rows = try exchange.run(try onTime(run, marks), run)
    // The initial state is read once, with the first batch of a query.
    let states =
      try run.task.batchId == 0
      ? initial.map { try $0.run(try children[1].partitions(run), run) } : nil
    let results = try run.pool.map(partitions.count) {
      [partitions, operatorId, isStreaming, node] index, worker in
      let task = run.task.with(partition: index, worker: worker)
      let (batches, counts) = try withOrigin(node.origin) {
        try partitions[index].run(
          rows[index], initial: states?[index] ?? [], evictUs: marks?.evictUs, task: task)
      }
      if isStreaming {
        run.metrics.update(operatorId) { total in
          total.name = "transformWithStateExec"
          total.partitionCount += 1
          total.rowsTotal += Int64(counts.total)
          total.rowsUpdated += Int64(counts.updated)
          total.rowsRemoved += Int64(counts.removed)
          total.memoryBytes += Int64(counts.memoryBytes)
          total.custom.merge(counts.custom) { $0 + $1 }
        }
      }
      return batches.flatMap { $0.chunks(of: run.batchRows) }
    }
    return results.filter { !$0.isEmpty }.map { batches in Partition { _ in BatchList(batches) } }
  }

  private func onTime(_ run: BatchRun, _ marks: Watermarks?) throws -> [Partition] {
    let partitions = try children[0].partitions(run)
    guard node.timeMode == .eventTime, let marks, let place = timePlace else { return partitions }
    let input = children[0].output
    return partitions.map { $0.withoutLate(place, of: input, marks.lateUs, run, operatorId) }
  }

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    switch node.timeMode {
    case .none: false
    case .eventTime: next.evictUs > last.evictUs
    case .processingTime: true
    }
  }

  /// Opens the processor once without a row, so that it declares its states.
  func stateSchema(_ task: TaskContext) throws -> StateSchema {
    let declared = RunningStates(
      ProcessorStore(NoStateStore().open("", partition: 0, layout: ProcessorLayout())),
      node: node, watermarkUs: nil, task: task)
    let processor = try withOrigin(node.origin) {
      try node.processor.open(declared, output: node.schema, task: task)
    }
    try processor.close()
    return StateSchema(
      .processor, name: "transformWithStateExec", partitionCount: partitions.count,
      key: node.keySchema, stores: declared.stores.sorted { $0.name < $1.name },
      configuration: [
        JSONMember("outputMode", .text(node.mode.rawValue)),
        JSONMember("timeMode", .text(node.timeMode.rawValue)),
      ])
  }
}

extension Partition {
  /// Without the rows whose event time is behind the watermark of the batch before; they are
  /// counted.
  func withoutLate(
    _ place: Int, of input: [Attribute], _ lateUs: Int64, _ run: BatchRun, _ operatorId: String
  ) -> Partition {
    let rowGuard = RowGuard(input)
    return through { input, task in
      var seen = 0
      return GeneratedStream {
        guard let batch = try input.next() else { return nil }
        defer { seen += batch.count }
        let vector = batch.column(place)
        let times = KeyExpiry.times(vector)
        let kept = Selection.identity(batch.count).filtered {
          vector.isNull($0) || times[$0] > lateUs
        }
        if kept.count == batch.count { return batch }
        let dropped = Int64(batch.count - kept.count)
        if task.badRows?.takesLateRows == true {
          let onTime = Set(UnsafeBufferPointer(start: kept.rows, count: kept.count))
          rowGuard.putLate(
            batch, (0..<batch.count).filter { !onTime.contains(UInt32($0)) }, task: task,
            firstRow: seen)
        }
        run.metrics.update(operatorId) { $0.rowsDroppedByWatermark += dropped }
        return batch.selecting(kept)
      }
    }
  }
}
