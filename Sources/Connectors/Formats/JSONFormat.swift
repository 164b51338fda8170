import Codecs
import Columns
import Contract

/// JSON lines, or with `multiLine` one document a file.
public struct JSONFormat: FileFormat {
  public init() {}

  public var spec: Spec {
    Spec(
      .format, "json", category: "files",
      summary: "JSON, one object a line; with `multiLine` one document a file.",
      parameters: Self.parameters)
  }

  public func reader(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatReader {
    try options.checkEncoding()
    let read = try JSONReadOptions(options, timeZoneId: context.timeZoneId)
    let layout = RecordLayout(
      separator: try options.lineSeparator(), isWholeFile: try options.boolean("multiLine") ?? false
    )
    // Finds what is wrong with the schema before any file is opened.
    _ = try JSONReader(fields: schema.fields, options: read, blockCapacity: 64, rowCapacity: 1)
    return LineFormatReader(schema: schema, layout: layout) { fields, request, _, _ in
      JSONDecoder(
        try JSONReader(
          fields: fields, options: read, blockCapacity: LineBlocks.blockSize * 2,
          rowCapacity: request.batchRows))
    }
  }

  public func inferSchema(
    files: [String], options: Options, context: FormatContext
  ) throws -> Schema {
    try options.checkEncoding()
    let read = try JSONReadOptions(options, timeZoneId: context.timeZoneId)
    let isWholeFile = try options.boolean("multiLine") ?? false
    let separator = try options.lineSeparator()
    let inference = try JSONInference(read)
    for path in files {
      let file = try InputFile(path: path)
      if isWholeFile {
        guard let block = try WholeFile(file).block() else { continue }
        try inference.add(record: block.buffer, 0..<(block.range.upperBound - 1))
        continue
      }
      let blocks = try LineBlocks(file, separator: separator)
      while let block = try blocks.next() {
        for record in block.records { try inference.add(record: block.buffer, record) }
      }
    }
    return try inference.schema()
  }

  public func writer(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatWriter {
    let write = try JSONWriteOptions(options, timeZoneId: context.timeZoneId)
    let separator = try options.lineSeparator() ?? [0x0A]
    let type = DataType.structure(schema.fields)
    _ = try JSONWriter(type, options: write)
    return try TextFormatWriter(".json", options) {
      JSONLines(try JSONWriter(type, options: write), separator)
    }
  }

  static let parameters: [Parameter] =
    [
      Parameter(
        "multiLine", .boolean, default: "false",
        "Whether a file is one document, over several lines."),
      Parameter(
        "allowComments", .boolean, default: "false",
        "Whether `/* */` and `//` comments are passed over."),
      Parameter(
        "allowUnquotedFieldNames", .boolean, default: "false",
        "Whether names may stand without quotes."),
      Parameter(
        "allowSingleQuotes", .boolean, default: "true",
        "Whether apostrophes may stand "
          + "for quotes."),
      Parameter(
        "allowNumericLeadingZeros", .boolean, default: "false",
        "Whether numbers may start with zeros."),
      Parameter(
        "allowNonNumericNumbers", .boolean, default: "true", "Whether NaN and Infinity are numbers."
      ),
      Parameter(
        "allowBackslashEscapingAnyCharacter", .boolean, default: "false",
        "Whether a backslash may stand before any character."),
      Parameter(
        "allowUnquotedControlChars", .boolean, default: "false",
        "Whether strings may have raw control characters."),
      Parameter(
        "primitivesAsString", .boolean, default: "false",
        "Inference: numbers and booleans are STRING."),
      Parameter(
        "prefersDecimal", .boolean, default: "false",
        "Inference: fractions are DECIMAL where they fit."),
      Parameter(
        "dropFieldIfAllNull", .boolean, default: "false",
        "Inference: fields that are always NULL or empty are left out."),
      Parameter(
        "inferTimestamp", .boolean, default: "false",
        "Inference: texts that are timestamps are TIMESTAMP."),
      Parameter(
        "ignoreNullFields", .boolean, default: "true",
        "Writing: whether NULL fields "
          + "are left out."),
      Parameter(
        "pretty", .boolean, default: "false", "Writing: whether rows have line ends and indents."),
      Parameter(
        "sortKeys", .boolean, default: "false",
        "Writing: whether fields and keys stand in the order of their names."),
      Parameter(
        "writeNonAsciiCharacterAsCodePoint", .boolean, default: "false",
        "Writing: whether characters outside ASCII are written as `\\uXXXX`."),
    ] + FormatParameters.parsing + FormatParameters.times + FormatParameters.text
}

/// JSON's decoder of blocks.
final class JSONDecoder: RecordDecoder {
  private let reader: JSONReader

  init(_ reader: JSONReader) { self.reader = reader }

  func begin(_ block: LineBlock) {
    if let ends = block.ends {
      reader.begin(records: block.buffer, block.range, ends: ends)
    } else {
      reader.begin(lines: block.buffer, block.range)
    }
  }

  func read(limit: Int) throws -> Bool { try reader.read(limit: limit) }

  func setRefused(_ take: @escaping (MalformedRecordError) -> Void) { reader.refused = take }

  var count: Int { reader.count }

  func finish() -> Batch {
    let rows = reader.finish()
    return Batch(rows.children, count: rows.count)
  }
}

/// Writes rows as JSON lines.
final class JSONLines: BatchEncoder {
  private let writer: JSONWriter
  private let separator: [UInt8]

  init(_ writer: JSONWriter, _ separator: [UInt8]) {
    self.writer = writer
    self.separator = separator
  }

  func encode(_ batch: Batch, into output: inout [UInt8]) throws {
    try writer.write(lines: batch, separator: separator, into: &output)
  }

  func finish(into output: inout [UInt8]) throws {}
}
