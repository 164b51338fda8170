import Columns
import Contract
import Glibc

/// Writes rows as CSV, with the quoting of the writer that Spark uses.
///
/// One thread at a time.
public final class CSVWriter {
  private let options: CSVOptions
  private let types: [DataType]
  private let names: [String]
  private let lineSeparator: [UInt8]
  private var times: TimesText
  private var output = ByteOutput()
  /// The text of one value.
  private var value: [UInt8] = []
  private var timeOutput = ByteOutput(capacity: 64)

  public init(fields: [Field], options: CSVOptions) throws {
    for field in fields where field.type.isNested || field.type == .null {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
        "CSV has no text for the column `\(field.name)` of type \(field.type)",
        hint: "Use to_json or concat_ws to make a STRING of it")
    }
    self.options = options
    types = fields.map(\.type)
    names = fields.map(\.name)
    lineSeparator = options.lineSeparator ?? [0x0A]
    times = try TimesText(options.times)
  }

  deinit {
    output.free()
    timeOutput.free()
  }

  /// Appends the header line.
  public func write(headerInto text: inout [UInt8]) {
    output.count = 0
    for (index, name) in names.enumerated() {
      if index > 0 { output.append(options.separator) }
      value = Array(name.utf8)
      putValue(isFirst: index == 0)
    }
    output.append(lineSeparator)
    take(into: &text)
  }

  /// Appends one line a row.
  public func write(lines batch: Batch, into text: inout [UInt8]) throws {
    output.count = 0
    for index in 0..<batch.count {
      let row = batch.selection.map { Int($0.rows[index]) } ?? index
      let start = output.count
      try putRow(batch.columns, row)
      // A line without any byte is left out, as Spark's writer does.
      if output.count > start { output.append(lineSeparator) }
    }
    take(into: &text)
  }

  /// The rows of a vector of structs as strings, without line ends; NULL where the row is NULL.
  public func strings(_ vector: Vector) throws -> Vector {
    let builder = VectorBuilder(.string, capacity: vector.count)
    for row in 0..<vector.count {
      if vector.isNull(row) {
        builder.appendNull()
        continue
      }
      output.count = 0
      try putRow(vector.children, vector.position(row))
      builder.append(bytes: UnsafeRawBufferPointer(start: output.bytes, count: output.count))
    }
    return builder.finish()
  }

  private func take(into text: inout [UInt8]) {
    text.append(contentsOf: UnsafeBufferPointer(start: output.bytes, count: output.count))
    output.count = 0
  }

  private func putRow(_ columns: [Vector], _ row: Int) throws {
    for (index, column) in columns.enumerated() {
      if index > 0 { output.append(options.separator) }
      if column.isNull(row) {
        value = options.nullValue
        if options.quoteAll { putQuoted() } else { output.append(value) }
      } else {
        try format(column, types[index], row)
        putValue(isFirst: index == 0)
      }
    }
  }

  // MARK: Quoting

  private func putValue(isFirst: Bool) {
    trim()
    if value.isEmpty {
      // The text for an empty value brings its own quotes.
      if options.quoteAll, options.emptyValue == [0x22, 0x22] { return putQuoted() }
      return output.append(options.emptyValue)
    }
    if options.quoteAll || needsQuotes(isFirst) { putQuoted() } else { output.append(value) }
  }

  private func trim() {
    if options.ignoreLeadingWhiteSpace {
      let blanks = value.prefix { $0 <= 0x20 }.count
      if blanks > 0 { value.removeFirst(blanks) }
    }
    if options.ignoreTrailingWhiteSpace { while let last = value.last, last <= 0x20 { value.removeLast() } }
  }

  private func needsQuotes(_ isFirst: Bool) -> Bool {
    if isFirst, value[0] == options.comment ?? UInt8(ascii: "#") { return true }
    if value[0] == options.quote { return true }
    let separator = options.separator
    for (index, byte) in value.enumerated() {
      if byte == 0x0A || byte == 0x0D || byte == lineSeparator[0] { return true }
      if byte == options.quote, options.escapeQuotes { return true }
      if byte == separator[0], value[index...].starts(with: separator) { return true }
    }
    return false
  }

  private func putQuoted() {
    output.append(options.quote)
    for byte in value {
      if byte == options.quote {
        output.append(options.escape)
      } else if byte == options.escape, options.escapeOfEscape != 0 {
        output.append(options.escapeOfEscape)
      }
      output.append(byte)
    }
    output.append(options.quote)
  }

  // MARK: Values

  private func format(_ column: Vector, _ type: DataType, _ row: Int) throws {
    value.removeAll(keepingCapacity: true)
    let at = column.position(row)
    switch type {
    case .string: value.append(contentsOf: column.strings[row])
    case .boolean: value += Array((column.boolean(row) ? "true" : "false").utf8)
    case .float: FloatingPointText.append(column.typed(Float.self)[at], to: &value)
    case .double: FloatingPointText.append(column.typed(Double.self)[at], to: &value)
    case .decimal(_, let scale):
      JavaDecimal.append(column.typed(Int128.self)[at], scale: scale, to: &value)
    case .binary: formatBytes(column.strings[row])
    case .date, .timestamp, .timestampNtz: try formatTime(column, type, at)
    case .dayTimeInterval(let from, let to):
      IntervalLiteral.append(
        column.integer(row), isDayTime: true, from: from.rawValue, to: to.rawValue, to: &value)
    case .yearMonthInterval(let from, let to):
      IntervalLiteral.append(
        column.integer(row), isDayTime: false, from: from.rawValue, to: to.rawValue, to: &value)
    default: Digits.append(column.integer(row), to: &value)
    }
  }

  private func formatTime(_ column: Vector, _ type: DataType, _ row: Int) throws {
    timeOutput.count = 0
    switch type {
    case .date: try times.append(date: column.typed(Int32.self)[row], to: &timeOutput)
    case .timestamp: try times.append(timestamp: column.typed(Int64.self)[row], to: &timeOutput)
    default: try times.append(timestampNtz: column.typed(Int64.self)[row], to: &timeOutput)
    }
    value.append(contentsOf: UnsafeBufferPointer(start: timeOutput.bytes, count: timeOutput.count))
  }

  /// `[41 42]`.
  private func formatBytes(_ bytes: UnsafeRawBufferPointer) {
    let hex = Array("0123456789ABCDEF".utf8)
    value.append(UInt8(ascii: "["))
    for (index, byte) in bytes.enumerated() {
      if index > 0 { value.append(0x20) }
      value.append(hex[Int(byte >> 4)])
      value.append(hex[Int(byte & 15)])
    }
    value.append(UInt8(ascii: "]"))
  }
}
