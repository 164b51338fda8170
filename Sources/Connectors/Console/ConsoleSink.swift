import Columns
import Contract
import Expressions

/// Prints each batch as a table, as Spark's console sink does.
final class ConsoleSink: StreamSink, Sendable {
  private let schema: Schema
  private let table: TableText
  private let rowCount: Int
  private let print: @Sendable (String) -> Void

  static func spec(_ print: @escaping @Sendable (String) -> Void) -> SinkSpec {
    let parameters = [
      Parameter("numRows", .integer, default: "20", "How many rows of a batch are printed."),
      Parameter(
        "truncate", .boolean, default: "true", "Whether values are cut after 20 characters."),
    ]
    return SinkSpec(
      Spec(
        .sink, "console", category: "tests", summary: "Prints each batch as a table.",
        parameters: parameters),
      modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true,
      save: { request, _ in try ConsoleSink(request, parameters, print).batch(head: "") },
      open: { try ConsoleSink($0, parameters, print) })
  }

  init(
    _ request: SinkRequest, _ parameters: [Parameter],
    _ print: @escaping @Sendable (String) -> Void
  ) throws {
    try request.options.check(against: parameters, of: "console")
    rowCount = Int(try request.options.integer("numRows", in: 0...1_000_000) ?? 20)
    let truncates = try request.options.boolean("truncate") ?? true
    table = TableText(truncate: truncates ? 20 : 0, timeZoneId: request.context.timeZoneId)
    schema = request.schema
    self.print = print
  }

  var description: String { "ConsoleSink[numRows=\(rowCount), truncate=\(table.truncate > 0)]" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? {
    let rule = "-------------------------------------------\n"
    return batch(head: rule + "Batch: \(id)\n" + rule)
  }

  private func batch(head: String) -> any SinkBatch {
    CollectedBatch(whole: { [self] batches in
      let batch = Batch.concatenated(batches, types: schema.fields.map(\.type))
      print(head + table.text(batch, schema: schema, rows: rowCount))
    })
  }
}
