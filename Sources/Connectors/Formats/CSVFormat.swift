import Codecs
import Columns
import Contract

/// CSV, one record a line; with `multiLine` values in quotes may hold line ends.
public struct CSVFormat: FileFormat {
  public init() {}

  public var spec: Spec {
    Spec(
      .format, "csv", category: "files",
      summary: "Comma-separated values, one record a line.", parameters: Self.readParameters)
  }

  public func reader(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatReader {
    let read = try CSVOptions(options, timeZoneId: context.timeZoneId)
    let layout = try Self.layout(read, options)
    let fields = schema.fields
    _ = try CSVReader(fields: fields, columns: Array(fields.indices), options: read, rowCapacity: 1)
    return LineFormatReader(schema: schema, layout: layout) { _, request, _, isFileStart in
      CSVDecoder(
        try CSVReader(
          fields: fields, columns: request.columns, options: read, rowCapacity: request.batchRows),
        isFileStart: isFileStart, isWholeFile: read.multiLine)
    }
  }

  public func inferSchema(
    files: [String], options: Options, context: FormatContext
  ) throws -> Schema {
    let read = try CSVOptions(options, timeZoneId: context.timeZoneId)
    let layout = try Self.layout(read, options)
    let inference = try CSVInference(read)
    // The largest file names the columns, as in Spark, which begins with it.
    let found = try files.compactMap { try layout.file($0) }
    for file in found.sorted(by: { $0.size > $1.size }) {
      if read.multiLine {
        guard let block = try WholeFile(file, layout).block() else { continue }
        try naming(file.path) {
          try inference.add(file: block.buffer, 0..<(block.range.upperBound - 1))
        }
        continue
      }
      let lines = RecordLines(file, layout)
      let blocks = try LineBlocks(file, layout)
      var isFileStart = true
      while let block = try blocks.next() {
        for record in block.records {
          let range = isFileStart ? block.withoutMark(record) : record
          let isRead = try naming(lines.place(of: block.fileOffset(of: record.lowerBound))) {
            try inference.add(record: block.buffer, range, isFileStart: isFileStart)
          }
          if isRead { isFileStart = false }
        }
      }
    }
    return inference.schema()
  }

  private static func layout(_ read: CSVOptions, _ options: Options) throws -> RecordLayout {
    try RecordLayout(options, separator: read.lineSeparator, isWholeFile: read.multiLine)
  }

  public func writer(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatWriter {
    let write = try CSVOptions(options, timeZoneId: context.timeZoneId, isWriting: true)
    _ = try CSVWriter(fields: schema.fields, options: write)
    return try TextFormatWriter("." + Self.fileExtension(options), options) {
      CSVLines(try CSVWriter(fields: schema.fields, options: write), hasHeader: write.header)
    }
  }

  private static func fileExtension(_ options: Options) throws -> String {
    guard let text = options["extension"] else { return "csv" }
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
      throw Failure(
        "INVALID_OPTION_VALUE", "the option `extension` wants letters and digits, not `\(text)`")
    }
    return text
  }

  public var writeParameters: [Parameter] {
    Self.shared
      + [
        Self.white("Leading", "before", default: "true"),
        Self.white("Trailing", "behind", default: "true"),
        Parameter("header", .boolean, default: "false", "Whether a file starts with the names."),
        Parameter("emptyValue", .text, default: "\"\"", "The text of an empty string."),
        Parameter(
          "quoteAll", .boolean, default: "false", "Whether every value stands in quotes."),
        Parameter(
          "escapeQuotes", .boolean, default: "true",
          "Whether values with quotes in them stand in quotes."),
        Parameter(
          "extension", .text, default: "csv", "What the names of the files end with."
        ),
      ] + FormatParameters.times + FormatParameters.text + FormatParameters.writing
  }

  private static func white(
    _ name: String, _ place: String, default standard: String
  ) -> Parameter {
    Parameter(
      "ignore\(name)WhiteSpace", .boolean, default: standard,
      "Whether white space \(place) a value is left out.")
  }

  private static let shared: [Parameter] = [
    Parameter(
      "sep", .text, default: ",",
      "What stands between values; several characters may. `delimiter` is the same."),
    Parameter("delimiter", .text, default: ",", "The same as `sep`."),
    Parameter(
      "quote", .text, default: "\"", "What values with separators stand in; empty: nothing."),
    Parameter("escape", .text, default: "\\", "What stands before a quote inside quotes."),
    Parameter(
      "charToEscapeQuoteEscaping", .text, default: "`escape`, if it is not the quote",
      "What stands before an escape that is meant as it is."),
    Parameter(
      "comment", .text, default: "none",
      "What lines start with that are passed over; a first value that starts with it is written "
        + "in quotes."),
    Parameter("nullValue", .text, default: "", "The text of NULL."),
  ]

  static let readParameters: [Parameter] =
    shared
    + [
      white("Leading", "before", default: "false"),
      white("Trailing", "behind", default: "false"),
      Parameter(
        "header", .boolean, default: "false",
        "Whether the first line of a file names the columns."),
      Parameter(
        "inferSchema", .boolean, default: "false",
        "Inference: whether values are looked at; otherwise all is STRING."),
      Parameter("preferDate", .boolean, default: "true", "Inference: whether dates are DATE."),
      Parameter(
        "enforceSchema", .boolean, default: "true", "Whether the header is passed over unread."),
      Parameter("emptyValue", .text, default: "", "The text of an empty string in quotes."),
      Parameter("nanValue", .text, default: "NaN", "The text of NaN."),
      Parameter("positiveInf", .text, default: "Inf", "The text of infinity."),
      Parameter("negativeInf", .text, default: "-Inf", "The text of negative infinity."),
      Parameter(
        "maxColumns", .integer, default: "20480", "The most values that a record may have."),
      Parameter(
        "maxCharsPerColumn", .integer, default: "-1", "The longest value, in bytes; -1: any."),
      Parameter(
        "unescapedQuoteHandling", .word(UnescapedQuoteHandling.allCases.map(\.rawValue)),
        default: "STOP_AT_DELIMITER", "What becomes of a quote in quotes that is not escaped."),
      Parameter(
        "multiLine", .boolean, default: "false", "Whether values in quotes may hold line ends."),
    ] + FormatParameters.parsing + FormatParameters.times + FormatParameters.text
    + FormatParameters.faults
}

/// CSV's decoder of blocks.
final class CSVDecoder: RecordDecoder {
  private let reader: CSVReader
  private let isWholeFile: Bool
  private var isFileStart: Bool

  init(_ reader: CSVReader, isFileStart: Bool, isWholeFile: Bool) {
    self.reader = reader
    self.isFileStart = isFileStart
    self.isWholeFile = isWholeFile
  }

  func begin(_ block: LineBlock) {
    if isWholeFile {
      reader.begin(file: block.buffer, block.range.lowerBound..<(block.range.upperBound - 1))
    } else if let ends = block.ends {
      reader.begin(records: block.buffer, block.range, ends: ends, isFileStart: isFileStart)
    } else {
      reader.begin(lines: block.buffer, block.range, isFileStart: isFileStart)
    }
    isFileStart = false
  }

  func read(limit: Int) throws -> Bool { try reader.read(limit: limit) }

  func setRefused(_ take: @escaping (MalformedRecordError) -> Void) { reader.refused = take }

  var count: Int { reader.count }

  func finish() -> Batch {
    let rows = reader.finish()
    return Batch(rows.children, count: rows.count)
  }
}

/// Writes rows as CSV lines.
final class CSVLines: BatchEncoder {
  private let writer: CSVWriter
  private var owesHeader: Bool

  init(_ writer: CSVWriter, hasHeader: Bool) {
    self.writer = writer
    owesHeader = hasHeader
  }

  private func header(into output: inout [UInt8]) {
    if owesHeader { writer.write(headerInto: &output) }
    owesHeader = false
  }

  func encode(_ batch: Batch, into output: inout [UInt8]) throws {
    header(into: &output)
    try writer.write(lines: batch, into: &output)
  }

  func finish(into output: inout [UInt8]) throws { header(into: &output) }
}
