import Columns
import Contract
import Expressions
import Plan

/// Rows that are there already: `createDataFrame`, and the batch that `foreachBatch` hands over.
public struct LocalRows: OperatorNode {
  public let batches: [Batch]
  public let output: [Attribute]
  public let origin: Origin?

  public init(_ batches: [Batch], output: [Attribute], origin: Origin? = nil) {
    self.batches = batches
    self.output = output
    self.origin = origin
  }

  public init(_ batches: [Batch], schema: Schema, origin: Origin? = nil) {
    let output = schema.fields.map { Attribute($0.name, $0.type, isNullable: $0.isNullable) }
    self.init(batches, output: output, origin: origin)
  }

  public var name: String { "LocalRows" }
  public var children: [any PlanNode] { [] }
  public var expressions: [Expression] { [] }
  public var details: String {
    "\(PlanText.list(output)), \(batches.reduce(0) { $0 + $1.count }) rows"
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode { self }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    LocalRowsOperator(output: output, batches: batches)
  }
}

extension LocalRows: PrunesColumns {
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    let places = output.indices.filter { needed.contains(output[$0]) }
    return LocalRows(
      batches.map { $0.choosing(places) }, output: places.map { output[$0] }, origin: origin)
  }
}

private final class LocalRowsOperator: Operator {
  let output: [Attribute]
  private let batches: [Batch]

  init(output: [Attribute], batches: [Batch]) {
    self.output = output
    self.batches = batches
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    batches.map { batch in
      Partition { _ in BatchList(batch.chunks(of: run.batchRows)) }
    }
  }
}
