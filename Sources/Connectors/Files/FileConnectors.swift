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
    try request.options.check(
      against: readParameters(isStreaming: isStreaming), of: request.format)
    let options = try FileSourceOptions(
      request.options, isStreaming: isStreaming, timeZoneId: request.context.timeZoneId,
      storage: storage)
    var files = try options.listing.files()
    let partitions = try PartitionColumns(
      files, schema: request.schema,
      timeZoneId: request.options["timeZone"] ?? request.context.timeZoneId,
      infersTypes: request.settings[boolean: FileSettings.infersPartitionTypes])
    // Files beside the `key=value` directories are no part of a table that has such.
    if !isStreaming, !partitions.fields.isEmpty { files.removeAll { $0.partition.isEmpty } }
    let fileSchema: Schema
    if let schema = request.schema {
      var names: Set<String> = []
      for field in schema.fields where !names.insert(field.name.lowercased()).inserted {
        throw Failure(
          "COLUMN_ALREADY_EXISTS", "the schema has the column `\(field.name.lowercased())` twice")
      }
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
      schema: partitions.schema(nullable))
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

  /// nil: what the reference shows, whatever reads.
  private func readParameters(isStreaming: Bool?) -> [Parameter] {
    let (stream, table) = (FileSourceOptions.streamParameters, FileSourceOptions.tableParameters)
    let own =
      FileSourceOptions.parameters + (isStreaming == true ? [] : table)
      + (isStreaming == false ? [] : stream) + format.spec.parameters
    return own
      + Parameter.elsewhere("when reading a batch", table, besides: own)
      + Parameter.elsewhere("when reading a stream", stream, besides: own)
      + Parameter.elsewhere(
        "when writing", Self.writeParameters(format, isStreaming: nil),
        besides: own + table + stream)
  }

  /// nil: what the reference shows, whatever writes.
  static func writeParameters(_ format: any FileFormat, isStreaming: Bool?) -> [Parameter] {
    let table = FileTableWriter.parameters
    return FileSink.parameters + (isStreaming == true ? [] : table) + format.writeParameters
  }

  /// With what is refused by name.
  static func knownWriteParameters(_ format: any FileFormat, isStreaming: Bool?) -> [Parameter] {
    let own = writeParameters(format, isStreaming: isStreaming)
    let read =
      FileSourceOptions.parameters + FileSourceOptions.tableParameters
      + FileSourceOptions.streamParameters + format.spec.parameters
    return own
      + Parameter.elsewhere("when writing a batch", FileTableWriter.parameters, besides: own)
      + Parameter.elsewhere(
        "when reading", read, besides: own + FileTableWriter.parameters)
  }

  var source: SourceSpec {
    let own = format.spec
    return SourceSpec(
      Spec(
        .source, own.name, category: "files", summary: own.summary,
        parameters: readParameters(isStreaming: nil), examples: own.examples, notes: own.notes),
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
    SinkSpec(
      Spec(
        .sink, format.spec.name, category: "files",
        summary: "Writes files of the format `\(format.spec.name)`.",
        parameters: Self.knownWriteParameters(format, isStreaming: nil)), modes: [.append],
      allowsTemporaryCheckpoint: false,
      save: { request, mode in
        try FileTableWriter.begin(request, mode: mode, format: format, storage: outputStorage)
      },
      ledger: { [outputStorage] in try FileSinkLedger($0, queryId: $1, outputStorage) },
      open: { try FileSink($0, format: format, storage: outputStorage) })
  }
}
