import Columns
import Contract

/// The sources and sinks that a file format makes.
struct FileConnectors: Sendable {
  let format: any FileFormat
  let storage: any Storage
  let outputStorage: any Storage

  private static let inferenceSetting = "moontide.streaming.schemaInference"

  /// What is known of a reader once its options are checked.
  private struct Reading {
    let options: FileSourceOptions
    let files: [ListedFile]
    let reader: any FormatReader
    let partitions: PartitionColumns
    let schema: Schema
  }

  private func reading(_ request: SourceRequest, isStreaming: Bool) throws -> Reading {
    try request.options.check(against: parameters(isStreaming: isStreaming), of: request.format)
    let options = try FileSourceOptions(
      request.options, isStreaming: isStreaming, storage: storage)
    let files = try options.listing.files()
    let partitions = PartitionColumns(
      files, schema: request.schema, timeZoneId: request.context.timeZoneId)
    let fileSchema: Schema
    if let schema = request.schema {
      fileSchema = partitions.fileSchema(schema)
    } else if format.spec.name == "text" {
      fileSchema = Schema([Field("value", .string)])
    } else {
      fileSchema = try inferred(request, options, files, isStreaming: isStreaming)
    }
    let nullable = Schema(fileSchema.fields.map { Field($0.name, $0.type) })
    let reader = try format.reader(
      schema: nullable, options: options.format, context: request.context)
    return Reading(
      options: options, files: files, reader: reader, partitions: partitions,
      schema: Schema(nullable.fields + partitions.fields))
  }

  private func inferred(
    _ request: SourceRequest, _ options: FileSourceOptions, _ files: [ListedFile],
    isStreaming: Bool
  ) throws -> Schema {
    if isStreaming, !request.settings[boolean: Self.inferenceSetting] {
      throw Failure(
        "STREAMING_SCHEMA_MISSING", "a streaming file source needs a schema",
        hint: "Give it with `:schema(ddl)`, or set `\(Self.inferenceSetting)` to true")
    }
    guard !files.isEmpty else {
      throw Failure(
        "UNABLE_TO_INFER_SCHEMA",
        "there is no file to infer a schema of `\(request.format)` from",
        hint: "Give it with `:schema(ddl)`")
    }
    return try format.inferSchema(
      files: files.map(\.file.path), options: options.format, context: request.context)
  }

  private func parameters(isStreaming: Bool) -> [Parameter] {
    FileSourceOptions.parameters + (isStreaming ? FileSourceOptions.streamParameters : [])
      + format.spec.parameters
  }

  var source: SourceSpec {
    let own = format.spec
    let spec = Spec(
      .source, own.name, category: "files", summary: own.summary,
      parameters: FileSourceOptions.parameters + FileSourceOptions.streamParameters
        + own.parameters,
      examples: own.examples, notes: own.notes)
    return SourceSpec(
      spec,
      schema: { try reading($0, isStreaming: true).schema },
      stream: { request, directory in
        let reading = try reading(request, isStreaming: true)
        return try FileStreamSource(
          reading.options, schema: reading.schema, reader: reading.reader,
          partitions: reading.partitions, directory: directory, storage: storage,
          settings: request.settings)
      },
      table: { request in
        let reading = try reading(request, isStreaming: false)
        return FileTable(
          reading.files, schema: reading.schema, reader: reading.reader,
          partitions: reading.partitions,
          description: request.format + " "
            + reading.options.listing.paths.map { "file:" + $0 }.joined(separator: ", "))
      })
  }

  var sink: SinkSpec {
    let own = format.spec
    let spec = Spec(
      .sink, own.name, category: "files", summary: "Writes files of the format `\(own.name)`.",
      parameters: FileSink.parameters + own.parameters)
    return SinkSpec(
      spec, modes: [.append], allowsTemporaryCheckpoint: false,
      save: { request, mode in
        try FileTableWriter.begin(request, mode: mode, format: format, storage: outputStorage)
      },
      ledger: { [outputStorage] in try FileSinkLedger($0, queryId: $1, outputStorage) },
      open: { try FileSink($0, format: format, storage: outputStorage) })
  }
}
