import Columns
import Contract
import Expressions
import Plan
import Synchronization

/// `observe`: aggregates of the rows that pass, shown in the batch's progress. The rows stay as
/// they
/// are.
public struct Observe: OperatorNode {
  public let label: String
  /// Each an `aggregate` expression over the child's columns.
  public let aggregates: [NamedExpression]
  /// What is shown, over the aggregates' columns.
  public let results: [NamedExpression]
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "Observe" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { aggregates.map(\.expression) }
  public var details: String { "\(label), \(PlanText.list(aggregates))" }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Observe(
      label: label, aggregates: aggregates, results: results, child: children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Observe(
      label: label,
      aggregates: zip(aggregates, expressions).map { NamedExpression($1, as: $0.attribute) },
      results: results, child: child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    return ObserveOperator(
      node: self, child: children[0],
      aggregation: Aggregation(
        keys: [], calls: Aggregation.calls(aggregates, input: input), input: input),
      results: results.map {
        CompiledExpression($0.expression, input: aggregates.map(\.attribute))
      })
  }
}

private final class ObserveOperator: Operator {
  let output: [Attribute]
  private let node: Observe
  private let child: any Operator
  private let aggregation: Aggregation
  private let results: [CompiledExpression]

  init(
    node: Observe, child: any Operator, aggregation: Aggregation, results: [CompiledExpression]
  ) {
    output = child.output
    self.node = node
    self.child = child
    self.aggregation = aggregation
    self.results = results
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let partitions = try child.partitions(run)
    let parts = Parts(partitions.count)
    let finish: @Sendable ([AggregatePiece]) throws -> Void = {
      [node, aggregation, results] pieces in
      let table = GroupTable(aggregation)
      table.addSingleGroup()
      for piece in pieces { try table.merge(piece) }
      let rows = try table.output(.identity(1), codec: aggregation.keyCodec, task: run.task)
      let context = EvaluationContext(rows, task: run.task)
      run.metrics.observe(
        node.label,
        try zip(node.results, results).map { column, expression in
          (column.attribute.name, column.attribute.type, try expression.evaluate(context).scalar(0))
        })
    }
    if partitions.isEmpty { try finish([]) }
    return partitions.enumerated().map { index, partition in
      partition.through { [aggregation] input, task in
        let table = GroupTable(aggregation)
        table.addSingleGroup()
        var isDone = false
        return GeneratedStream {
          if isDone { return nil }
          if let batch = try input.next() {
            if batch.count > 0 { try table.update(EvaluationContext(batch, task: task)) }
            return batch
          }
          isDone = true
          if let all = parts.put(try table.piece(.identity(1)), at: index) { try finish(all) }
          return nil
        }
      }
    }
  }

  /// The partial results of the partitions that have ended.
  private final class Parts: Sendable {
    private let pieces: Mutex<[AggregatePiece?]>

    init(_ count: Int) { pieces = Mutex(Array(repeating: nil, count: count)) }

    /// All of them, in order, once the last one is there.
    func put(_ piece: AggregatePiece, at index: Int) -> [AggregatePiece]? {
      pieces.withLock { pieces in
        pieces[index] = piece
        let all = pieces.compactMap { $0 }
        return all.count == pieces.count ? all : nil
      }
    }
  }
}

/// `observe`.
func buildObserve(_ call: OperatorCall) throws -> any PlanNode {
  let columns = try call.expressions("columns").map { try call.resolver.resolveNamed($0) }
  for column in columns where !column.expression.hasAggregate {
    throw Failure(
      "INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE",
      "`observe` shows aggregates, and `\(column.attribute.name)` is none",
      hint: "`F.count(\"*\")`, `F.max(\"\(column.attribute.name)\")`.",
      origin: column.expression.origin)
  }
  let plan = try AggregateBuilder(call: call).global(columns, over: call.child)
  guard let aggregate = (plan as? Aggregate) ?? (plan.children.first as? Aggregate) else {
    throw Failure(
      "INVALID_OBSERVED_METRICS.WINDOW_EXPRESSIONS_UNSUPPORTED",
      "`observe` shows aggregates, not functions over windows of rows")
  }
  let results =
    (plan as? Project)?.columns
    ?? aggregate.output.map { NamedExpression(.attribute($0), as: $0) }
  return Observe(
    label: call.text("name"), aggregates: aggregate.aggregates, results: results,
    child: call.child, origin: call.origin)
}
