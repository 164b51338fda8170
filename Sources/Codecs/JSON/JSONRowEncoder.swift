import CSystem
import Columns
import Contract
import Glibc

/// Writes values of the columns that its sources are bound to.
struct JSONRowEncoder {
  let sources: UnsafeMutablePointer<JSONSource>
  let ignoresNullFields: Bool
  var times: TimesText
  var output = ByteOutput()
  private var scratch: [UInt8] = []

  init(sources: UnsafeMutablePointer<JSONSource>, ignoresNullFields: Bool, times: TimesText) {
    self.sources = sources
    self.ignoresNullFields = ignoresNullFields
    self.times = times
  }

  /// Hands over what was written.
  @inline(never)
  mutating func take(into text: inout [UInt8]) {
    text.append(contentsOf: UnsafeBufferPointer(start: output.bytes, count: output.count))
    output.count = 0
  }

  @inline(__always)
  private func isNull(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) -> Bool {
    if source.pointee.kind == .null { return true }
    guard let validity = source.pointee.validity else { return false }
    return !Bitmap.get(validity, row & source.pointee.mask)
  }

  /// The fields of a struct in braces. NULL fields are left out unless they are asked for.
  @inline(__always)
  mutating func writeFields(_ index: Int, _ row: Int) throws {
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
  mutating func write(_ index: Int, _ row: Int) throws {
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

  mutating func writeOther(_ index: Int, _ row: Int) throws {
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
    case .date, .timestampNtz, .dayTimeInterval, .yearMonthInterval, .calendarInterval:
      output.append(Ascii.quote)
      try writeTime(source, row)
      output.append(Ascii.quote)
    case .array: try writeElements(index, row)
    case .map: try writeEntries(index, row)
    case .structure: try writeFields(index, row)
    default: output.append("null")
    }
  }

  mutating func writeTime(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) throws {
    switch source.pointee.kind {
    case .date: try times.append(date: value(source, row, Int32.self), to: &output)
    case .timestampNtz: try times.append(timestampNtz: value(source, row, Int64.self), to: &output)
    case .calendarInterval:
      scratch.removeAll(keepingCapacity: true)
      CalendarInterval(bits: value(source, row, Int128.self)).append(to: &scratch)
      output.append(scratch)
    default:
      scratch.removeAll(keepingCapacity: true)
      if let first = IntervalUnit(rawValue: source.pointee.precision),
        let last = IntervalUnit(rawValue: source.pointee.scale)
      {
        IntervalLiteral.append(
          first <= .month ? Int64(value(source, row, Int32.self)) : value(source, row, Int64.self),
          from: first, to: last, to: &scratch)
      }
      output.append(scratch)
    }
  }

  mutating func writeFraction(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) {
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

  mutating func writeElements(_ index: Int, _ row: Int) throws {
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

  mutating func writeEntries(_ index: Int, _ row: Int) throws {
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

  /// Keys are strings; times and intervals among them are the plain numbers behind them, as
  /// Spark's.
  mutating func writeKey(_ index: Int, _ row: Int) throws {
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
      let isFinite =
        source.pointee.kind == .float
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
  private func bytes(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int)
    -> UnsafeRawBufferPointer
  {
    let view = source.pointee.values.assumingMemoryBound(to: StringView.self) + row
    if view.pointee.isInline {
      return UnsafeRawBufferPointer(start: UnsafeRawPointer(view) + 4, count: view.pointee.count)
    }
    let block = source.pointee.blocks.unsafelyUnwrapped[view.pointee.block]
    return UnsafeRawBufferPointer(start: block + view.pointee.offset, count: view.pointee.count)
  }

  @inline(__always)
  mutating func writeText(_ source: UnsafeMutablePointer<JSONSource>, _ row: Int) {
    let text = bytes(source, row)
    output.reserve(text.count &+ 40)
    output.put(Ascii.quote)
    let base = text.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let plain = Int(moontide_copy_plain(output.bytes + output.count, base, text.count))
    output.count &+= plain
    if plain < text.count { Self.appendEscaped(text, from: plain, to: &output) }
    output.append(Ascii.quote)
  }

  static func appendQuoted(_ text: UnsafeRawBufferPointer, to output: inout ByteOutput) {
    output.append(Ascii.quote)
    appendEscaped(text, from: 0, to: &output)
    output.append(Ascii.quote)
  }

  @inline(never)
  static func appendEscaped(
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
