/// Arithmetic of DECIMALs on unscaled integers, with Spark's rounding. Every operation is given the
/// scales of its operands and the result's type; nil means that the result has too many digits.
public enum Decimals {
  /// 10^0 … 10^38.
  public static let powersOfTen: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 0..<38 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  static let unsignedPowers: [UInt128] = powersOfTen.map { UInt128($0) }

  /// The value at another scale, rounded half up; nil when it has more than `precision` digits.
  public static func rescale(
    _ value: Int128, from: Int, to: Int, precision: Int
  ) -> Int128? {
    if to >= from {
      guard to - from <= 38 else { return value == 0 ? 0 : nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: powersOfTen[to - from])
      return overflow ? nil : checked(scaled, precision)
    }
    return checked(divideHalfUp(value, byPowerOfTen: from - to), precision)
  }

  /// The value if it has at most `precision` digits.
  @inlinable
  public static func checked(_ value: Int128, _ precision: Int) -> Int128? {
    value.magnitude < powersOfTen[precision].magnitude ? value : nil
  }

  /// `value / 10^power`, halves away from zero.
  public static func divideHalfUp(_ value: Int128, byPowerOfTen power: Int) -> Int128 {
    guard power <= 38 else { return 0 }
    let divisor = powersOfTen[power]
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    guard remainder.magnitude >= divisor.magnitude - remainder.magnitude else { return quotient }
    return value < 0 ? quotient - 1 : quotient + 1
  }

  /// The sum; subtraction is the sum with the negated operand.
  public static func add(
    _ a: Int128, scale scaleA: Int, _ b: Int128, scale scaleB: Int, precision: Int, scale: Int
  ) -> Int128? {
    let common = max(scaleA, scaleB)
    let (leftA, overflowA) =
      a.multipliedReportingOverflow(by: powersOfTen[common - scaleA])
    let (rightB, overflowB) =
      b.multipliedReportingOverflow(by: powersOfTen[common - scaleB])
    let (sum, overflow) = leftA.addingReportingOverflow(rightB)
    if !overflowA, !overflowB, !overflow {
      return rescale(sum, from: common, to: scale, precision: precision)
    }
    return addWide(a, common - scaleA, b, common - scaleB, drop: common - scale, precision)
  }

  /// The sum where an operand at the common scale is beyond 128 bits.
  private static func addWide(
    _ a: Int128, _ powerA: Int, _ b: Int128, _ powerB: Int, drop: Int, _ precision: Int
  ) -> Int128? {
    let left = Wide(a.magnitude, times: unsignedPowers[powerA])
    let right = Wide(b.magnitude, times: unsignedPowers[powerB])
    var magnitude: Wide
    var isNegative = a < 0
    if (a < 0) == (b < 0) {
      magnitude = left.adding(right)
    } else if left < right {
      magnitude = right.subtracting(left)
      isNegative = b < 0
    } else {
      magnitude = left.subtracting(right)
    }
    if drop > 0 {
      guard let rounded = magnitude.dividedHalfUp(by: unsignedPowers[min(drop, 38)]) else {
        return nil
      }
      magnitude = Wide(rounded, times: 1)
    }
    return signed(magnitude, isNegative, precision)
  }

  /// The product. Java rounds it to 38 digits first, and to the result's scale then.
  public static func multiply(
    _ a: Int128, scale scaleA: Int, _ b: Int128, scale scaleB: Int, precision: Int, scale: Int
  ) -> Int128? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    if !overflow, product.magnitude < unsignedPowers[38] {
      return rescale(product, from: scaleA + scaleB, to: scale, precision: precision)
    }
    let wide = Wide(a.magnitude, times: b.magnitude)
    var dropped = 0
    while dropped < 38, !wide.isBelow(unsignedPowers[38], times: unsignedPowers[dropped]) {
      dropped += 1
    }
    guard let rounded = wide.dividedHalfUp(by: unsignedPowers[dropped]) else { return nil }
    let value = Int128(rounded)
    return rescale(
      (a < 0) != (b < 0) ? -value : value, from: scaleA + scaleB - dropped, to: scale,
      precision: precision)
  }

  /// The quotient; the divisor must not be 0. Java rounds it to 39 digits after the point first.
  public static func divide(
    _ a: Int128, scale scaleA: Int, _ b: Int128, scale scaleB: Int, precision: Int, scale: Int
  ) -> Int128? {
    let isNegative = (a < 0) != (b < 0)
    let divisor = b.magnitude
    let digits = scale + scaleB - scaleA
    if digits < 0 {
      // Only a type whose scale was cut down comes here: the dividend loses digits.
      let whole = Wide(divisor, times: unsignedPowers[min(-digits, 38)])
      let quotient = (a.magnitude / unsignedPowers[min(-digits, 38)]) / divisor
      let covered = Wide(quotient, times: 1).multiplied(by: whole)
      let rest = Wide(a.magnitude, times: 1).subtracting(covered)
      let isUp = !(rest.adding(rest) < whole)
      return signed(Wide(quotient + (isUp ? 1 : 0), times: 1), isNegative, precision)
    }
    var (quotient, remainder) = a.magnitude.quotientAndRemainder(dividingBy: divisor)
    var left = digits
    while left > 0 {
      let step = min(left, 37)
      let (scaled, overflow) = quotient.multipliedReportingOverflow(by: unsignedPowers[step])
      if overflow { return nil }
      let wide = remainder.multipliedFullWidth(by: unsignedPowers[step])
      let (next, rest) = divisor.dividingFullWidth(wide)
      let (sum, carry) = scaled.addingReportingOverflow(next)
      if carry { return nil }
      quotient = sum
      remainder = rest
      left -= step
    }
    // Up from a half; and from just below it, where the first rounding reaches the half.
    let gap = remainder >= divisor - remainder ? 0 : divisor - 2 * remainder
    let isUp = gap == 0 || scale >= 1 && divisor / unsignedPowers[39 - scale] >= gap
    return signed(Wide(quotient + (isUp ? 1 : 0), times: 1), isNegative, precision)
  }

  /// The remainder with the dividend's sign; the divisor must not be 0.
  public static func remainder(
    _ a: Int128, scale scaleA: Int, _ b: Int128, scale scaleB: Int, precision: Int, scale: Int
  ) -> Int128? {
    let common = max(scaleA, scaleB)
    let divisor = Wide(b.magnitude, times: unsignedPowers[common - scaleB])
    let dividend = Wide(a.magnitude, times: unsignedPowers[common - scaleA])
    var result = dividend
    if !(dividend < divisor) {
      // A dividend at least as large and scaled up leaves a divisor of 128 bits.
      guard divisor.high == 0 else {
        result = dividend.subtracting(divisor)
        while !(result < divisor) { result = result.subtracting(divisor) }
        guard result.high == 0 else { return nil }
        return signedAt(result.low, a < 0, common, scale, precision)
      }
      let rest = dividend.high % divisor.low
      result = Wide(divisor.low.dividingFullWidth((rest, dividend.low)).remainder, times: 1)
    }
    guard result.high == 0 else { return nil }
    return signedAt(result.low, a < 0, common, scale, precision)
  }

  /// The quotient towards zero (`div`) as a 64-bit integer; the divisor must not be 0.
  public static func integralQuotient(
    _ a: Int128, scale scaleA: Int, _ b: Int128, scale scaleB: Int
  ) -> Int64? {
    let common = max(scaleA, scaleB)
    let dividend = Wide(a.magnitude, times: unsignedPowers[common - scaleA])
    let divisor = Wide(b.magnitude, times: unsignedPowers[common - scaleB])
    if dividend < divisor { return 0 }
    guard divisor.high == 0 else {
      var quotient: Int64 = 0
      var rest = dividend
      while !(rest < divisor) {
        rest = rest.subtracting(divisor)
        quotient += 1
      }
      return (a < 0) != (b < 0) ? -quotient : quotient
    }
    guard dividend.high < divisor.low else { return nil }
    let quotient = divisor.low.dividingFullWidth((dividend.high, dividend.low)).quotient
    guard quotient <= UInt128(Int64.max) + 1 else { return nil }
    let value = Int128(quotient)
    return Int64(exactly: (a < 0) != (b < 0) ? -value : value)
  }

  private static func signedAt(
    _ magnitude: UInt128, _ isNegative: Bool, _ from: Int, _ to: Int, _ precision: Int
  ) -> Int128? {
    guard let value = signed(Wide(magnitude, times: 1), isNegative, 38) else { return nil }
    return rescale(value, from: from, to: to, precision: precision)
  }

  private static func signed(
    _ magnitude: Wide, _ isNegative: Bool, _ precision: Int
  ) -> Int128? {
    guard magnitude.high == 0, magnitude.low < unsignedPowers[precision] else { return nil }
    let value = Int128(magnitude.low)
    return isNegative ? -value : value
  }
}

/// An unsigned integer of 256 bits: what a product of two DECIMALs may need on the way.
private struct Wide: Comparable {
  var high: UInt128
  var low: UInt128

  init(_ a: UInt128, times b: UInt128) {
    let product = a.multipliedFullWidth(by: b)
    high = product.high
    low = product.low
  }

  private init(high: UInt128, low: UInt128) {
    self.high = high
    self.low = low
  }

  static func < (a: Wide, b: Wide) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }

  /// Below `a * b`.
  func isBelow(_ a: UInt128, times b: UInt128) -> Bool { self < Wide(a, times: b) }

  func adding(_ other: Wide) -> Wide {
    let (low, carry) = low.addingReportingOverflow(other.low)
    return Wide(high: high &+ other.high &+ (carry ? 1 : 0), low: low)
  }

  /// The other must not be greater.
  func subtracting(_ other: Wide) -> Wide {
    let (low, borrow) = low.subtractingReportingOverflow(other.low)
    return Wide(high: high &- other.high &- (borrow ? 1 : 0), low: low)
  }

  /// The product, which the caller knows to fit: this value has no high half.
  func multiplied(by other: Wide) -> Wide {
    let product = Wide(low, times: other.low)
    return Wide(high: product.high &+ low &* other.high, low: product.low)
  }

  /// The quotient with halves up, nil beyond 127 bits.
  func dividedHalfUp(by divisor: UInt128) -> UInt128? {
    guard high < divisor else { return nil }
    let (quotient, remainder) = divisor.dividingFullWidth((high, low))
    let isUp = remainder >= divisor - remainder
    guard quotient < UInt128(Int128.max) else { return nil }
    return quotient + (isUp ? 1 : 0)
  }
}
