import Columns
import Connectors
import Contract
import Expressions
import Plan

/// What the operations that read need of the session.
public struct ReadContext: Sendable {
  public let connectors: ConnectorCatalog
  public let settings: Settings
  public let formats: FormatContext
  public let clock: any Clock

  public init(
    connectors: ConnectorCatalog, settings: Settings, formats: FormatContext, clock: any Clock
  ) {
    self.connectors = connectors
    self.settings = settings
    self.formats = formats
    self.clock = clock
  }
}

/// `read`: a source by its format, streaming or not.
func buildRead(_ call: OperatorCall, _ context: ReadContext) throws -> any PlanNode {
  let format = call.has("format") ? call.text("format") : "parquet"
  let isStreaming = call.boolean("isStreaming")
  let source = try context.connectors.source(format)
  var options = Options()
  if case .table(let entries)? = call.plan.arguments["options"] {
    for entry in entries { options[entry.name] = optionText(entry.value) }
  }
  let paths = call.texts("paths")
  if !paths.isEmpty { options["path"] = paths.joined(separator: "\0") }
  let schema = call.has("schema") ? call.schema("schema") : nil
  let request = SourceRequest(
    format: format, schema: schema, options: options, settings: context.settings,
    context: context.formats, clock: context.clock, host: call.host("host"), origin: call.origin)
  if isStreaming {
    guard source.stream != nil else {
      throw Failure(
        "UNSUPPORTED_STREAMING_SOURCE", "the format `\(format)` cannot be streamed",
        hint: "`session.read` reads it in batch.")
    }
    let schema = try source.schema(request)
    let output = attributes(schema)
    return StreamScan(
      sourceId: call.plan.id, source: source, request: request, sourceSchema: schema,
      output: output, places: Array(output.indices))
  }
  guard let table = source.table else {
    throw Failure(
      "UNSUPPORTED_BATCH_SOURCE", "the format `\(format)` can only be streamed",
      hint: "`session.readStream` reads it.")
  }
  return TableScan(try table(request), origin: call.origin)
}

private func attributes(_ schema: Schema) -> [Attribute] {
  schema.fields.map { Attribute($0.name, $0.type, isNullable: $0.isNullable) }
}

private func optionText(_ value: PlanArgument) -> String {
  switch value {
  case .text(let text): text
  case .integer(let value): String(value)
  case .number(let value): String(value)
  case .boolean(let value): String(value)
  default: preconditionFailure("an option that is no plain value")
  }
}

/// `localRows`.
func buildLocalRows(_ call: OperatorCall) throws -> any PlanNode {
  guard case .rows(let schema, let batches)? = call.plan.arguments["rows"] else {
    preconditionFailure("localRows was built without its rows")
  }
  return LocalRows(batches, schema: schema, origin: call.origin)
}

/// `range`.
func buildRange(_ call: OperatorCall) throws -> any PlanNode {
  RangeRows(
    start: call.integer("start"), end: call.integer("end"), step: call.integer("step"),
    id: Attribute("id", .long, isNullable: false), origin: call.origin)
}
