import Contract

extension IntervalUnit {
  /// The unit of a word, singular or plural, in any case.
  public init?(named name: String) {
    let word = name.uppercased()
    let units: [IntervalUnit] = [.year, .month, .day, .hour, .minute, .second]
    let unit = units.first { word == $0.text || word == $0.text + "S" }
    guard let unit else { return nil }
    self = unit
  }

  /// Months of a year or a month; microseconds of the others.
  public var size: Int64 {
    switch self {
    case .year: 12
    case .month: 1
    case .day: Calendar.microsecondsPerDay
    case .hour: 3_600_000_000
    case .minute: 60_000_000
    case .second: 1_000_000
    }
  }

  /// How many of this unit make one of the next larger.
  fileprivate var limit: Int64 {
    switch self {
    case .month: 12
    case .hour: 24
    case .minute, .second: 60
    case .year, .day: Int64.max
    }
  }
}

/// Values of the ANSI interval types: months for YEAR TO MONTH, microseconds for DAY TO SECOND,
/// each with the first and the last unit of its type.
public enum IntervalLiteral {
  /// `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '1 02:03:04.5' DAY TO SECOND`.
  public static func append(
    _ value: Int64, from first: IntervalUnit, to last: IntervalUnit, to bytes: inout [UInt8]
  ) {
    bytes.append(contentsOf: "INTERVAL '".utf8)
    appendValue(value, from: first, to: last, to: &bytes)
    bytes.append(contentsOf: "' ".utf8)
    bytes.append(contentsOf: first.text.utf8)
    if first != last {
      bytes.append(contentsOf: " TO ".utf8)
      bytes.append(contentsOf: last.text.utf8)
    }
  }

  /// The part between the quotes.
  public static func appendValue(
    _ value: Int64, from first: IntervalUnit, to last: IntervalUnit, to bytes: inout [UInt8]
  ) {
    if value < 0 { bytes.append(0x2D) }
    var rest = value.magnitude
    var unit = first
    while true {
      if unit == .second {
        IntervalText.appendSeconds(rest, width: 2, to: &bytes)
        return
      }
      let count = rest / UInt64(unit.size)
      rest -= count * UInt64(unit.size)
      // Hours and minutes have two digits even in front; the large units have as many as needed.
      if unit == .hour || unit == .minute, count < 10 { bytes.append(48) }
      Digits.append(count, to: &bytes)
      guard unit < last, let next = IntervalUnit(rawValue: unit.rawValue + 1) else { return }
      bytes.append(separator(after: unit))
      unit = next
    }
  }

  /// What stands between a unit and the next smaller.
  fileprivate static func separator(after unit: IntervalUnit) -> UInt8 {
    switch unit {
    case .year, .month: 0x2D
    case .day: 0x20
    case .hour, .minute, .second: 0x3A
    }
  }

  /// What a text is as an interval.
  public enum Reading: Equatable {
    case value(Int64)
    /// The text has another form.
    case malformed
    /// The form is right, but this unit, or the whole, is too large.
    case outOfRange(IntervalUnit)
  }

  /// Reads `1-2`, `1 02:03:04.5` and the shorter forms, with a sign in front and blanks around;
  /// also the whole literal with its keywords, as a cast from text accepts it.
  public static func read(
    _ text: UnsafeBufferPointer<UInt8>, from first: IntervalUnit, to last: IntervalUnit
  ) -> Reading {
    var reader = IntervalLiteralReader(Blanks.trimmed(text))
    return reader.read(first, last) ?? .malformed
  }

  /// The same, by a Failure where it is no such interval.
  public static func parse(
    _ text: String, from first: IntervalUnit, to last: IntervalUnit
  ) throws -> Int64 {
    var text = text
    switch text.withUTF8({ read($0, from: first, to: last) }) {
    case .value(let value): return value
    case let reading: throw failure(text, reading, from: first, to: last)
    }
  }

  /// Why a text is no interval of these units.
  public static func failure(
    _ text: String, _ reading: Reading, from first: IntervalUnit, to last: IntervalUnit
  ) -> Failure {
    if case .outOfRange(let unit) = reading {
      return Failure(
        "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING",
        "in the interval '\(text)' the \(unit.text) is out of its range")
    }
    let range = (first == last ? first.text : "\(first.text) TO \(last.text)")
    return Failure(
      first <= .month
        ? "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING"
        : "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE",
      "the interval text '\(text)' does not match the form of \(range)",
      hint: "It reads as in `\(example(first, last))`")
  }

  private static func example(_ first: IntervalUnit, _ last: IntervalUnit) -> String {
    var bytes: [UInt8] = []
    let value = first <= .month ? 14 : 93_784_500_000
    append(Int64(value), from: first, to: last, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One walk over an interval's text.
private struct IntervalLiteralReader {
  private let text: UnsafeBufferPointer<UInt8>
  private var at = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  /// nil: the text has another form.
  mutating func read(
    _ first: IntervalUnit, _ last: IntervalUnit
  ) -> IntervalLiteral.Reading? {
    let isLiteral = take(word: "INTERVAL")
    if isLiteral, !takeBlanks() { return nil }
    var isNegative = takeSign()
    if isLiteral {
      guard take(0x27) else { return nil }
      isNegative = isNegative != takeSign()
    }
    var total: Int128 = 0
    var excess: IntervalUnit?
    var unit = first
    while true {
      guard let count = number(maximumDigits(unit, isLeading: unit == first)) else { return nil }
      if unit != first, count >= unit.limit { excess = excess ?? unit }
      total += Int128(count) * Int128(unit.size)
      guard unit < last, let next = IntervalUnit(rawValue: unit.rawValue + 1) else { break }
      guard take(IntervalLiteral.separator(after: unit)) else { return nil }
      unit = next
    }
    if last == .second, take(0x2E) {
      guard let fraction = fraction() else { return nil }
      total += Int128(fraction)
    }
    if isLiteral, !takeUnits(first, last) { return nil }
    guard at == text.count else { return nil }
    if let excess { return .outOfRange(excess) }
    let limits = first <= .month ? Int64(Int32.min)...Int64(Int32.max) : Int64.min...Int64.max
    guard let value = Int64(exactly: isNegative ? -total : total), limits.contains(value) else {
      return .outOfRange(first)
    }
    return .value(value)
  }

  /// Spark bounds the digits of the leading unit, and takes two of each further one but months.
  private func maximumDigits(_ unit: IntervalUnit, isLeading: Bool) -> Int {
    switch unit {
    case .year, .month: 18
    case .day: 9
    case .hour: isLeading ? 10 : 2
    case .minute: isLeading ? 12 : 2
    case .second: isLeading ? 13 : 2
    }
  }

  /// `' DAY TO SECOND`, with its closing quote.
  private mutating func takeUnits(_ first: IntervalUnit, _ last: IntervalUnit) -> Bool {
    guard take(0x27), takeBlanks(), take(word: first.text) else { return false }
    if first == last { return true }
    return takeBlanks() && take(word: "TO") && takeBlanks() && take(word: last.text)
  }

  private mutating func takeBlanks() -> Bool {
    let start = at
    while at < text.count, text[at] <= 0x20 { at += 1 }
    return at > start
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < text.count, text[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func takeSign() -> Bool {
    if take(0x2D) { return true }
    _ = take(0x2B)
    return false
  }

  /// A word in capitals, in any case.
  private mutating func take(word: String) -> Bool {
    var end = at
    for letter in word.utf8 {
      guard end < text.count, text[end] & 0xDF == letter else { return false }
      end += 1
    }
    at = end
    return true
  }

  private mutating func number(_ maximumDigits: Int) -> Int64? {
    let start = at
    var value: Int64 = 0
    while at < text.count, text[at] &- 48 <= 9 {
      guard at - start < maximumDigits else { return nil }
      value = value * 10 + Int64(text[at] - 48)
      at += 1
    }
    return at > start ? value : nil
  }

  /// Microseconds of one to nine digits.
  private mutating func fraction() -> Int64? {
    let start = at
    guard var value = number(9) else { return nil }
    for _ in (at - start)..<9 { value *= 10 }
    return value / 1000
  }
}
