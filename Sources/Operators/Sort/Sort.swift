import Columns
import Contract
import Expressions
import Plan

/// All rows in an order; rows that are equal in it keep the order in which they came.
public struct Sort: OperatorNode {
  public let keys: [SortKey]
  public let child: any PlanNode
  /// Only so many rows are asked for; nil: all.
  public let limit: Int?
  public let origin: Origin?

  public init(_ keys: [SortKey], _ child: any PlanNode, limit: Int? = nil, origin: Origin? = nil) {
    self.keys = keys
    self.child = child
    self.limit = limit
    self.origin = origin
  }

  public var name: String { limit == nil ? "Sort" : "TopRows" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { keys.map(\.expression) }
  public var details: String {
    let order = keys.map { "\($0.expression) \($0.order.text)" }.joined(separator: ", ")
    return (limit.map { "\($0), " } ?? "") + "[\(order)]"
  }
  public var streaming: StreamingFacts {
    let refusal = StreamingRules.unsupported(
      "Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated "
        + "DataFrame/Dataset in Complete output mode",
      hint: "Sort an aggregate and write it in complete mode, or sort in `foreachBatch`.", origin)
    let isAggregated = child.nodes.contains { $0.streaming.state?.kind.isAggregation == true }
    return StreamingFacts(
      refusal: isAggregated ? nil : refusal, refusals: [.append: refusal, .update: refusal])
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Sort(keys, children[0], limit: limit, origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Sort(
      zip(keys, expressions).map { SortKey($1, $0.order) }, child, limit: limit, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let sorter = RowSorter(
      keys: keys.map { CompiledExpression($0.expression, input: input) },
      orders: keys.map {
        KeyOrder(isDescending: !$0.order.isAscending, nullsFirst: $0.order.nullsFirst)
      },
      input: input)
    return SortOperator(output: output, child: children[0], sorter: sorter, limit: limit)
  }
}

extension Sort: LimitsRows {
  public func limited(to count: Int) -> any PlanNode {
    Sort(keys, child, limit: min(count, limit ?? count), origin: origin)
  }
}

private final class SortOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let sorter: RowSorter
  private let limit: Int?

  init(output: [Attribute], child: any Operator, sorter: RowSorter, limit: Int?) {
    self.output = output
    self.child = child
    self.sorter = sorter
    self.limit = limit
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let sorted = try run.mapPartitions(try child.partitions(run)) { [sorter, limit] stream, task in
      try sorter.sorted(stream, task: task, limit: limit)
    }.filter { $0.count > 0 }
    if sorted.isEmpty { return [] }
    let batches = sorter.merged(sorted, limit: limit).chunks(of: run.batchRows)
    return [Partition { _ in BatchList(batches) }]
  }
}
