import Columns
import Connectors
import Contract
import Expressions
import Plan

/// A streaming source: in each micro-batch its new rows.
public struct StreamScan: StreamSourceNode {
  public let sourceId: Int
  public let source: SourceSpec
  public let request: SourceRequest
  /// Of the whole source.
  public let sourceSchema: Schema
  public let output: [Attribute]
  /// Where each output column stands in the source's schema.
  public let places: [Int]

  public init(
    sourceId: Int, source: SourceSpec, request: SourceRequest, sourceSchema: Schema,
    output: [Attribute], places: [Int]
  ) {
    self.sourceId = sourceId
    self.source = source
    self.request = request
    self.sourceSchema = sourceSchema
    self.output = output
    self.places = places
  }

  public var origin: Origin? { request.origin }
  public var name: String { "StreamScan" }
  public var children: [any PlanNode] { [] }
  public var expressions: [Expression] { [] }
  public var details: String { "\(request.format) \(PlanText.list(output))" }
  public var streaming: StreamingFacts { StreamingFacts() }
  public var isStreaming: Bool { true }

  public func with(children: [any PlanNode]) -> any PlanNode { self }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func openSource(directory: String) throws -> any StreamSource {
    guard let open = source.stream else {
      preconditionFailure("a streaming scan of a source that cannot be streamed")
    }
    return try withOrigin(origin) { try open(request, directory) }
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    StreamScanOperator(output: output, sourceId: sourceId, places: places, origin: origin)
  }
}

extension StreamScan: PrunesColumns {
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    let kept = keptColumns(output, places, needed: needed)
    return StreamScan(
      sourceId: sourceId, source: source, request: request, sourceSchema: sourceSchema,
      output: kept.map(\.attribute), places: kept.map(\.place))
  }
}

/// The columns of a scan that are read: those needed, and one at least, since rows are counted by
/// it.
func keptColumns(
  _ output: [Attribute], _ places: [Int], needed: Set<Attribute>
) -> [(attribute: Attribute, place: Int)] {
  let all = Array(zip(output, places)).map { (attribute: $0, place: $1) }
  let kept = all.filter { needed.contains($0.attribute) }
  if !kept.isEmpty { return kept }
  func cost(_ type: DataType) -> Int {
    switch type.layout {
    case .none, .bits: 0
    case .fixed(let width): width
    case .views: 32
    case .lists, .structure: 64
    }
  }
  return all.min { cost($0.attribute.type) < cost($1.attribute.type) }.map { [$0] } ?? []
}

private final class StreamScanOperator: Operator {
  let output: [Attribute]
  private let sourceId: Int
  private let places: [Int]
  private let origin: Origin?

  init(output: [Attribute], sourceId: Int, places: [Int], origin: Origin?) {
    self.output = output
    self.sourceId = sourceId
    self.places = places
    self.origin = origin
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    return (run.inputs[sourceId] ?? []).map { split in
      Partition(inputName: split.description) { [sourceId, origin, places] task in
        let request = ReadRequest(
          columns: places, batchRows: run.batchRows, refused: Self.refused(task))
        let rows = try withOrigin(origin) { try split.open(request) }
        return GeneratedStream {
          let batch = try withOrigin(origin) { try rows.next() }
          if let batch { run.metrics.addInputRows(batch.count, source: sourceId) }
          return batch
        }
      }
    }
  }

  /// Puts the records that FAILFAST refuses aside, where a policy takes them.
  private static func refused(_ task: TaskContext) -> (@Sendable (RefusedRecord) -> Void)? {
    guard let badRows = task.badRows else { return nil }
    let schema = Schema([Field("_corrupt_record", .string)])
    return { record in
      badRows.put(
        BadRow(
          .record, record.failure, [.text(record.text)], schema: schema,
          position: record.position), task: task)
    }
  }
}
