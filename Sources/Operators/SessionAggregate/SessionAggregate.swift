import Columns
import Contract
import Expressions
import Plan
import State

/// Aggregates of sessions: rows with equal keys whose sessions overlap or touch are one group, from
/// the first row's start to the last row's end.
public struct SessionAggregate: OperatorNode {
  /// Without the session.
  public let keys: [NamedExpression]
  /// The session of each row; the result's is the merged one.
  public let session: NamedExpression
  public let aggregates: [NamedExpression]
  public let child: any PlanNode
  public let uid: String?
  public let origin: Origin?

  public init(
    keys: [NamedExpression], session: NamedExpression, aggregates: [NamedExpression],
    _ child: any PlanNode, uid: String? = nil, origin: Origin? = nil
  ) {
    self.keys = keys
    self.session = session
    self.aggregates = aggregates
    self.child = child
    self.uid = uid
    self.origin = origin
  }

  public var name: String { "SessionAggregate" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] {
    keys.map(\.attribute) + [session.attribute] + aggregates.map(\.attribute)
  }
  public var expressions: [Expression] {
    keys.map(\.expression) + [session.expression] + aggregates.map(\.expression)
  }
  public var details: String {
    "keys=\(PlanText.list(keys)), session=\(PlanText.list([session])), "
      + "aggregates=\(PlanText.list(aggregates))"
  }

  public var streaming: StreamingFacts {
    guard child.isStreaming else { return StreamingFacts() }
    func text(_ columns: [NamedExpression]) -> String {
      columns.map { "\($0.expression.fingerprint): \($0.attribute.type)" }.joined(separator: ", ")
    }
    var facts = StreamingFacts(
      state: StateFacts(
        .sessionAggregate, uid: uid, keys: text(keys + [session]),
        fingerprint: "session [\(text(keys + [session]))] [\(text(aggregates))]"),
      emitsLateRows: [.update, .complete])
    facts.refusals[.update] = StreamingRules.unsupported(
      .update, "session window streaming aggregations", origin)
    if session.attribute.watermarkDelayUs == nil {
      facts.refusals[.append] = StreamingRules.unsupported(
        .append, "streaming aggregations without watermark", origin)
    }
    if keys.isEmpty {
      facts.refusal = StreamingRules.unsupported(
        "Global aggregation with session window in streaming query is not supported.",
        hint: "Group by one more column.", origin)
    }
    return facts
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    SessionAggregate(
      keys: keys, session: session, aggregates: aggregates, children[0], uid: uid, origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    let named = zip(keys + [session] + aggregates, expressions).map {
      NamedExpression($1, as: $0.attribute)
    }
    return SessionAggregate(
      keys: Array(named.prefix(keys.count)), session: named[keys.count],
      aggregates: Array(named.dropFirst(keys.count + 1)), child, uid: uid, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let aggregation = Aggregation(
      keys: (keys + [session]).map { CompiledExpression($0.expression, input: input) },
      calls: Aggregation.calls(aggregates, input: input), input: input)
    let facts = streaming.state
    return try SessionAggregateOperator(
      output: output, child: children[0], aggregation: aggregation,
      keyNames: (keys + [session]).map(\.attribute.name),
      hasWatermark: session.attribute.watermarkDelayUs != nil,
      operatorId: facts.map(lowering.operatorId), lowering: lowering)
  }
}

extension SessionAggregate: TakesUid {
  public func with(uid: String) -> any PlanNode {
    SessionAggregate(
      keys: keys, session: session, aggregates: aggregates, child, uid: uid, origin: origin)
  }
}

extension SessionAggregate: GroupsRows {}

/// Sessions of rows that end, or that keep coming: then they are state, partitioned by key.
final class SessionAggregateOperator: StatefulOperator {
  let output: [Attribute]
  /// Empty where the rows end.
  let operatorId: String
  private let child: any Operator
  private let aggregation: Aggregation
  private let keyNames: [String]
  private let hasWatermark: Bool
  private let isStreaming: Bool
  private let mode: OutputMode
  /// nil where the rows end.
  private let kept: LivePartitions<SessionPartition>?
  private let partitionCount: Int

  init(
    output: [Attribute], child: any Operator, aggregation: Aggregation, keyNames: [String],
    hasWatermark: Bool, operatorId: String?, lowering: Lowering
  ) throws {
    self.output = output
    self.child = child
    self.aggregation = aggregation
    self.keyNames = keyNames
    self.hasWatermark = hasWatermark
    self.operatorId = operatorId ?? ""
    isStreaming = operatorId != nil
    mode = isStreaming ? lowering.outputMode : .complete
    partitionCount = lowering.partitionCount
    kept = try operatorId.map {
      try Self.partitions(aggregation, lowering.state, $0, lowering.partitionCount)
    }
  }

  private static func partitions(
    _ aggregation: Aggregation, _ store: any StateStore, _ operatorId: String, _ count: Int
  ) throws -> LivePartitions<SessionPartition> {
    LivePartitions(
      try store.open(operatorId, partitionCount: count, layout: SessionLayout())
    ) { SessionPartition(aggregation, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let marks = isStreaming ? run.watermarks[operatorId] : nil
    var late: LateFilter?
    // In complete mode too, unlike other aggregates: so Spark's sessions do.
    if hasWatermark, let marks {
      let expiry = KeyExpiry(column: aggregation.keys.count - 1)
      late = LateFilter(expiry: expiry, lateUs: marks.lateUs) { [operatorId] count in
        run.metrics.update(operatorId) { $0.rowsDroppedByWatermark += Int64(count) }
      }
    }
    let partials = try PartialAggregation(
      aggregation, partitionCount: partitionCount, keySuffixBytes: SessionPartition.sessionBytes
    ).run(try child.partitions(run), run, late: late)
    let parts =
      try kept ?? Self.partitions(aggregation, NoStateStore(), operatorId, partitionCount)
    let evictUs = mode == .complete ? nil : marks?.evictUs
    return Partition.lists(
      try parts.run(run, of: operatorId, name: Self.metricsName) { [mode] live, index, task in
        try live.run(
          partials.map { $0[index] }, mode: mode, evictUs: evictUs, task: task,
          batchRows: run.batchRows)
      })
  }

  private static let metricsName = "sessionWindowStateStoreSaveExec"

  var memoryBytes: Int { kept?.memoryBytes ?? 0 }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    mode != .complete && next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    StateSchema(
      .session, name: Self.metricsName, partitionCount: partitionCount,
      key: aggregation.keySchema(keyNames),
      stores: [.init(value: Schema(aggregation.stateFields))])
  }
}
