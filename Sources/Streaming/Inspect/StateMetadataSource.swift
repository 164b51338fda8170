import Columns
import Connectors
import Contract

/// `format("state-metadata")`: which stateful operators a checkpoint has, as Spark's source of that
/// name.
public enum StateMetadataSource {
  private static let schema = Schema([
    Field("operatorId", .long), Field("operatorName", .string), Field("stateStoreName", .string),
    Field("numPartitions", .int), Field("minBatchId", .long), Field("maxBatchId", .long),
    Field("operatorProperties", .string),
  ])

  /// The source as a component.
  public static func spec(_ storage: any Storage) -> SourceSpec {
    let parameters = [Parameter("path", .text, "The checkpoint; `load(path)` sets it.")]
    return SourceSpec(
      Spec(
        .source, "state-metadata", category: "state",
        summary: "Lists the stateful operators of a streaming query and their stores, in batch.",
        parameters: parameters,
        notes: """
          A row a store: `operatorId`, `operatorName`, `stateStoreName`, `numPartitions`, the \
          batches whose state `statestore` can read (`minBatchId`, `maxBatchId`), and \
          `operatorProperties` (JSON: keys, what is fixed between runs, the schema of the store).
          """),
      schema: { _ in schema },
      table: { request in
        try request.options.check(against: parameters, of: request.format)
        return Table(
          contents: try CheckpointContents(
            StateSource.checkpointPath(request.options), storage: storage))
      })
  }

  private struct Table: StaticSource, InputSplit {
    let contents: CheckpointContents

    var schema: Schema { StateMetadataSource.schema }
    var description: String { "StateMetadata[\(contents.path)]" }
    func splits() -> [any InputSplit] { [self] }

    func open(_ request: ReadRequest) throws -> any BatchStream {
      let done = contents.batches.filter { $0.commit != nil }
      guard let first = done.first, let last = done.last,
        let run = contents.run(last.offsets.runId)
      else { return BatchList([]) }
      let builders = schema.fields.map { VectorBuilder($0.type) }
      var count = 0
      for (number, one) in run.numberedOperators.enumerated() {
        for store in one.layout.stores {
          let properties = JSON.of([
            "id": .text(one.id), "keys": .text(one.keys), "key": .text(one.layout.key.ddl),
            "value": .text(store.value.ddl), "kind": .text(store.kind),
            "configuration": .object(one.layout.configuration),
          ])
          let cells: [Scalar] = [
            .integer(Int64(number)), .text(one.layout.name), .text(store.name),
            .integer(Int64(one.layout.partitionCount)), .integer(first.offsets.batchId),
            .integer(last.offsets.batchId), .text(properties.description),
          ]
          for (builder, cell) in zip(builders, cells) { builder.append(cell) }
          count += 1
        }
      }
      let all = Batch(builders.map { $0.finish() }, count: count)
      return BatchList(all.choosing(request.columns).chunks(of: request.batchRows))
    }
  }
}
