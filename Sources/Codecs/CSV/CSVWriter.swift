import Columns
import Contract
import Glibc

/// Writes rows as CSV, with the quoting of the writer that Spark uses.
///
/// One thread at a time.
public final class CSVWriter {
  private var encoder: CSVRowEncoder
  private let names: [String]

  public init(fields: [Field], options: CSVOptions) throws {
    for field in fields where field.type.isNested || field.type == .null {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
        "CSV has no text for the column `\(field.name)` of type \(field.type)",
        hint: "Use to_json or concat_ws to make a STRING of it")
    }
    names = fields.map(\.name)
    encoder = CSVRowEncoder(fields.map(\.type), options, try TimesText(options.times))
  }

  deinit { encoder.free() }

  /// Appends the header line.
  public func write(headerInto text: inout [UInt8]) {
    encoder.write(names: names)
    encoder.take(into: &text)
  }

  /// Appends one line a row.
  public func write(lines batch: Batch, into text: inout [UInt8]) throws {
    // A local copy: what a class holds is checked for exclusive access at every touch.
    var encoder = self.encoder
    defer { self.encoder = encoder }
    encoder.output.count = 0
    let rows = batch.selection?.rows
    try withExtendedLifetime(batch) {
      for index in 0..<batch.count {
        let start = encoder.output.count
        try encoder.write(batch.columns, rows.map { Int($0[index]) } ?? index)
        // A line without any byte is left out, as Spark's writer does.
        if encoder.output.count > start { encoder.endLine() }
        if encoder.output.count > 1 << 15 { encoder.take(into: &text) }
      }
    }
    encoder.take(into: &text)
  }

  /// The rows of a vector of structs as strings, without line ends; NULL where the row is NULL.
  public func strings(_ vector: Vector) throws -> Vector {
    var encoder = self.encoder
    defer { self.encoder = encoder }
    let builder = VectorBuilder(.string, capacity: vector.count)
    for row in 0..<vector.count {
      if vector.isNull(row) {
        builder.appendNull()
        continue
      }
      encoder.output.count = 0
      try encoder.write(vector.children, vector.position(row))
      builder.append(
        bytes: UnsafeRawBufferPointer(start: encoder.output.bytes, count: encoder.output.count))
    }
    return builder.finish()
  }
}

/// Writes values one behind the other; whoever makes one frees it.
private struct CSVRowEncoder {
  var output = ByteOutput()
  private let options: CSVOptions
  private let types: [DataType]
  private let lineSeparator: [UInt8]
  private var times: TimesText
  private var scratch: [UInt8] = []
  /// By byte: whether a value with it may need quotes.
  private let isSpecial: UnsafeMutablePointer<Bool>
  private let firstComment: UInt8

  init(_ types: [DataType], _ options: CSVOptions, _ times: TimesText) {
    self.options = options
    self.types = types
    self.times = times
    lineSeparator = options.lineSeparator ?? [0x0A]
    firstComment = options.comment ?? UInt8(ascii: "#")
    isSpecial = .allocate(capacity: 256)
    isSpecial.initialize(repeating: false, count: 256)
    for byte in [0x0A, 0x0D, lineSeparator[0], options.separator[0]] { isSpecial[Int(byte)] = true }
    if options.escapeQuotes { isSpecial[Int(options.quote)] = true }
  }

  func free() {
    output.free()
    isSpecial.deallocate()
  }

  mutating func take(into text: inout [UInt8]) {
    text.append(contentsOf: UnsafeBufferPointer(start: output.bytes, count: output.count))
    output.count = 0
  }

  mutating func endLine() { output.append(lineSeparator) }

  mutating func write(names: [String]) {
    for (index, name) in names.enumerated() {
      if index > 0 { output.append(options.separator) }
      let start = output.count
      output.append(Array(name.utf8))
      finishValue(start, isFirst: index == 0)
    }
    endLine()
  }

  mutating func write(_ columns: [Vector], _ row: Int) throws {
    for index in 0..<columns.count {
      if index > 0 {
        if options.separator.count == 1 {
          output.append(options.separator[0])
        } else {
          output.append(options.separator)
        }
      }
      let column = columns[index]
      let start = output.count
      if column.isNull(row) {
        output.append(options.nullValue)
        if options.quoteAll || needsQuotes(start, index == 0) { quote(start) }
      } else {
        try append(column, types[index], row)
        finishValue(start, isFirst: index == 0)
      }
    }
  }

  // MARK: Quoting

  /// Trims and quotes the value that was written from `start` on.
  private mutating func finishValue(_ start: Int, isFirst: Bool) {
    let bytes = output.bytes
    if options.ignoreTrailingWhiteSpace {
      while output.count > start, bytes[output.count &- 1] <= 0x20 { output.count &-= 1 }
    }
    if options.ignoreLeadingWhiteSpace, output.count > start, bytes[start] <= 0x20 {
      var from = start
      while from < output.count, bytes[from] <= 0x20 { from += 1 }
      memmove(bytes + start, bytes + from, output.count - from)
      output.count -= from - start
    }
    if output.count == start {
      // The usual text for an empty value brings its own quotes.
      let isUsual = options.emptyValue == [0x22, 0x22]
      if !isUsual || !options.quoteAll { output.append(options.emptyValue) }
      if options.quoteAll || (!isUsual && needsQuotes(start, isFirst)) { quote(start) }
      return
    }
    if options.quoteAll || needsQuotes(start, isFirst) { quote(start) }
  }

  private func needsQuotes(_ start: Int, _ isFirst: Bool) -> Bool {
    let bytes = output.bytes
    if start == output.count { return false }
    if bytes[start] == options.quote || (isFirst && bytes[start] == firstComment) { return true }
    for at in start..<output.count where isSpecial[Int(bytes[at])] {
      let separator = options.separator
      if bytes[at] != separator[0] || separator.count == 1 { return true }
      let rest = UnsafeBufferPointer(start: bytes + at, count: output.count - at)
      if rest.starts(with: separator) { return true }
    }
    return false
  }

  private mutating func quote(_ start: Int) {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(
      contentsOf: UnsafeBufferPointer(start: output.bytes + start, count: output.count - start))
    output.count = start
    output.append(options.quote)
    for byte in scratch {
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

  private mutating func append(_ column: Vector, _ type: DataType, _ row: Int) throws {
    let at = column.position(row)
    switch type {
    case .string:
      let text = column.strings[row]
      if let base = text.baseAddress { output.append(base, text.count) }
    case .boolean: output.append(column.boolean(row) ? "true" : "false")
    case .long: output.append(integer: column.typed(Int64.self)[at])
    case .int: output.append(integer: Int64(column.typed(Int32.self)[at]))
    case .short: output.append(integer: Int64(column.typed(Int16.self)[at]))
    case .byte: output.append(integer: Int64(column.typed(Int8.self)[at]))
    case .date: try times.append(date: column.typed(Int32.self)[at], to: &output)
    case .timestamp: try times.append(timestamp: column.typed(Int64.self)[at], to: &output)
    case .timestampNtz: try times.append(timestampNtz: column.typed(Int64.self)[at], to: &output)
    default:
      scratch.removeAll(keepingCapacity: true)
      appendSlow(column, type, row, at)
      output.append(scratch)
    }
  }

  private mutating func appendSlow(_ column: Vector, _ type: DataType, _ row: Int, _ at: Int) {
    switch type {
    case .float: FloatingPointText.append(column.typed(Float.self)[at], to: &scratch)
    case .double: FloatingPointText.append(column.typed(Double.self)[at], to: &scratch)
    case .decimal(_, let scale):
      JavaDecimal.append(column.typed(Int128.self)[at], scale: scale, to: &scratch)
    case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
      IntervalLiteral.append(column.integer(row), from: from, to: to, to: &scratch)
    case .calendarInterval:
      CalendarInterval(bits: column.typed(Int128.self)[at]).append(to: &scratch)
    default: appendHex(column.strings[row])
    }
  }

  /// `[41 42]`.
  private mutating func appendHex(_ bytes: UnsafeRawBufferPointer) {
    let hex = Array("0123456789ABCDEF".utf8)
    scratch.append(UInt8(ascii: "["))
    for (index, byte) in bytes.enumerated() {
      if index > 0 { scratch.append(0x20) }
      scratch.append(hex[Int(byte >> 4)])
      scratch.append(hex[Int(byte & 15)])
    }
    scratch.append(UInt8(ascii: "]"))
  }
}
