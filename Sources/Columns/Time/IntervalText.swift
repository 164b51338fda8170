import Contract

/// Interval text (`1 day 2.5 seconds`) → `CalendarInterval`, by Spark's `stringToInterval`.
public enum IntervalText {
  /// nil where `try_cast` gives NULL.
  public static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> CalendarInterval? {
    try? parse(bytes)
  }

  /// Throws Spark's INVALID_INTERVAL_FORMAT errors.
  public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws -> CalendarInterval {
    do throws(Mismatch) {
      var reader = IntervalReader(bytes)
      return try reader.read()
    } catch {
      let text = String(decoding: bytes, as: UTF8.self)
      throw Failure(
        "INVALID_INTERVAL_FORMAT.\(error.condition)",
        "Error parsing '\(text)' to interval: \(error.message)",
        hint: "An interval reads as in `10 minutes` or `1 day 2.5 seconds`")
    }
  }

  /// The same for a text at hand.
  public static func parse(_ text: String) throws -> CalendarInterval {
    var text = text
    return try text.withUTF8 { try parse($0) }
  }

  struct Mismatch: Error {
    var condition: String
    var message: String
  }

  /// Seconds with up to six digits of fraction, zeros at the end left out: `04.5`.
  static func appendSeconds(_ us: UInt64, width: Int, to bytes: inout [UInt8]) {
    let seconds = us / 1_000_000
    if width == 2, seconds < 10 { bytes.append(48) }
    Digits.append(seconds, to: &bytes)
    var fraction = Int(us % 1_000_000)
    guard fraction != 0 else { return }
    var digits = 6
    while fraction % 10 == 0 {
      fraction /= 10
      digits -= 1
    }
    bytes.append(0x2E)
    Digits.append(fraction, width: digits, to: &bytes)
  }
}

/// One walk over an interval's text.
private struct IntervalReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var result = CalendarInterval()

  typealias Mismatch = IntervalText.Mismatch

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = Blanks.trimmed(bytes) }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte >= 9 && byte <= 13 || byte >= 28 && byte <= 31
  }

  /// The byte in lower case, 0 at the end.
  private func peek(_ ahead: Int = 0) -> UInt8 {
    guard position + ahead < bytes.count else { return 0 }
    let byte = bytes[position + ahead]
    return byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  private var isAtEnd: Bool { position >= bytes.count }

  private func isNext(_ word: String) -> Bool {
    word.utf8.enumerated().allSatisfy { peek($0.offset) == $0.element }
  }

  private mutating func skipSpaces() {
    while !isAtEnd, Self.isSpace(bytes[position]) { position += 1 }
  }

  /// The word around the present position, for messages.
  private func word() -> String {
    var start = min(position, bytes.count)
    var end = start
    while start > 0, !Self.isSpace(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, !Self.isSpace(bytes[end]) { end += 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  mutating func read() throws(Mismatch) -> CalendarInterval {
    if isNext("interval") {
      position = 8
      guard !isAtEnd else {
        throw Mismatch(condition: "INPUT_IS_EMPTY", message: "the interval is empty")
      }
      guard Self.isSpace(bytes[position]) else {
        throw Mismatch(condition: "INVALID_PREFIX", message: "the prefix '\(word())' is invalid")
      }
    }
    skipSpaces()
    guard !isAtEnd else {
      throw Mismatch(condition: "INPUT_IS_EMPTY", message: "the interval is empty")
    }
    while !isAtEnd {
      try readPart()
      skipSpaces()
    }
    return result
  }

  /// A number and its unit.
  private mutating func readPart() throws(Mismatch) {
    let isNegative = peek() == 0x2D
    let start = position
    if isNegative || peek() == 0x2B {
      position += 1
      skipSpaces()
      guard !isAtEnd else {
        position = start
        throw Mismatch(
          condition: "MISSING_NUMBER", message: "expect a number after '\(word())' but hit EOL")
      }
    } else if peek() != 0x2E, peek() < 48 || peek() > 57 {
      throw Mismatch(condition: "UNRECOGNIZED_NUMBER", message: "unrecognized number '\(word())'")
    }
    let (value, fraction) = try readNumber(isSigned: position > start)
    skipSpaces()
    guard !isAtEnd else {
      throw Mismatch(
        condition: "MISSING_UNIT", message: "expect a unit name after the number but hit EOL")
    }
    if fraction != nil, peek() != 0x73 {
      throw Mismatch(
        condition: "INVALID_FRACTION", message: "'\(word())' cannot have a fractional part")
    }
    try add(isNegative ? -value : value, fraction: (isNegative ? -1 : 1) * (fraction ?? 0))
    if peek() == 0x73 { position += 1 }
    guard isAtEnd || Self.isSpace(bytes[position]) else {
      throw Mismatch(condition: "INVALID_UNIT", message: "invalid unit '\(word())'")
    }
  }

  /// The whole part, and the fraction in microseconds if there was a point.
  private mutating func readNumber(
    isSigned: Bool
  ) throws(Mismatch) -> (value: Int64, fraction: Int64?) {
    var value: Int64 = 0
    var digits = 0
    while peek() >= 48, peek() <= 57 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int64(peek()) - 48)
      if overflow || carry { throw Self.overflow }
      value = sum
      digits += 1
      position += 1
    }
    var fraction: Int64?
    if peek() == 0x2E {
      position += 1
      var nanoseconds: Int64 = 0
      var unit: Int64 = 100_000_000
      while peek() >= 48, peek() <= 57 {
        guard unit > 0 else {
          throw Mismatch(
            condition: "INVALID_PRECISION",
            message: "interval can only support nanosecond precision, '\(word())' is out of range")
        }
        nanoseconds += (Int64(peek()) - 48) * unit
        unit /= 10
        digits += 1
        position += 1
      }
      fraction = nanoseconds / 1000
    }
    guard digits > 0, isAtEnd || Self.isSpace(bytes[position]) else {
      throw Mismatch(condition: "INVALID_VALUE", message: "invalid value '\(word())'")
    }
    return (value, fraction)
  }

  private static let overflow = Mismatch(
    condition: "ARITHMETIC_EXCEPTION", message: "the number is too large")

  private static let units: [(name: String, months: Int64, days: Int64, us: Int64)] = [
    ("year", 12, 0, 0), ("month", 1, 0, 0), ("week", 0, 7, 0), ("day", 0, 1, 0),
    ("hour", 0, 0, 3_600_000_000), ("minute", 0, 0, 60_000_000), ("second", 0, 0, 1_000_000),
    ("millisecond", 0, 0, 1000), ("microsecond", 0, 0, 1),
  ]

  private mutating func add(_ value: Int64, fraction: Int64) throws(Mismatch) {
    guard let unit = Self.units.first(where: { isNext($0.name) }) else {
      throw Mismatch(condition: "INVALID_UNIT", message: "invalid unit '\(word())'")
    }
    position += unit.name.utf8.count
    func scaled(_ factor: Int64, onto sum: Int64) throws(Mismatch) -> Int64 {
      let (product, overflow) = value.multipliedReportingOverflow(by: factor)
      let (total, carry) = sum.addingReportingOverflow(product)
      if overflow || carry { throw Self.overflow }
      return total
    }
    guard let months = Int32(exactly: try scaled(unit.months, onto: Int64(result.months))),
      let days = Int32(exactly: try scaled(unit.days, onto: Int64(result.days)))
    else { throw Self.overflow }
    result.months = months
    result.days = days
    let (us, overflow) = try scaled(unit.us, onto: result.microseconds)
      .addingReportingOverflow(fraction)
    if overflow { throw Self.overflow }
    result.microseconds = us
  }
}
