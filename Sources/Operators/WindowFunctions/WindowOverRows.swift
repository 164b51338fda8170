import Columns
import Contract
import Expressions
import Plan

/// A function over the rows around each row, within a partition and in an order. Batch only.
public struct WindowOverRows: OperatorNode {
  /// A `window` expression.
  public let column: NamedExpression
  public let child: any PlanNode
  public let origin: Origin?

  public init(_ column: NamedExpression, _ child: any PlanNode, origin: Origin? = nil) {
    self.column = column
    self.child = child
    self.origin = origin
  }

  public var name: String { "Window" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output + [column.attribute] }
  public var expressions: [Expression] { [column.expression] }
  public var details: String { PlanText.list([column]) }
  public var streaming: StreamingFacts {
    StreamingFacts(
      refusal: Failure(
        "NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING",
        "`\(column.expression.sqlText)` cannot be computed over a stream",
        hint: "Over a stream only windows of time are possible: `F.window(time, \"10 minutes\")`.",
        origin: origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    WindowOverRows(column, children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    WindowOverRows(NamedExpression(expressions[0], as: column.attribute), child, origin: origin)
  }

  var call: WindowCall {
    guard case .window(let call) = column.expression.kind else {
      preconditionFailure("a Window node over something that is no window function")
    }
    return call
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let call = call
    let order = call.partition.map { SortKey($0, .ascending) } + call.order
    let sorter = RowSorter(
      keys: order.map { CompiledExpression($0.expression, input: input) },
      orders: order.map {
        KeyOrder(isDescending: !$0.order.isAscending, nullsFirst: $0.order.nullsFirst)
      }, input: input)
    let evaluator = try WindowEvaluator(call, type: column.attribute.type, input: input)
    return WindowOperator(
      output: output, child: children[0], sorter: sorter, evaluator: evaluator)
  }
}

private final class WindowOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let sorter: RowSorter
  private let evaluator: WindowEvaluator

  init(
    output: [Attribute], child: any Operator, sorter: RowSorter, evaluator: WindowEvaluator
  ) {
    self.output = output
    self.child = child
    self.sorter = sorter
    self.evaluator = evaluator
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let sorted = try run.mapPartitions(try child.partitions(run)) { [sorter] stream, task in
      try sorter.sorted(stream, task: task, limit: nil)
    }.filter { $0.count > 0 }
    if sorted.isEmpty { return [] }
    let rows = sorter.merged(sorted, limit: nil)
    let results = try run.pool.map(1) { [evaluator] _, worker in
      try evaluator.evaluate(rows, task: run.task.with(partition: 0, worker: worker))
    }
    let all = Batch(rows.dense.columns + results, count: rows.count)
    return [Partition { _ in BatchList(all.chunks(of: run.batchRows)) }]
  }
}
