import Columns

/// Intervals as SQL writes them, `INTERVAL '1 02:03:04.5' DAY TO SECOND`; read also without the
/// words around the quotes.
enum IntervalLiteral {
  private static let names = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"]
  /// Microseconds, or months, of one unit.
  private static let sizes: [Int64] = [12, 1, 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000]

  /// `from` and `to` are raw values of `IntervalUnit`.
  static func append(_ value: Int64, isDayTime: Bool, from: Int, to: Int, to bytes: inout [UInt8]) {
    bytes += Array("INTERVAL '".utf8)
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    for unit in from...to {
      let size = UInt64(sizes[unit])
      if unit > from { bytes.append([0, 0x2D, 0, 0x20, 0x3A, 0x3A][unit]) }
      let count = rest / size
      rest %= size
      // The days and the units of a year are never padded.
      if unit > 2, count < 10 { bytes.append(0x30) }
      Digits.append(count, to: &bytes)
    }
    if to == 5, rest > 0 {
      bytes.append(UInt8(ascii: "."))
      var unit: UInt64 = 100_000
      while rest > 0 {
        bytes.append(UInt8(truncatingIfNeeded: 48 + rest / unit))
        rest %= unit
        unit /= 10
      }
    }
    bytes += Array("' \(names[from])\(from == to ? "" : " TO \(names[to])")".utf8)
  }

  /// Microseconds or months; nil where the text is no interval of these units.
  static func read(_ text: UnsafeBufferPointer<UInt8>, from: Int, to: Int) -> Int64? {
    var scanner = Scanner(text)
    scanner.skipBlanks()
    let isLiteral = scanner.take(word: "INTERVAL")
    if isLiteral { scanner.skipBlanks() }
    var isNegative = scanner.takeSign()
    if isLiteral, !scanner.take(0x27) { return nil }
    if isLiteral { isNegative = isNegative != scanner.takeSign() }
    guard let total = fields(&scanner, from, to) else { return nil }
    if isLiteral {
      guard scanner.take(0x27) else { return nil }
      scanner.skipBlanks()
      guard scanner.take(word: names[from]) else { return nil }
      if from != to {
        scanner.skipBlanks()
        guard scanner.take(word: "TO") else { return nil }
        scanner.skipBlanks()
        guard scanner.take(word: names[to]) else { return nil }
      }
    }
    scanner.skipBlanks()
    guard scanner.isAtEnd else { return nil }
    return isNegative ? Int64(exactly: -total) : Int64(exactly: total)
  }

  private static func fields(_ scanner: inout Scanner, _ from: Int, _ to: Int) -> Int128? {
    let limits = [0, 11, 0, 23, 59, 59]
    var total: Int128 = 0
    for unit in from...to {
      if unit > from, !scanner.take([0, 0x2D, 0, 0x20, 0x3A, 0x3A][unit]) { return nil }
      guard let count = scanner.number(), unit == from || count <= limits[unit] else { return nil }
      total += Int128(count) * Int128(sizes[unit])
    }
    if to == 5, scanner.take(0x2E) {
      guard let fraction = scanner.fraction() else { return nil }
      total += Int128(fraction)
    }
    return total
  }

  private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    var at = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var isAtEnd: Bool { at == text.count }

    mutating func skipBlanks() { while at < text.count, text[at] <= 0x20 { at += 1 } }

    mutating func take(_ byte: UInt8) -> Bool {
      guard at < text.count, text[at] == byte else { return false }
      at += 1
      return true
    }

    mutating func takeSign() -> Bool {
      if take(0x2D) { return true }
      _ = take(0x2B)
      return false
    }

    mutating func take(word: String) -> Bool {
      let letters = Array(word.utf8)
      guard text.count - at >= letters.count,
        letters.indices.allSatisfy({ text[at + $0] & 0xDF == letters[$0] })
      else { return false }
      at += letters.count
      return true
    }

    mutating func number() -> Int64? {
      var value: Int64 = 0
      let from = at
      while at < text.count, text[at] &- 48 <= 9, at - from < 18 {
        value = value * 10 + Int64(text[at] - 48)
        at += 1
      }
      return at > from ? value : nil
    }

    /// Microseconds of up to nine digits.
    mutating func fraction() -> Int64? {
      var (value, unit) = (Int64(0), Int64(100_000_000))
      let from = at
      while at < text.count, text[at] &- 48 <= 9, at - from < 9 {
        value += Int64(text[at] - 48) * unit
        unit /= 10
        at += 1
      }
      return at > from ? value / 1000 : nil
    }
  }
}

/// Decimals as Java's BigDecimal prints them: plainly, but `1.0E-7` below a millionth.
enum JavaDecimal {
  static func append(_ unscaled: Int128, scale: Int, to bytes: inout [UInt8]) {
    // The exponent that scientific notation would have.
    var digits: [UInt8] = []
    DecimalText.append(Int128(clamping: unscaled.magnitude), scale: 0, to: &digits)
    let exponent = digits.count - 1 - scale
    if scale == 0 || exponent >= -6 {
      return DecimalText.append(unscaled, scale: scale, to: &bytes)
    }
    if unscaled < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(digits[0])
    if digits.count > 1 {
      bytes.append(UInt8(ascii: "."))
      bytes += digits[1...]
    }
    bytes += Array("E\(exponent)".utf8)
  }
}
