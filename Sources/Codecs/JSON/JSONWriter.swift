import CSystem
import Columns
import Contract
import Glibc

/// The options of writing JSON, checked.
public struct JSONWriteOptions: Sendable {
  public var ignoresNullFields = true
  public var times = TextTimeOptions()

  public init() {}

  public init(_ options: Options, timeZoneId: String) throws {
    ignoresNullFields = try options.boolean("ignoreNullFields") ?? true
    times = try TextTimeOptions(options, timeZoneId: timeZoneId)
  }
}

/// One column while rows are written: plain memory, bound to a vector's buffers for a batch.
private struct JSONSource {
  let kind: ValueKind
  let firstChild: Int
  let childCount: Int
  /// Scale of a DECIMAL; the ends of an interval.
  let precision: Int
  let scale: Int
  /// `"name":`, with a comma in front.
  let prefix: UnsafeMutablePointer<UInt8>
  let prefixCount: Int
  var values = UnsafeRawPointer(Buffer.empty.pointer)
  /// nil: no row is NULL.
  var validity: UnsafeRawPointer?
  var blocks: UnsafePointer<UnsafeRawPointer>?
  /// 0 for a constant vector, whose every row is its first; otherwise -1.
  var mask = -1
}

/// Writes rows as JSON text: the lines of a file, or the strings of `to_json`.
///
/// One thread at a time.
public final class JSONWriter {
  private let sources: UnsafeMutablePointer<JSONSource>
  private let sourceCount: Int
  private let ignoresNullFields: Bool
  private var times: TimesText
  private var output = ByteOutput()
  private var scratch: [UInt8] = []

  /// `type`: what one row is; for files a struct of the columns.
  public init(_ type: DataType, options: JSONWriteOptions) throws {
    ignoresNullFields = options.ignoresNullFields
    times = try TimesText(options.times)
    var types: [(type: DataType, name: String)] = [(type, "")]
    var sources: [JSONSource] = []
    while sources.count < types.count {
      let (type, name) = types[sources.count]
      sources.append(try Self.source(type, name, firstChild: types.count))
      if case .structure(let fields) = type {
        types += fields.map { ($0.type, $0.name) }
      } else {
        types += type.childTypes.map { ($0, "") }
      }
    }
    sourceCount = sources.count
    self.sources = .allocate(capacity: sources.count)
    self.sources.initialize(from: sources, count: sources.count)
  }

  deinit {
    for index in 0..<sourceCount { sources[index].prefix.deallocate() }
    sources.deallocate()
    output.free()
  }

  private static func source(_ type: DataType, _ name: String, firstChild: Int) throws -> JSONSource {
    if case .map(let key, _, _) = type, key.isNested || key == .binary {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "a map with keys of type \(key) has no JSON text",
        hint: "Cast the keys to STRING")
    }
    var prefix = ByteOutput(capacity: 64 + name.utf8.count * 6 + 32)
    prefix.append(Ascii.comma)
    Array(name.utf8).withUnsafeBytes { appendQuoted($0, to: &prefix) }
    prefix.append(Ascii.colon)
    var (precision, scale) = (0, 0)
    switch type {
    case .decimal(let p, let s): (precision, scale) = (p, s)
    case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
      (precision, scale) = (from.rawValue, to.rawValue)
    default: break
    }
    return JSONSource(
      kind: ValueKind(type), firstChild: firstChild, childCount: type.childTypes.count,
      precision: precision, scale: scale, prefix: prefix.bytes, prefixCount: prefix.count)
  }

  // MARK: Rows

  /// Appends one line a row.
  public func write(lines batch: Batch, separator: [UInt8], into text: inout [UInt8]) throws {
    precondition(batch.columns.count == sources[0].childCount, "columns of another schema")
    output.count = 0
    for (index, column) in batch.columns.enumerated() { bind(sources[0].firstChild + index, column) }
    try withExtendedLifetime(batch) {
      for index in 0..<batch.count {
        let row = batch.selection.map { Int($0.rows[index]) } ?? index
        try writeFields(0, row)
        output.append(separator)
      }
    }
    text.append(contentsOf: UnsafeBufferPointer(start: output.bytes, count: output.count))
  }

  /// The rows of a vector as strings; NULL where the row is NULL.
  public func strings(_ vector: Vector) throws -> Vector {
    bind(0, vector)
    let builder = VectorBuilder(.string, capacity: vector.count)
    try withExtendedLifetime(vector) {
      for row in 0..<vector.count {
        if vector.isNull(row) {
          builder.appendNull()
          continue
        }
        output.count = 0
        try write(0, row)
        builder.append(bytes: UnsafeRawBufferPointer(start: output.bytes, count: output.count))
      }
    }
    return builder.finish()
  }

  private func bind(_ index: Int, _ vector: Vector) {
    let source = sources + index
    source.pointee.values = UnsafeRawPointer(vector.values.pointer)
    source.pointee.validity = vector.nullCount == 0 ? nil : vector.validity.map { UnsafeRawPointer($0.pointer) }
    source.pointee.blocks = vector.blockAddresses
    source.pointee.mask = vector.isConstant ? 0 : -1
    for (child, vector) in vector.children.enumerated() {
      bind(source.pointee.firstChild + child, vector)
    }
  }

  @inline(__always)
  private func isNull(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) -> Bool {
    if source.pointee.kind == .null { return true }
    guard let validity = source.pointee.validity else { return false }
    return !Bitmap.get(validity, row & source.pointee.mask)
  }

  /// The fields of a struct in braces. NULL fields are left out unless they are asked for.
  @inline(__always)
  private func writeFields(_ index: Int, _ row: Int) throws {
    let first = sources[index].firstChild
    let start = output.count
    for child in first..<(first &+ sources[index].childCount) {
      let source = sources + child
      let isNull = isNull(source, row)
      if isNull, ignoresNullFields { continue }
      output.append(source.pointee.prefix, source.pointee.prefixCount)
      if isNull {
        output.append("null")
      } else {
        try write(child, row)
      }
    }
    if output.count == start { output.append(Ascii.comma) }
    // The first comma is where the brace belongs.
    output.bytes[start] = Ascii.openBrace
    output.append(Ascii.closeBrace)
  }

  /// A value that is not NULL.
  @inline(__always)
  private func write(_ index: Int, _ row: Int) throws {
    let source = sources + index
    let at = row & source.pointee.mask
    switch source.pointee.kind {
    case .string: writeText(source, at)
    case .long: output.append(integer: value(source, at, Int64.self))
    case .int: output.append(integer: Int64(value(source, at, Int32.self)))
    case .timestamp:
      output.append(Ascii.quote)
      try times.append(timestamp: value(source, at, Int64.self), to: &output)
      output.append(Ascii.quote)
    default: try writeOther(index, at)
    }
  }

  @inline(__always)
  private func value<T: BitwiseCopyable>(
    _ source: UnsafeMutablePointer<JSONSource>, _ row: Int, _ type: T.Type
  ) -> T {
    source.pointee.values.load(fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
  }

  private func writeOther(_ index: Int, _ row: Int) throws {
    let source = sources + index
    switch source.pointee.kind {
    case .boolean: output.append(Bitmap.get(source.pointee.values, row) ? "true" : "false")
    case .byte: output.append(integer: Int64(value(source, row, Int8.self)))
    case .short: output.append(integer: Int64(value(source, row, Int16.self)))
    case .float, .double: writeFraction(source, row)
    case .decimal:
      scratch.removeAll(keepingCapacity: true)
      JavaDecimal.append(value(source, row, Int128.self), scale: source.pointee.scale, to: &scratch)
      output.append(scratch)
    case .binary:
      scratch.removeAll(keepingCapacity: true)
      Base64.encode(bytes(source, row), into: &scratch)
      output.append(Ascii.quote)
      output.append(scratch)
      output.append(Ascii.quote)
    case .date, .timestampNtz, .dayTimeInterval, .yearMonthInterval:
      output.append(Ascii.quote)
      try writeTime(source, row)
      output.append(Ascii.quote)
    case .array: try writeElements(index, row)
    case .map: try writeEntries(index, row)
    case .structure: try writeFields(index, row)
    default: output.append("null")
    }
  }

  private func writeTime(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) throws {
    switch source.pointee.kind {
    case .date: try times.append(date: value(source, row, Int32.self), to: &output)
    case .timestampNtz: try times.append(timestampNtz: value(source, row, Int64.self), to: &output)
    default:
      scratch.removeAll(keepingCapacity: true)
      IntervalLiteral.append(
        source.pointee.kind == .dayTimeInterval
          ? value(source, row, Int64.self) : Int64(value(source, row, Int32.self)),
        isDayTime: source.pointee.kind == .dayTimeInterval, from: source.pointee.precision,
        to: source.pointee.scale, to: &scratch)
      output.append(scratch)
    }
  }

  private func writeFraction(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) {
    let isFloat = source.pointee.kind == .float
    let number = isFloat ? Double(value(source, row, Float.self)) : value(source, row, Double.self)
    scratch.removeAll(keepingCapacity: true)
    if isFloat {
      FloatingPointText.append(value(source, row, Float.self), to: &scratch)
    } else {
      FloatingPointText.append(number, to: &scratch)
    }
    // JSON has no such numbers: they are strings.
    if !number.isFinite { output.append(Ascii.quote) }
    output.append(scratch)
    if !number.isFinite { output.append(Ascii.quote) }
  }

  private func range(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) -> Range<Int> {
    Int(value(source, row, Int32.self))..<Int(value(source, row &+ 1, Int32.self))
  }

  private func writeElements(_ index: Int, _ row: Int) throws {
    let child = sources[index].firstChild
    let range = range(sources + index, row)
    output.append(Ascii.openBracket)
    for element in range {
      if element > range.lowerBound { output.append(Ascii.comma) }
      if isNull(sources + child, element) {
        output.append("null")
      } else {
        try write(child, element)
      }
    }
    output.append(Ascii.closeBracket)
  }

  private func writeEntries(_ index: Int, _ row: Int) throws {
    let keys = sources[index].firstChild
    let range = range(sources + index, row)
    output.append(Ascii.openBrace)
    for element in range {
      if element > range.lowerBound { output.append(Ascii.comma) }
      try writeKey(keys, element)
      output.append(Ascii.colon)
      if isNull(sources + (keys + 1), element) {
        output.append("null")
      } else {
        try write(keys + 1, element)
      }
    }
    output.append(Ascii.closeBrace)
  }

  /// Keys are strings; times and intervals among them are the plain numbers behind them, as Spark's.
  private func writeKey(_ index: Int, _ row: Int) throws {
    let source = sources + index
    let at = row & source.pointee.mask
    if source.pointee.kind == .string { return writeText(source, at) }
    let start = output.count
    output.append(Ascii.quote)
    switch source.pointee.kind {
    case .date, .yearMonthInterval: output.append(integer: Int64(value(source, at, Int32.self)))
    case .timestamp, .timestampNtz, .dayTimeInterval:
      output.append(integer: value(source, at, Int64.self))
    case .float, .double:
      // A number that is none has quotes already.
      output.count = start
      let isFinite = source.pointee.kind == .float
        ? value(source, at, Float.self).isFinite : value(source, at, Double.self).isFinite
      if !isFinite { return writeFraction(source, at) }
      output.append(Ascii.quote)
      writeFraction(source, at)
    default: try write(index, row)
    }
    output.append(Ascii.quote)
  }

  // MARK: Strings

  @inline(__always)
  private func bytes(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) -> UnsafeRawBufferPointer {
    let view = source.pointee.values.assumingMemoryBound(to: StringView.self) + row
    if view.pointee.isInline {
      return UnsafeRawBufferPointer(start: UnsafeRawPointer(view) + 4, count: view.pointee.count)
    }
    let block = source.pointee.blocks.unsafelyUnwrapped[view.pointee.block]
    return UnsafeRawBufferPointer(start: block + view.pointee.offset, count: view.pointee.count)
  }

  @inline(__always)
  private func writeText(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) {
    let text = bytes(source, row)
    output.reserve(text.count &+ 40)
    output.put(Ascii.quote)
    let base = text.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let plain = Int(moontide_copy_plain(output.bytes + output.count, base, text.count))
    output.count &+= plain
    if plain < text.count { Self.appendEscaped(text, from: plain, to: &output) }
    output.append(Ascii.quote)
  }

  private static func appendQuoted(_ text: UnsafeRawBufferPointer, to output: inout ByteOutput) {
    output.append(Ascii.quote)
    appendEscaped(text, from: 0, to: &output)
    output.append(Ascii.quote)
  }

  @inline(never)
  private static func appendEscaped(
    _ text: UnsafeRawBufferPointer, from: Int, to output: inout ByteOutput
  ) {
    let hex: StaticString = "0123456789ABCDEF"
    for at in from..<text.count {
      let byte = text[at]
      output.reserve(8)
      switch byte {
      case Ascii.quote, Ascii.backslash:
        output.put(Ascii.backslash)
        output.put(byte)
      case 0x20...: output.put(byte)
      default:
        output.put(Ascii.backslash)
        switch byte {
        case 0x08: output.put(UInt8(ascii: "b"))
        case 0x09: output.put(UInt8(ascii: "t"))
        case 0x0A: output.put(UInt8(ascii: "n"))
        case 0x0C: output.put(UInt8(ascii: "f"))
        case 0x0D: output.put(UInt8(ascii: "r"))
        default:
          output.put(UInt8(ascii: "u"))
          output.put(0x30)
          output.put(0x30)
          output.put(hex.utf8Start[Int(byte >> 4)])
          output.put(hex.utf8Start[Int(byte & 15)])
        }
      }
    }
  }
}
