import Codecs
import Columns
import Contract
import Glibc

/// Plain text: one STRING column, a row a line; with `wholetext` a row a file.
public struct TextFormat: FileFormat {
  public init() {}

  public var spec: Spec {
    Spec(
      .format, "text", category: "files", summary: "Lines of text, as one STRING column `value`.",
      parameters: Self.readParameters)
  }

  static let schema = Schema([Field("value", .string)])

  private func check(_ schema: Schema) throws {
    guard schema.fields.count == 1 else {
      throw Failure(
        "TEXT_DATASOURCE_COLUMN_COUNT",
        "text has a single column, and the schema has \(schema.fields.count)",
        details: ["columns: " + schema.fields.map(\.name).joined(separator: ", ")])
    }
    guard schema.fields[0].type == .string else {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
        "text has STRING alone; the column `\(schema.fields[0].name)` is \(schema.fields[0].type)",
        hint: "Cast it to STRING")
    }
  }

  public func reader(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatReader {
    try check(schema)
    let isWhole = try options.boolean("wholetext") ?? false
    let layout = try RecordLayout(
      options, separator: options.lineSeparator(), isWholeFile: isWhole)
    return LineFormatReader(schema: schema, layout: layout) { fields, request, _, isFileStart in
      TextDecoder(
        hasColumn: !fields.isEmpty, isFileStart: isFileStart && !isWhole, request.batchRows)
    }
  }

  public func inferSchema(
    files: [String], options: Options, context: FormatContext
  ) throws -> Schema {
    Self.schema
  }

  public func writer(
    schema: Schema, options: Options, context: FormatContext
  ) throws -> any FormatWriter {
    try check(schema)
    let separator = try options.lineSeparator() ?? [0x0A]
    return try TextFormatWriter(".txt", options) { TextLines(separator) }
  }

  public var writeParameters: [Parameter] { FormatParameters.text + FormatParameters.writing }

  static let readParameters: [Parameter] =
    [Parameter("wholetext", .boolean, default: "false", "Whether a file is one row.")]
    + FormatParameters.text + FormatParameters.faults
}

/// Text's decoder of blocks: every line a view.
final class TextDecoder: RecordDecoder {
  private let hasColumn: Bool
  private var isFileStart: Bool
  private let capacity: Int
  private var views = Buffer.empty
  private var blocks: [Buffer] = []
  private(set) var count = 0

  private var buffer = Buffer.empty
  private var rest = 0..<0
  private var ends: [Int]?

  init(hasColumn: Bool, isFileStart: Bool, _ batchRows: Int) {
    self.hasColumn = hasColumn
    self.isFileStart = isFileStart
    capacity = max(batchRows, 1)
  }

  func begin(_ block: LineBlock) {
    buffer = block.buffer
    rest = block.range
    ends = block.ends?.reversed()
    let bytes = buffer.typed(UInt8.self) + rest.lowerBound
    // A byte order mark at the start of a file is no text.
    if isFileStart, rest.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
      rest = (rest.lowerBound + 3)..<rest.upperBound
    }
    isFileStart = false
  }

  func read(limit: Int) throws -> Bool {
    if views.capacity == 0 { views = Buffer(capacity: capacity * 16) }
    if blocks.last !== buffer { blocks.append(buffer) }
    let target = views.typed(StringView.self)
    let bytes = buffer.typed(UInt8.self)
    let block = blocks.count - 1
    var start = rest.lowerBound
    let stop = min(limit, capacity)
    while start < rest.upperBound, count < stop {
      let isLine = ends == nil
      let lineEnd = ends?.popLast() ?? lineFeed(start)
      let end = isLine && lineEnd > start && bytes[lineEnd - 1] == 0x0D ? lineEnd - 1 : lineEnd
      target[count] = StringView(bytes + start, count: end - start, block: block, offset: start)
      count += 1
      start = lineEnd + 1
    }
    rest = start..<rest.upperBound
    return rest.isEmpty
  }

  private func lineFeed(_ start: Int) -> Int {
    let bytes = buffer.typed(UInt8.self)
    let found = memchr(bytes + start, 0x0A, rest.upperBound - start)
    return found.map { $0.assumingMemoryBound(to: UInt8.self) - bytes } ?? rest.upperBound
  }

  func finish() -> Batch {
    let column = Vector(.string, count: count, values: views, blocks: blocks)
    defer {
      views = .empty
      blocks = []
      count = 0
    }
    return Batch(hasColumn ? [column] : [], count: count)
  }
}

/// Writes one STRING column as lines; NULL is an empty line.
final class TextLines: BatchEncoder {
  private let separator: [UInt8]

  init(_ separator: [UInt8]) { self.separator = separator }

  func encode(_ batch: Batch, into output: inout [UInt8]) throws {
    let column = batch.columns[0]
    let strings = column.strings
    for index in 0..<batch.count {
      let row = batch.selection.map { Int($0.rows[index]) } ?? index
      if !column.isNull(row) { output.append(contentsOf: strings[row]) }
      output.append(contentsOf: separator)
    }
  }

  func finish(into output: inout [UInt8]) throws {}
}
