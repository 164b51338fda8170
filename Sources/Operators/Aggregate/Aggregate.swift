import Columns
import Contract
import Expressions
import Plan

/// Rows grouped by keys, and aggregates of each group. Without keys: one group, also of no rows.
public struct Aggregate: OperatorNode {
  public let keys: [NamedExpression]
  /// Each an `aggregate` expression.
  public let aggregates: [NamedExpression]
  public let child: any PlanNode
  public let uid: String?
  public let origin: Origin?

  public init(
    keys: [NamedExpression], aggregates: [NamedExpression], _ child: any PlanNode,
    uid: String? = nil, origin: Origin? = nil
  ) {
    self.keys = keys
    self.aggregates = aggregates
    self.child = child
    self.uid = uid
    self.origin = origin
  }

  public var name: String { "Aggregate" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { keys.map(\.attribute) + aggregates.map(\.attribute) }
  public var expressions: [Expression] {
    keys.map(\.expression) + aggregates.map(\.expression)
  }
  public var details: String {
    "keys=\(PlanText.list(keys)), aggregates=\(PlanText.list(aggregates))"
  }

  public var streaming: StreamingFacts {
    guard child.isStreaming else { return StreamingFacts() }
    let keyText = keys.map { "\($0.expression.fingerprint): \($0.attribute.type)" }
      .joined(separator: ", ")
    let aggregateText = aggregates.map { "\($0.expression.fingerprint): \($0.attribute.type)" }
      .joined(separator: ", ")
    var facts = StreamingFacts(
      state: StateFacts(
        .aggregate, uid: uid, keys: keyText,
        fingerprint: "aggregate [\(keyText)] [\(aggregateText)]"),
      emitsLateRows: [.update, .complete])
    if KeyExpiry(keys.map(\.attribute)) == nil {
      facts.refusals[.append] = StreamingRules.unsupported(
        .append, "streaming aggregations without watermark", origin)
    }
    if hasDistinct {
      facts.refusal = StreamingRules.unsupported(
        "Distinct aggregations are not supported on streaming DataFrames/Datasets. Consider using "
          + "approx_count_distinct() instead.",
        hint: "Write `F.approx_count_distinct(…)`, or `dropDuplicates` before a plain count.",
        origin)
    }
    return facts
  }

  private var hasDistinct: Bool {
    aggregates.contains { column in
      if case .aggregate(let call) = column.expression.kind { call.isDistinct } else { false }
    }
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Aggregate(keys: keys, aggregates: aggregates, children[0], uid: uid, origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Aggregate(
      keys: zip(keys, expressions).map { NamedExpression($1, as: $0.attribute) },
      aggregates: zip(aggregates, expressions.dropFirst(keys.count)).map {
        NamedExpression($1, as: $0.attribute)
      }, child, uid: uid, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let aggregation = Aggregation(
      keys: keys.map { CompiledExpression($0.expression, input: input) },
      calls: Aggregation.calls(aggregates, input: input), input: input)
    if let facts = streaming.state {
      return try StreamAggregateOperator(
        output: output, child: children[0], aggregation: aggregation,
        keyNames: keys.map(\.attribute.name), expiry: KeyExpiry(keys.map(\.attribute)),
        operatorId: lowering.operatorId(facts), lowering: lowering)
    }
    return AggregateOperator(
      output: output, child: children[0], aggregation: aggregation,
      partitionCount: lowering.partitionCount)
  }
}

extension Aggregate: PrunesColumns, TakesUid {
  /// Aggregates that nobody looks at are not computed. Over a stream they stay: they are state.
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    if child.isStreaming { return self }
    let kept = aggregates.filter { needed.contains($0.attribute) }
    return Aggregate(keys: keys, aggregates: kept, child, uid: uid, origin: origin)
  }

  public func with(uid: String) -> any PlanNode {
    Aggregate(keys: keys, aggregates: aggregates, child, uid: uid, origin: origin)
  }
}

/// A node that makes one row of the rows with the same keys.
public protocol GroupsRows: PassesPredicates {
  var keys: [NamedExpression] { get }
}

extension GroupsRows {
  /// A condition on the keys alone holds for all rows of a group or for none.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    let used = condition.references
    guard !used.isEmpty, used.isSubset(of: Set(keys.map(\.attribute))) else { return nil }
    guard keys.allSatisfy(\.expression.isDeterministic) else { return nil }
    return condition.substituting(
      Dictionary(keys.map { ($0.attribute, $0.expression) }) { first, _ in first })
  }
  public var needsPredicateBelowAll: Bool { true }
}

extension Aggregate: GroupsRows {}

/// What an aggregation computes, ready to run.
struct Aggregation: Sendable {
  struct Call: Sendable {
    let function: any AggregateFunction
    let arguments: [CompiledExpression]
    let filter: CompiledExpression?
  }

  let keys: [CompiledExpression]
  let calls: [Call]
  let input: [Attribute]

  static func calls(_ aggregates: [NamedExpression], input: [Attribute]) -> [Call] {
    aggregates.map { column in
      guard case .aggregate(let call) = column.expression.kind else {
        preconditionFailure("an aggregation of something that is no aggregate")
      }
      return Call(
        function: call.function,
        arguments: call.arguments.map { CompiledExpression($0, input: input) },
        filter: call.filter.map { CompiledExpression($0, input: input) })
    }
  }

  var keyCodec: RowKeyCodec { RowKeyCodec(keys.map(\.type)) }

  /// Keys in a row's encoded state: the columns of all calls, one after the other.
  var stateTypes: [DataType] { calls.flatMap(\.function.stateTypes) }
}

/// Aggregation of rows that end.
private final class AggregateOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let aggregation: Aggregation
  private let partitionCount: Int

  init(output: [Attribute], child: any Operator, aggregation: Aggregation, partitionCount: Int) {
    self.output = output
    self.child = child
    self.aggregation = aggregation
    self.partitionCount = aggregation.keys.isEmpty ? 1 : partitionCount
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let partials = try PartialAggregation(aggregation, partitionCount: partitionCount)
      .run(try child.partitions(run), run, late: nil)
    let codec = aggregation.keyCodec
    return try run.pool.map(partitionCount) { [aggregation] index, worker in
      let table = GroupTable(aggregation)
      if aggregation.keys.isEmpty { table.addSingleGroup() }
      for pieces in partials { for piece in pieces[index] { try table.merge(piece) } }
      return GroupResults(
        table, table.keys.groups, codec: codec,
        task: run.task.with(partition: index, worker: worker),
        batchRows: run.batchRows
      ).partition
    }
  }
}
