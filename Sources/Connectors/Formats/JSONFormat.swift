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
      parameters: Self.readParameters)
  }

  public func reader(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatReader {
    let read = try JSONReadOptions(options, timeZoneId: context.timeZoneId)
    let layout = try Self.layout(options)
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
    let read = try JSONReadOptions(options, timeZoneId: context.timeZoneId)
    let layout = try Self.layout(options)
    let inference = try JSONInference(read)
    for path in files {
      guard let file = try layout.file(path) else { continue }
      if layout.isWholeFile {
        guard let block = try WholeFile(file, layout).block() else { continue }
        try naming(file.path) {
          try inference.add(record: block.buffer, 0..<(block.range.upperBound - 1))
        }
        continue
      }
      let lines = RecordLines(file, layout)
      let blocks = try LineBlocks(file, layout)
      while let block = try blocks.next() {
        for record in block.records {
          try naming(lines.place(of: block.fileOffset(of: record.lowerBound))) {
            try inference.add(record: block.buffer, record)
          }
        }
      }
    }
    return try inference.schema()
  }

  private static func layout(_ options: Options) throws -> RecordLayout {
    let isWholeFile = try options.boolean("multiLine") ?? false
    return try RecordLayout(
      options, separator: options.lineSeparator(), isWholeFile: isWholeFile,
      findsEncoding: isWholeFile)
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

  public var writeParameters: [Parameter] {
    Self.ownWriteParameters + FormatParameters.times + FormatParameters.text
      + FormatParameters.writing
  }

  static let readParameters: [Parameter] =
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
    ] + FormatParameters.parsing + FormatParameters.times + FormatParameters.text
    + FormatParameters.faults

  private static let ownWriteParameters: [Parameter] = [
    Parameter(
      "ignoreNullFields", .boolean, default: "true",
      "Whether NULL fields are left out."),
    Parameter(
      "pretty", .boolean, default: "false", "Whether rows have line ends and indents."),
    Parameter(
      "sortKeys", .boolean, default: "false",
      "Whether fields and keys stand in the order of their names."),
    Parameter(
      "writeNonAsciiCharacterAsCodePoint", .boolean, default: "false",
      "Whether characters outside ASCII are written as `\\uXXXX`."),
  ]
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
