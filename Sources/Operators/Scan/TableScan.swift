import Columns
import Connectors
import Contract
import Expressions
import Plan

/// A table that is read once, or once in each micro-batch where it is the static side of a join.
public struct TableScan: OperatorNode {
  public let source: any StaticSource
  public let output: [Attribute]
  /// Where each output column stands in the source's schema.
  public let places: [Int]
  public let origin: Origin?

  public init(
    _ source: any StaticSource, output: [Attribute], places: [Int], origin: Origin? = nil
  ) {
    self.source = source
    self.output = output
    self.places = places
    self.origin = origin
  }

  /// All columns of a source.
  public init(_ source: any StaticSource, origin: Origin? = nil) {
    let output = source.schema.fields.map {
      Attribute($0.name, $0.type, isNullable: $0.isNullable)
    }
    self.init(source, output: output, places: Array(output.indices), origin: origin)
  }

  public var name: String { "TableScan" }
  public var children: [any PlanNode] { [] }
  public var expressions: [Expression] { [] }
  public var details: String { "\(source.description) \(PlanText.list(output))" }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode { self }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    TableScanOperator(output: output, source: source, places: places)
  }
}

extension TableScan: PrunesColumns {
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    let kept = keptColumns(output, places, needed: needed)
    return TableScan(
      source, output: kept.map(\.attribute), places: kept.map(\.place), origin: origin)
  }
}

private final class TableScanOperator: Operator {
  let output: [Attribute]
  private let source: any StaticSource
  private let places: [Int]

  init(output: [Attribute], source: any StaticSource, places: [Int]) {
    self.output = output
    self.source = source
    self.places = places
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let request = ReadRequest(columns: places, batchRows: run.batchRows)
    return try source.splits().map { split in
      Partition(inputName: split.description) { _ in try split.open(request) }
    }
  }
}
