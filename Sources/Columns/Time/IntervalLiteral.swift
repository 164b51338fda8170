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
  private static func separator(after unit: IntervalUnit) -> UInt8 {
    switch unit {
    case .year, .month: 0x2D
    case .day: 0x20
    case .hour, .minute, .second: 0x3A
    }
  }

  /// Reads `1-2`, `1 02:03:04.5` and the shorter forms, with a sign in front and blanks around;
  /// also the whole literal with its keywords, as a cast from text accepts it.
  public static func parse(
    _ text: String, from first: IntervalUnit, to last: IntervalUnit
  ) throws -> Int64 {
    let bytes = Array(text.utf8)
    if let value = try read(bytes, first, last, text) { return value }
    let range = (first == last ? first.text : "\(first.text) TO \(last.text)")
    throw Failure(
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

  /// nil: the text has another form. Throws where a number is out of its range.
  private static func read(
    _ bytes: [UInt8], _ first: IntervalUnit, _ last: IntervalUnit, _ text: String
  ) throws -> Int64? {
    let trimmed = bytes.withUnsafeBufferPointer { Array(Blanks.trimmed($0)) }
    let (quoted, isNegated) = unquoted(trimmed, first, last)
    guard let body = quoted else { return nil }
    var position = 0
    var isNegative = isNegated
    if let sign = body.first, sign == 0x2D || sign == 0x2B {
      isNegative = isNegated != (sign == 0x2D)
      position = 1
    }
    func overflow(_ unit: IntervalUnit) -> Failure {
      Failure(
        "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING",
        "in the interval '\(text)' the \(unit.text) is out of its range")
    }
    var total: Int128 = 0
    var unit = first
    while true {
      var count: Int64 = 0
      var digits = 0
      while position < body.count, body[position] >= 48, body[position] <= 57, digits < 18 {
        count = count * 10 + Int64(body[position]) - 48
        digits += 1
        position += 1
      }
      let isLeading = unit == first
      let hasFraction = unit == .second && position < body.count && body[position] == 0x2E
      guard digits > 0 || hasFraction && isLeading else { return nil }
      let maximumDigits = isLeading ? (unit == .day ? 9 : 18) : unit == .month ? 18 : 2
      guard digits <= maximumDigits else { return nil }
      guard isLeading || count < unit.limit else { throw overflow(unit) }
      total += Int128(count) * Int128(unit.size)
      guard unit < last, let next = IntervalUnit(rawValue: unit.rawValue + 1) else { break }
      guard position < body.count, body[position] == separator(after: unit) else { return nil }
      position += 1
      unit = next
    }
    if last == .second, position < body.count, body[position] == 0x2E {
      guard let fraction = fraction(body[(position + 1)...]) else { return nil }
      total += Int128(fraction)
      position = body.count
    }
    guard position == body.count else { return nil }
    let signed = isNegative ? -total : total
    let limits = first <= .month ? Int64(Int32.min)...Int64(Int32.max) : Int64.min...Int64.max
    guard let value = Int64(exactly: signed), limits.contains(value) else {
      throw overflow(first)
    }
    return value
  }

  /// One to nine digits as microseconds; nil: something else.
  private static func fraction(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard (1...9).contains(digits.count), digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
      return nil
    }
    var nanoseconds: Int64 = 0
    for digit in digits { nanoseconds = nanoseconds * 10 + Int64(digit) - 48 }
    for _ in digits.count..<9 { nanoseconds *= 10 }
    return nanoseconds / 1000
  }

  /// The part between the quotes of `INTERVAL -'…' DAY TO SECOND`, and whether a minus stands
  /// before them; a text that is no literal is given back whole.
  private static func unquoted(
    _ bytes: [UInt8], _ first: IntervalUnit, _ last: IntervalUnit
  ) -> (body: [UInt8]?, isNegated: Bool) {
    let words = String(decoding: bytes, as: UTF8.self).lowercased()
    guard words.hasPrefix("interval") else { return (bytes, false) }
    let parts = bytes.split(separator: 0x27, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return (nil, false) }
    func spaced(_ part: ArraySlice<UInt8>) -> [String] {
      String(decoding: part, as: UTF8.self).uppercased().split(separator: " ").map(String.init)
    }
    let head = spaced(parts[0])
    guard head.count <= 2, head.first == "INTERVAL",
      head.count == 1 || head[1] == "-"
        || head[1] == "+"
    else { return (nil, false) }
    let tail = first == last ? [first.text] : [first.text, "TO", last.text]
    guard spaced(parts[2]) == tail else { return (nil, false) }
    return (Array(parts[1]), head.last == "-")
  }
}
