extension StrictMath {
  /// Java's `pow`, which knows more NaNs than C's: also 1 to the power of NaN or infinity is one.
  static func pow(_ x: Double, _ y: Double) -> Double {
    if y == 0 { return 1 }
    if x.isNaN || y.isNaN { return .nan }
    let base = abs(x)
    if y.isInfinite {
      if base == 1 { return .nan }
      return (base > 1) == (y > 0) ? .infinity : 0
    }
    if y == 1 { return x }
    if y == 2 { return x * x }
    if y == 0.5, x >= 0, x.sign == .plus { return x.squareRoot() }
    if y == -1 { return 1 / x }
    let isNegative = x.sign == .minus
    let isInteger = isNegative && (abs(y) >= 0x1p52 || Double(Int64(y)) == y)
    let isOdd = isInteger && abs(y) < 0x1p53 && Int64(y) & 1 != 0
    if base == 0 || base == 1 || base.isInfinite {
      let z = y < 0 ? 1 / base : base
      if !isNegative { return z }
      if base == 1, !isInteger { return .nan }
      return isOdd ? -z : z
    }
    if isNegative, !isInteger { return .nan }
    let sign = isNegative && isOdd ? -1.0 : 1.0
    let size = magnitude(base)
    if abs(y) > 0x1p31 {
      // Beyond 2^64 every base but 1 leaves the numbers; before, one that is not very near to 1.
      let isHuge = magnitude(y) > 0x43f0_0000
      if size < 0x3fef_ffff || isHuge && base < 1 { return sign * (y < 0 ? .infinity : 0) }
      if size > 0x3ff0_0000 || isHuge { return sign * (y > 0 ? .infinity : 0) }
      return raised(nearlyOne(base), to: y, sign)
    }
    return raised(binaryLogarithm(base), to: y, sign)
  }

  /// The binary logarithm in two parts, of which the first has 21 bits behind its leading ones to
  /// spare.
  private typealias Split = (upper: Double, lower: Double)

  /// Of a number within a millionth of 1.
  private static func nearlyOne(_ base: Double) -> Split {
    let t = base - 1
    let w = (t * t) * (0.5 - t * (0.3333333333333333333333 - t * 0.25))
    let u = 1.44269502162933349609 * t
    let v = t * 1.92596299112661746887e-08 - w * 1.44269504088896338700
    let upper = short(u + v)
    return (upper, v - (upper - u))
  }

  private static func binaryLogarithm(_ base: Double) -> Split {
    var (x, n, size) = (base, Int32(0), magnitude(base))
    if size < 0x0010_0000 {
      x *= 0x1p53
      n = -53
      size = magnitude(x)
    }
    n += (size >> 20) - 0x3ff
    let fraction = size & 0x000f_ffff
    size = fraction | 0x3ff0_0000
    // Measured from 1, from 3/2, or from 1 of the next power.
    var isFromMiddle = false
    if fraction > 0x3988e {
      isFromMiddle = fraction < 0xbb67a
      if !isFromMiddle {
        n += 1
        size -= 0x0010_0000
      }
    }
    x = with(high: size, x)
    let origin = isFromMiddle ? 1.5 : 1.0
    let u = x - origin
    let v = 1 / (x + origin)
    let s = u * v
    let sUpper = short(s)
    let sumUpper = with(
      high: ((size >> 1) | 0x2000_0000) + 0x0008_0000 + (isFromMiddle ? 1 << 18 : 0), 0)
    let sumLower = x - (sumUpper - origin)
    let sLower = v * ((u - sUpper * sumUpper) - sUpper * sumLower)
    let s2 = s * s
    var p = 2.06975017800338417784e-01
    p = 2.30660745775561754067e-01 + s2 * p
    p = 2.72728123808534006489e-01 + s2 * p
    p = 3.33333329818377432918e-01 + s2 * p
    p = 4.28571428578550184252e-01 + s2 * p
    p = 5.99999999999994648725e-01 + s2 * p
    var r = s2 * s2 * p
    r += sLower * (sUpper + s)
    let square = sUpper * sUpper
    let tUpper = short(3 + square + r)
    let tLower = r - ((tUpper - 3) - square)
    let product = sUpper * tUpper
    let rest = sLower * tUpper + tLower * s
    let pUpper = short(product + rest)
    let pLower = rest - (pUpper - product)
    let zUpper = 9.61796700954437255859e-01 * pUpper
    let zLower =
      -7.02846165095275826516e-09 * pUpper + pLower * 9.61796693925975554329e-01
      + (isFromMiddle ? 1.35003920212974897128e-08 : 0)
    let middle = isFromMiddle ? 5.84962487220764160156e-01 : 0
    let power = Double(n)
    let upper = short(((zUpper + zLower) + middle) + power)
    return (upper, zLower - (((upper - power) - middle) - zUpper))
  }

  /// Two to the power of `y` times a logarithm.
  private static func raised(_ logarithm: Split, to y: Double, _ sign: Double) -> Double {
    let yUpper = short(y)
    let lower = (y - yUpper) * logarithm.upper + y * logarithm.lower
    var upper = yUpper * logarithm.upper
    let exponent = lower + upper
    if exponent >= 1024 {
      if exponent > 1024 || lower + 8.0085662595372944372e-17 > exponent - upper {
        return sign * .infinity
      }
    } else if exponent <= -1075 {
      if exponent < -1075 || lower <= exponent - upper { return sign * 0 }
    }
    // The nearest whole number; a half between two goes away from 0.
    let n = abs(exponent) > 0.5 ? Int32(exponent + (exponent < 0 ? -0.5 : 0.5)) : 0
    upper -= Double(n)
    let t = short(lower + upper)
    let u = t * 6.93147182464599609375e-01
    let v =
      (lower - (t - upper)) * 6.93147180559945286227e-01 + t * -1.90465429995776804525e-09
    let z = u + v
    let w = v - (z - u)
    let c = z - exponentTail(z * z)
    let r = (z * c) / (c - 2) - (w + z * w)
    let result = 1 - (r - z)
    if n > -1022 { return sign * scaled(result, n) }
    return sign * Double(sign: .plus, exponent: Int(n), significand: result)
  }

  static func hypot(_ x: Double, _ y: Double) -> Double {
    if x.isInfinite || y.isInfinite { return .infinity }
    if x.isNaN || y.isNaN { return .nan }
    var (a, b) = (max(abs(x), abs(y)), min(abs(x), abs(y)))
    if magnitude(a) - magnitude(b) > 0x3c0_0000 { return a + b }
    var scale = 1.0
    if magnitude(a) > 0x5f30_0000 {
      scale = 0x1p600
    } else if magnitude(b) < 0x20b0_0000 {
      if b == 0 { return a }
      scale = magnitude(b) < 0x0010_0000 ? 0x1p-1022 : 0x1p-600
    }
    if scale != 1 {
      a /= scale
      b /= scale
    }
    let difference = a - b
    if difference > b {
      let upper = short(a)
      let rest = a - upper
      return scale * (upper * upper - (b * -b - rest * (a + upper))).squareRoot()
    }
    let twice = a + a
    let bUpper = short(b)
    let upper = with(high: magnitude(a) + 0x0010_0000, 0)
    let sum = upper * (b - bUpper) + (twice - upper) * b
    return scale * (upper * bUpper - (difference * -difference - sum)).squareRoot()
  }

  static func cbrt(_ x: Double) -> Double {
    if !x.isFinite || x == 0 { return x }
    let y = abs(x)
    var t: Double
    if magnitude(y) < 0x0010_0000 {
      t = with(high: magnitude(y * 0x1p54) / 3 + 696_219_795, 0)
    } else {
      t = with(high: magnitude(y) / 3 + 715_094_163, 0)
    }
    // A rational function gives 23 bits; cut to 20 and made larger, one step of Newton's gives all.
    let r = t * t / y
    let s = 5.42857142857142815906e-01 + r * t
    t *=
      3.57142857142857150787e-01 + 1.60714285714285720630
      / (s + 1.41428571428571436819 + -7.05306122448979611050e-01 / s)
    t = with(high: high(t) + 1, 0)
    let quotient = y / (t * t)
    t += t * ((quotient - t) / ((t + t) + quotient))
    return x < 0 ? -t : t
  }
}
