extension StrictMath {
  private static let halfPi = 1.57079632679489655800
  private static let halfPiRest = 6.12323399573676603587e-17
  private static let quarterPi = 7.85398163397448278999e-01

  /// What the arc sine adds to its argument, relative to it, from the argument's square.
  @inline(__always)
  private static func arcTail(_ t: Double) -> Double {
    var p = 3.47933107596021167570e-05
    p = 7.91534994289814532176e-04 + t * p
    p = -4.00555345006794114027e-02 + t * p
    p = 2.01212532134862925881e-01 + t * p
    p = -3.25565818622400915405e-01 + t * p
    p = t * (1.66666666666666657415e-01 + t * p)
    var q = 7.70381505559019352791e-02
    q = -6.88283971605453293030e-01 + t * q
    q = 2.02094576023350569471 + t * q
    q = -2.40339491173441421878 + t * q
    return p / (1 + t * q)
  }

  static func asin(_ x: Double) -> Double {
    let y = abs(x)
    if y == 1 { return x * halfPi + x * halfPiRest }
    guard y < 1 else { return .nan }
    if y < 0.5 {
      return magnitude(x) < 0x3e40_0000 ? x : x + x * arcTail(x * x)
    }
    let t = (1 - y) * 0.5
    let ratio = arcTail(t)
    let s = t.squareRoot()
    var result: Double
    if magnitude(x) >= 0x3fef_3333 {
      result = halfPi - (2 * (s + s * ratio) - halfPiRest)
    } else {
      let w = short(s)
      let c = (t - w * w) / (s + w)
      let p = 2 * s * ratio - (halfPiRest - 2 * c)
      result = quarterPi - (p - (quarterPi - 2 * w))
    }
    return x > 0 ? result : -result
  }

  static func acos(_ x: Double) -> Double {
    if x == 1 { return 0 }
    if x == -1 { return .pi + 2 * halfPiRest }
    guard abs(x) < 1 else { return .nan }
    if abs(x) < 0.5 {
      if magnitude(x) <= 0x3c60_0000 { return halfPi + halfPiRest }
      return halfPi - (x - (halfPiRest - x * arcTail(x * x)))
    }
    if x < 0 {
      let z = (1 + x) * 0.5
      let s = z.squareRoot()
      return .pi - 2 * (s + (arcTail(z) * s - halfPiRest))
    }
    let z = (1 - x) * 0.5
    let s = z.squareRoot()
    let upper = short(s)
    let c = (z - upper * upper) / (s + upper)
    return 2 * (upper + (arcTail(z) * s + c))
  }

  static func atan(_ argument: Double) -> Double {
    let size = magnitude(argument)
    if argument.isNaN { return argument }
    if size >= 0x4410_0000 { return argument > 0 ? halfPi + halfPiRest : -halfPi - halfPiRest }
    if size < 0x3fdc_0000 {
      return size < 0x3e20_0000 ? argument : argument - argument * arcTangentTail(argument)
    }
    // The angle is measured from that of 1/2, 1, 3/2 or infinity.
    let x = abs(argument)
    let (angle, rest, t): (Double, Double, Double)
    if size < 0x3fe6_0000 {
      (angle, rest) = (4.63647609000806093515e-01, 2.26987774529616870924e-17)
      t = (2 * x - 1) / (2 + x)
    } else if size < 0x3ff3_0000 {
      (angle, rest, t) = (quarterPi, 3.06161699786838301793e-17, (x - 1) / (x + 1))
    } else if size < 0x4003_8000 {
      (angle, rest) = (9.82793723247329054082e-01, 1.39033110312309984516e-17)
      t = (x - 1.5) / (1 + 1.5 * x)
    } else {
      (angle, rest, t) = (halfPi, halfPiRest, -1 / x)
    }
    let result = angle - ((t * arcTangentTail(t) - rest) - t)
    return argument < 0 ? -result : result
  }

  /// How far the arc tangent of a small number lags behind it, relative to it.
  @inline(__always)
  private static func arcTangentTail(_ x: Double) -> Double {
    let z = x * x
    let w = z * z
    var odd = 1.62858201153657823623e-02
    odd = 4.97687799461593236017e-02 + w * odd
    odd = 6.66107313738753120669e-02 + w * odd
    odd = 9.09088713343650656196e-02 + w * odd
    odd = 1.42857142725034663711e-01 + w * odd
    odd = z * (3.33333333333329318027e-01 + w * odd)
    var even = -3.65315727442169155270e-02
    even = -5.83357013379057348645e-02 + w * even
    even = -7.69187620504482999495e-02 + w * even
    even = -1.11111104054623557880e-01 + w * even
    even = w * (-1.99999999998764832476e-01 + w * even)
    return odd + even
  }

  static func atan2(_ y: Double, _ x: Double) -> Double {
    if x.isNaN || y.isNaN { return .nan }
    if x == 1 { return atan(y) }
    let isLeft = x.sign == .minus
    func signed(_ angle: Double) -> Double { y.sign == .minus ? -angle : angle }
    if y == 0 { return isLeft ? signed(.pi) : y }
    if x == 0 { return signed(halfPi) }
    if x.isInfinite {
      if y.isInfinite { return signed(isLeft ? 3 * quarterPi : quarterPi) }
      return signed(isLeft ? .pi : 0)
    }
    if y.isInfinite { return signed(halfPi) }
    let piRest = 1.2246467991473531772e-16
    let difference = (magnitude(y) - magnitude(x)) >> 20
    let angle: Double
    if difference > 60 {
      angle = halfPi + 0.5 * piRest
    } else if isLeft, difference < -60 {
      angle = 0
    } else {
      angle = atan(abs(y / x))
    }
    if !isLeft { return signed(angle) }
    return y.sign == .minus ? (angle - piRest) - .pi : .pi - (angle - piRest)
  }
}
