/// Text ↔ DECIMAL: an unscaled 128-bit integer and a scale.
public enum DecimalText {
  /// What a text, or a number of another kind, is as a DECIMAL.
  public enum Reading: Hashable, Sendable {
    case value(Int128)
    /// No number at all: CAST_INVALID_INPUT.
    case malformed
    /// More digits than the type has: NUMERIC_VALUE_OUT_OF_RANGE.
    case outOfRange
  }

  /// The number rounded half up to `scale`, as Spark's `CAST(string AS DECIMAL(p, s))`.
  public static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, precision: Int, scale: Int
  ) -> Reading {
    let text = Blanks.trimmed(bytes)
    var position = 0
    let end = text.count
    var isNegative = false
    if end > 0, text[0] == 0x2D || text[0] == 0x2B {
      isNegative = text[0] == 0x2D
      position = 1
    }
    let start = position
    var point = -1
    while position < end {
      if text[position] == 0x2E, point < 0 {
        point = position
      } else if text[position] &- 48 > 9 {
        break
      }
      position += 1
    }
    let digitsEnd = position
    guard digitsEnd - start - (point < 0 ? 0 : 1) > 0 else { return .malformed }
    var exponent = 0
    if position < end {
      guard text[position] | 0x20 == 0x65,
        let read = readExponent(UnsafeBufferPointer(rebasing: text[(position + 1)...]))
      else { return .malformed }
      exponent = read
    }
    // How many of the digits, counted from the first, are kept: those down to 10^-scale.
    let integerDigits = (point < 0 ? digitsEnd : point) - start
    let kept = integerDigits + exponent + scale
    return collect(
      UnsafeBufferPointer(rebasing: text[start..<digitsEnd]), kept: kept, isNegative: isNegative,
      precision: precision)
  }

  /// The first `kept` digits as an integer, rounded half up by the next; a point is skipped.
  private static func collect(
    _ text: UnsafeBufferPointer<UInt8>, kept: Int, isNegative: Bool, precision: Int
  ) -> Reading {
    var value: Int128 = 0
    var count = 0
    for byte in text where byte != 0x2E {
      let digit = Int128(byte &- 48)
      if count >= kept {
        if count == kept, digit >= 5 { value += 1 }
        break
      }
      value = value * 10 + digit
      if value > Decimals.powersOfTen[38] { return .outOfRange }
      count += 1
    }
    if count < kept, value != 0 {
      guard kept - count <= 38 else { return .outOfRange }
      let (scaled, overflow) =
        value.multipliedReportingOverflow(by: Decimals.powersOfTen[kept - count])
      if overflow { return .outOfRange }
      value = scaled
    }
    guard value < Decimals.powersOfTen[precision] else { return .outOfRange }
    return .value(isNegative ? -value : value)
  }

  /// `[+-]digits`, at most ten of them, as Java's BigDecimal; nil: malformed.
  private static func readExponent(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let first = text.first else { return nil }
    let start = first == 0x2D || first == 0x2B ? 1 : 0
    guard text.count > start, text.count - start <= 10 else { return nil }
    var value = 0
    for byte in text[start...] {
      guard byte >= 48, byte <= 57 else { return nil }
      value = value * 10 + Int(byte) - 48
    }
    guard value <= Int(Int32.max) else { return nil }
    return first == 0x2D ? -value : value
  }

  /// Appends the number plainly, with exactly `scale` digits after the point.
  public static func append(_ unscaled: Int128, scale: Int, to bytes: inout [UInt8]) {
    if unscaled < 0 { bytes.append(0x2D) }
    var magnitude = unscaled.magnitude
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 41) { text in
      var start = 41
      var count = 0
      // Words of eighteen digits, so that the wide division is rare.
      while magnitude != 0 || count <= scale {
        let (rest, low) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
        magnitude = rest
        var word = UInt64(low)
        var digits = 0
        while digits < 18, magnitude != 0 || word != 0 || count <= scale {
          if count == scale, scale > 0 {
            start -= 1
            text[start] = 0x2E
          }
          start -= 1
          text[start] = UInt8(48 + word % 10)
          word /= 10
          digits += 1
          count += 1
        }
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<41]))
    }
  }

  /// The double rounded half up to `scale`, through its shortest text as Spark does.
  public static func read(_ value: Double, precision: Int, scale: Int) -> Reading {
    guard value.isFinite else { return .outOfRange }
    var text: [UInt8] = []
    FloatingPointText.append(value, to: &text)
    return text.withUnsafeBufferPointer { read($0, precision: precision, scale: scale) }
  }

  /// The double nearest to the number.
  public static func double(_ unscaled: Int128, scale: Int) -> Double {
    if unscaled.magnitude <= 1 << 53, scale <= 22 {
      return Double(Int64(unscaled)) / FloatingPointText.powersOfTen[scale]
    }
    return Double("\(unscaled)e-\(scale)") ?? .nan
  }
}
