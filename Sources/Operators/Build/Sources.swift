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

/// `range`: of numbers, or of SQL's constant expressions.
func buildRange(_ call: OperatorCall) throws -> any PlanNode {
  let id = Attribute("id", .long, isNullable: false)
  guard call.has("bounds") else {
    return RangeRows(
      start: call.integer("start"), end: call.integer("end"), step: call.integer("step"), id: id,
      origin: call.origin)
  }
  let written = call.expressions("bounds")
  guard (1...4).contains(written.count) else {
    throw Failure(
      "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
      "`range` takes 1 to 4 arguments (start, end, step, partitions), not \(written.count)",
      origin: call.origin)
  }
  let bounds = try written.map { try rangeBound($0, call) }
  let step = bounds.count > 2 ? bounds[2] : 1
  if step == 0 {
    throw Failure(
      "FAILED_FUNCTION_CALL", "the step of `range` cannot be 0", origin: call.origin)
  }
  return RangeRows(
    start: bounds.count > 1 ? bounds[0] : 0, end: bounds.count > 1 ? bounds[1] : bounds[0],
    step: step, id: id, origin: call.origin)
}

private func rangeBound(_ written: UnresolvedExpression, _ call: OperatorCall) throws -> Int64 {
  let resolver = call.analyzer.resolver(PlanScope(columns: []))
  let cast = UnresolvedExpression(.cast(written, .long, isTry: false), origin: written.origin)
  let bound = try resolver.resolve(cast)
  guard let value = try constantValue(bound, call) else {
    throw Failure(
      "NON_FOLDABLE_ARGUMENT", "`range` takes constants, and `\(bound.sqlText)` is none",
      origin: call.origin)
  }
  guard case .integer(let number) = value else {
    throw Failure(
      "UNEXPECTED_INPUT_TYPE", "`range` takes whole numbers, not NULL", origin: call.origin)
  }
  return number
}
