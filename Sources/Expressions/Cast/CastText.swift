import Columns
import Contract

extension UnsafeRawBufferPointer {
  /// The same bytes, as the readers of Columns/Text take them.
  @inline(__always)
  var octets: UnsafeBufferPointer<UInt8> { assumingMemoryBound(to: UInt8.self) }
}

/// From STRING.
func stringCast(to: DataType, isTry: Bool) -> CastRule? {
  switch to {
  case .binary: return CastRule { column, _ in column.reinterpreted(as: .binary) }
  case .byte: return parsed(to: to, isTry) { IntegerText.readInt8($0.octets) }
  case .short: return parsed(to: to, isTry) { IntegerText.readInt16($0.octets) }
  case .int: return parsed(to: to, isTry) { IntegerText.readInt32($0.octets) }
  case .long: return parsed(to: to, isTry) { IntegerText.readInt64($0.octets) }
  case .float: return parsed(to: to, isTry) { FloatingPointText.readFloat($0.octets) }
  case .double: return parsed(to: to, isTry) { FloatingPointText.readDouble($0.octets) }
  case .boolean: return parsed(to: to, isTry) { BooleanText.read($0.octets) }
  case .date: return parsed(to: to, isTry) { DateText.read($0.octets) }
  case .decimal(let precision, let scale): return textToDecimal(to, precision, scale, isTry)
  case .timestamp, .timestampNtz: return textToInstant(to, isTry)
  case .yearMonthInterval(let from, let last), .dayTimeInterval(let from, let last):
    return textToInterval(to, from, last, isTry)
  case .calendarInterval:
    // Spark gives NULL for a text that is no interval, whatever the mode.
    return CastRule { column, _ in
      try mappedOrNull(column, to: to) { (text: Bytes) in IntervalText.read(text.octets)?.bits }
    }
  default: return nil
  }
}

/// A rule from a reader that gives nil for a malformed text.
@inline(__always)
private func parsed<R: ResultElement & Sendable>(
  to: DataType, _ isTry: Bool, _ read: @escaping @Sendable (Bytes) -> R?
) -> CastRule {
  CastRule(canFail: true) { column, _ in
    if isTry { return try mappedOrNull(column, to: to) { (text: Bytes) in read(text) } }
    return try mapped(column, to: to) { (text: Bytes) in
      if let value = read(text) { return value }
      throw malformed(text, to)
    }
  }
}

private func malformed(_ text: Bytes, _ to: DataType) -> Failure {
  return castInvalidInput(String(decoding: text, as: UTF8.self), from: .string, to: to)
}

private func textToInterval(
  _ to: DataType, _ from: IntervalUnit, _ last: IntervalUnit, _ isTry: Bool
) -> CastRule {
  @Sendable func read(_ text: Bytes) throws -> Int64? {
    switch IntervalLiteral.read(text.octets, from: from, to: last) {
    case .value(let value): return value
    case let reading:
      if isTry { return nil }
      throw IntervalLiteral.failure(
        String(decoding: text, as: UTF8.self), reading, from: from, to: last)
    }
  }
  return CastRule(canFail: true) { column, _ in
    if last <= .month {
      return try mappedOrNull(column, to: to) { (text: Bytes) in
        try read(text).map { Int32(truncatingIfNeeded: $0) }
      }
    }
    return try mappedOrNull(column, to: to) { (text: Bytes) in try read(text) }
  }
}

private func textToDecimal(
  _ to: DataType, _ precision: Int, _ scale: Int, _ isTry: Bool
) -> CastRule {
  CastRule(canFail: true) { column, _ in
    try mappedOrNull(column, to: to) { (text: Bytes) -> Int128? in
      switch DecimalText.read(text.octets, precision: precision, scale: scale) {
      case .value(let value): return value
      case .malformed:
        if isTry { return nil }
        throw malformed(text, to)
      case .outOfRange:
        if isTry { return nil }
        let value = String(decoding: text, as: UTF8.self)
        // What no DECIMAL holds has a class of its own.
        if case .outOfRange = DecimalText.read(text.octets, precision: 38, scale: 0) {
          throw Failure(
            "NUMERIC_OUT_OF_SUPPORTED_RANGE",
            "the value \(value) has more than 38 digits before the point",
            hint: "Use `try_cast` to tolerate overflow and return NULL instead")
        }
        throw decimalOverflow(value, precision, scale)
      }
    }
  }
}

/// A number with too many digits for the DECIMAL it is cast to.
func decimalOverflow(_ value: String, _ precision: Int, _ scale: Int) -> Failure {
  decimalOutOfRange(
    value, precision: precision, scale: scale,
    hint: "Use `try_cast` to tolerate overflow and return NULL instead")
}

private func textToInstant(_ to: DataType, _ isTry: Bool) -> CastRule {
  CastRule(canFail: true) { column, context in
    let isZoned = to == .timestamp
    let zone = isZoned ? try TimeZone.named(context.task.timeZoneId) : .utc
    var reader = TimestampReader(zone: zone, nowUs: context.task.batchTimeUs)
    return try mappedOrNull(column, to: to) { (text: Bytes) -> Int64? in
      let value = isZoned ? reader.read(text.octets) : reader.readWithoutZone(text.octets)
      if value == nil, !isTry { throw malformed(text, to) }
      return value
    }
  }
}

/// To STRING, from any type.
func textCast(from: DataType) -> CastRule {
  switch from {
  case .binary: return CastRule { column, _ in column.reinterpreted(as: .string) }
  case .boolean:
    return CastRule { column, _ in
      try mappedText(column) { (x: Bool, out: inout TextWriter) in out.append(x ? "true" : "false")
      }
    }
  case .int:
    return CastRule { column, _ in
      try mappedText(column) { (x: Int32, out: inout TextWriter) in
        Digits.append(Int64(x), to: &out.bytes)
      }
    }
  case .long:
    return CastRule { column, _ in
      try mappedText(column) { (x: Int64, out: inout TextWriter) in Digits.append(x, to: &out.bytes)
      }
    }
  case .double:
    return CastRule { column, _ in
      try mappedText(column) { (x: Double, out: inout TextWriter) in
        FloatingPointText.append(x, to: &out.bytes)
      }
    }
  case .timestamp:
    return CastRule { column, context in
      var writer = TimestampWriter(zone: try TimeZone.named(context.task.timeZoneId))
      return try mappedText(column) { (x: Int64, out: inout TextWriter) in
        writer.append(x, to: &out.bytes)
      }
    }
  default:
    return CastRule { column, context in
      var text = ValueText(zone: try TimeZone.named(context.task.timeZoneId))
      let shape = KernelShape(column)
      if shape.isAllNull { return .nulls(.string, count: column.count) }
      var out = TextCollector(shape, .string)
      try shape.forEachRow { row in
        try out.row(row) { text.append(column, row, to: &$0.bytes) }
      }
      return out.finish()
    }
  }
}

/// Writes values of any type as `CAST(… AS STRING)`: `{1, a}`, `[1, null]`, `{k -> v}`.
public struct ValueText {
  private var timestamps: TimestampWriter

  public init(zone: TimeZone) { timestamps = TimestampWriter(zone: zone) }

  /// Appends one row's value; NULL as `null`.
  public mutating func append(_ vector: Vector, _ row: Int, to bytes: inout [UInt8]) {
    if vector.isNull(row) {
      bytes += "null".utf8
      return
    }
    let at = vector.position(row)
    switch vector.type {
    case .null: bytes += "null".utf8
    case .boolean: bytes += (vector.boolean(row) ? "true" : "false").utf8
    case .byte, .short, .int, .long: Digits.append(vector.integer(row), to: &bytes)
    case .float: FloatingPointText.append(vector.typed(Float.self)[at], to: &bytes)
    case .double: FloatingPointText.append(vector.typed(Double.self)[at], to: &bytes)
    case .decimal(_, let scale):
      DecimalText.append(vector.typed(Int128.self)[at], scale: scale, to: &bytes)
    case .string, .binary: bytes += vector.strings[row]
    case .date: DateText.append(Int(vector.integer(row)), to: &bytes)
    case .timestamp: timestamps.append(vector.integer(row), to: &bytes)
    case .timestampNtz: timestamps.appendWithoutZone(vector.integer(row), to: &bytes)
    case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
      IntervalLiteral.append(vector.integer(row), from: from, to: to, to: &bytes)
    case .calendarInterval:
      CalendarInterval(bits: vector.typed(Int128.self)[at]).append(to: &bytes)
    case .array:
      appendList("[", "]", vector.range(row), to: &bytes) { this, element, bytes in
        this.append(vector.children[0], element, to: &bytes)
      }
    case .map:
      appendList("{", "}", vector.range(row), to: &bytes) { this, entry, bytes in
        this.append(vector.children[0], entry, to: &bytes)
        bytes += " -> ".utf8
        this.append(vector.children[1], entry, to: &bytes)
      }
    case .structure:
      appendList("{", "}", 0..<vector.children.count, to: &bytes) { this, field, bytes in
        this.append(vector.children[field], at, to: &bytes)
      }
    }
  }

  private mutating func appendList(
    _ open: String, _ close: String, _ range: Range<Int>, to bytes: inout [UInt8],
    _ body: (inout ValueText, Int, inout [UInt8]) -> Void
  ) {
    bytes += open.utf8
    for index in range {
      if index > range.lowerBound { bytes += ", ".utf8 }
      body(&self, index, &bytes)
    }
    bytes += close.utf8
  }
}

extension String {
  /// Without blanks at both ends.
  var trimmingBlanks: String {
    var part = self[...]
    while part.first?.isWhitespace ?? false { part = part.dropFirst() }
    while part.last?.isWhitespace ?? false { part = part.dropLast() }
    return String(part)
  }
}
