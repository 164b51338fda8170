/// The elementary functions as Java's `StrictMath` computes them, to the last bit: Sun's published
/// method (fdlibm 5.3) with its constants. The C library rounds a few results in a hundred
/// otherwise, and Spark's answers are those of this method.
enum StrictMath {
  // A double's upper 32 bits tell its size.
  @inline(__always)
  static func high(_ x: Double) -> Int32 { Int32(truncatingIfNeeded: x.bitPattern >> 32) }

  @inline(__always)
  static func magnitude(_ x: Double) -> Int32 { high(x) & 0x7fff_ffff }

  /// `x` with other upper bits.
  @inline(__always)
  static func with(high: Int32, _ x: Double) -> Double {
    Double(bitPattern: UInt64(UInt32(bitPattern: high)) << 32 | x.bitPattern & 0xffff_ffff)
  }

  /// `x` without its lower 32 bits: products of two such are exact.
  @inline(__always)
  static func short(_ x: Double) -> Double {
    Double(bitPattern: x.bitPattern & 0xffff_ffff_0000_0000)
  }

  /// `x` times a power of two that keeps it normal.
  @inline(__always)
  static func scaled(_ x: Double, _ power: Int32) -> Double {
    with(high: high(x) &+ power &<< 20, x)
  }

  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10
  private static let inverseLn2 = 1.44269504088896338700

  /// The polynomial behind `exp` on [-ln 2 / 2, ln 2 / 2], in the square of the argument.
  @inline(__always)
  static func exponentTail(_ t: Double) -> Double {
    var p = 4.13813679705723846039e-08
    p = -1.65339022054652515390e-06 + t * p
    p = 6.61375632143793436117e-05 + t * p
    p = -2.77777777770155933842e-03 + t * p
    return t * (1.66666666666666019037e-01 + t * p)
  }

  static func exp(_ argument: Double) -> Double {
    var x = argument
    let size = magnitude(x)
    if size >= 0x4086_2e42 {
      if x.isNaN { return x }
      if x.isInfinite { return x > 0 ? x : 0 }
      if x > 7.09782712893383973096e+02 { return .infinity }
      if x < -7.45133219101941108420e+02 { return 0 }
    }
    var (upper, lower, power) = (0.0, 0.0, Int32(0))
    if size > 0x3fd6_2e42 {
      let sign: Int32 = x < 0 ? -1 : 1
      power =
        size < 0x3ff0_a2b2 ? sign : Int32(inverseLn2 * x + (x < 0 ? -0.5 : 0.5))
      upper = x - Double(power) * ln2High
      lower = Double(power) * ln2Low
      x = upper - lower
    } else if size < 0x3e30_0000 {
      return 1 + x
    }
    let c = x - exponentTail(x * x)
    if power == 0 { return 1 - ((x * c) / (c - 2) - x) }
    let y = 1 - ((lower - (x * c) / (2 - c)) - upper)
    // What falls below the normal numbers is rounded once, by the last product.
    return power >= -1021 ? scaled(y, power) : scaled(y, power + 1000) * 0x1p-1000
  }

  /// `exp(x) - 1`, exact near 0.
  static func expm1(_ argument: Double) -> Double {
    var x = argument
    let size = magnitude(x)
    if size >= 0x4043_687a {
      if x.isNaN { return x }
      if x > 7.09782712893383973096e+02 { return .infinity }
      if x < 0 { return -1 }
    }
    var (power, correction) = (Int32(0), 0.0)
    if size > 0x3fd6_2e42 {
      let sign: Int32 = x < 0 ? -1 : 1
      power = size < 0x3ff0_a2b2 ? sign : Int32(inverseLn2 * x + (x < 0 ? -0.5 : 0.5))
      let upper = x - Double(power) * ln2High
      let lower = Double(power) * ln2Low
      x = upper - lower
      correction = (upper - x) - lower
    } else if size < 0x3c90_0000 {
      return x
    }
    let half = 0.5 * x
    let square = x * half
    var p = -2.01099218183624371326e-07
    p = 4.00821782732936239552e-06 + square * p
    p = -7.93650757867487942473e-05 + square * p
    p = 1.58730158725481460165e-03 + square * p
    p = -3.33333333333331316428e-02 + square * p
    let r = 1 + square * p
    let t = 3 - r * half
    var e = square * ((r - t) / (6 - x * t))
    if power == 0 { return x - (x * e - square) }
    e = (x * (e - correction) - correction) - square
    if power == -1 { return 0.5 * (x - e) - 0.5 }
    if power == 1 { return x < -0.25 ? -2 * (e - (x + 0.5)) : 1 + 2 * (x - e) }
    if power <= -2 || power > 56 { return scaled(1 - (e - x), power) - 1 }
    let unit = with(high: (0x3ff &- power) &<< 20, 0)
    return power < 20
      ? scaled((1 - unit) - (e - x), power) : scaled((x - (e + unit)) + 1, power)
  }

  /// Brings what a logarithm is taken of into the normal range: its exponent and its upper bits; or
  /// gives the logarithm where there is nothing to compute.
  @inline(__always)
  private static func normalize(
    _ x: inout Double, _ power: inout Int32, _ size: inout Int32
  ) -> Double? {
    if size < 0x0010_0000 {
      if x == 0 { return -.infinity }
      if x < 0 { return .nan }
      power = -54
      x *= 0x1p54
      size = high(x)
    }
    if size >= 0x7ff0_0000 { return x }
    power += (size >> 20) - 1023
    return nil
  }

  static func log(_ argument: Double) -> Double {
    var (x, power, size) = (argument, Int32(0), high(argument))
    if let known = normalize(&x, &power, &size) { return known }
    size &= 0x000f_ffff
    // The fraction is brought to lie around 1, from the root of a half to the root of 2.
    let carry = (size &+ 0x95f64) & 0x10_0000
    x = with(high: size | (carry ^ 0x3ff0_0000), x)
    let n = Double(power + carry >> 20)
    let f = x - 1
    if 0x000f_ffff & (2 &+ size) < 3 {
      if f == 0 { return n == 0 ? 0 : n * ln2High + n * ln2Low }
      let r = f * f * (0.5 - 0.33333333333333333 * f)
      return n == 0 ? f - r : n * ln2High - ((r - n * ln2Low) - f)
    }
    let s = f / (2 + f)
    let z = s * s
    let w = z * z
    let even =
      w
      * (3.999999999940941908e-01
        + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    let odd =
      z
      * (6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01
          + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))
    let r = odd + even
    if (size &- 0x6147a) | (0x6b851 &- size) > 0 {
      let half = 0.5 * f * f
      return n == 0
        ? f - (half - s * (half + r)) : n * ln2High - ((half - (s * (half + r) + n * ln2Low)) - f)
    }
    return n == 0 ? f - s * (f - r) : n * ln2High - ((s * (f - r) - n * ln2Low) - f)
  }

  static func log10(_ argument: Double) -> Double {
    var (x, power, size) = (argument, Int32(0), high(argument))
    if let known = normalize(&x, &power, &size) { return known }
    let isBelowOne: Int32 = power < 0 ? 1 : 0
    let y = Double(power + isBelowOne)
    x = with(high: size & 0x000f_ffff | (0x3ff - isBelowOne) << 20, x)
    let z = y * 3.69423907715893078616e-13 + 4.34294481903251816668e-01 * log(x)
    return z + y * 3.01029995663611771306e-01
  }

  static func cosh(_ x: Double) -> Double {
    let size = magnitude(x)
    if size >= 0x7ff0_0000 { return x * x }
    let y = abs(x)
    if size < 0x3fd6_2e43 {
      let t = expm1(y)
      let w = 1 + t
      return size < 0x3c80_0000 ? w : 1 + (t * t) / (w + w)
    }
    if size < 0x4036_0000 {
      let t = exp(y)
      return 0.5 * t + 0.5 / t
    }
    return large(y, 0.5)
  }

  static func sinh(_ x: Double) -> Double {
    let size = magnitude(x)
    if size >= 0x7ff0_0000 { return x + x }
    let half = x < 0 ? -0.5 : 0.5
    let y = abs(x)
    if size < 0x4036_0000 {
      if size < 0x3e30_0000 { return x }
      let t = expm1(y)
      return size < 0x3ff0_0000 ? half * (2 * t - t * t / (t + 1)) : half * (t + t / (t + 1))
    }
    return large(y, half)
  }

  /// Half of e to a power beyond 22, which is all that the hyperbolic functions are there.
  private static func large(_ y: Double, _ half: Double) -> Double {
    if magnitude(y) < 0x4086_2e42 { return half * exp(y) }
    if y > 7.10475860073943863426e+02 { return half * .infinity }
    let w = exp(0.5 * y)
    return (half * w) * w
  }

  static func tanh(_ x: Double) -> Double {
    let size = magnitude(x)
    if x.isNaN { return x }
    var z = 1.0
    if size < 0x4036_0000 {
      if size < 0x3c80_0000 { return x * (1 + x) }
      if size >= 0x3ff0_0000 {
        z = 1 - 2 / (expm1(2 * abs(x)) + 2)
      } else {
        let t = expm1(-2 * abs(x))
        z = -t / (t + 2)
      }
    }
    return x < 0 ? -z : z
  }
}
