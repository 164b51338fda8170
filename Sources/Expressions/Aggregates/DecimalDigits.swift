import Columns
import Glibc

/// Arithmetic on the unscaled digits of decimals, as the aggregates need it.
enum DecimalDigits {
  /// 10 to the power of 0…38.
  static let powersOfTen: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 0..<38 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// Whether a value has at most `precision` digits.
  @inline(__always)
  static func fits(_ value: Int128, precision: Int) -> Bool {
    let limit = powersOfTen[precision]
    return value < limit && value > -limit
  }

  /// The nearest DOUBLE.
  static func double(_ value: Int128, scale: Int) -> Double {
    if scale <= 18, value.magnitude < 1 << 53 {
      // Both are exact, so that the one division rounds once.
      return Double(Int64(value)) / Double(Int64(powersOfTen[scale]))
    }
    return strtod("\(value)e-\(scale)", nil)
  }

  /// `numerator / denominator` with `shift` more digits behind the point, rounded half up; nil when
  /// it has more than 38 digits.
  static func divide(_ numerator: Int128, by denominator: Int64, shift: Int) -> Int128? {
    let divisor = Int128(denominator)
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: divisor)
    let (wide, overflow) = quotient.multipliedReportingOverflow(by: powersOfTen[shift])
    if overflow { return nil }
    let (more, rest) = (remainder * powersOfTen[shift]).quotientAndRemainder(dividingBy: divisor)
    var result = wide + more
    if rest.magnitude * 2 >= divisor.magnitude {
      result += (numerator < 0) != (denominator < 0) ? -1 : 1
    }
    return fits(result, precision: 38) ? result : nil
  }
}
