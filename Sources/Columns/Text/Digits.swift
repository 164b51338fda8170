/// Decimal digits appended to bytes.
public enum Digits {
  /// Two digits, 0…99.
  @inlinable
  public static func appendPair(_ value: Int, to bytes: inout [UInt8]) {
    let tens = value / 10
    bytes.append(UInt8(truncatingIfNeeded: 48 &+ tens))
    bytes.append(UInt8(truncatingIfNeeded: 48 &+ value &- tens &* 10))
  }

  /// Exactly `width` digits, zeros in front.
  @inlinable
  public static func append(_ value: Int, width: Int, to bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<max(width, 1) { divisor &*= 10 }
    var rest = value
    while divisor > 0 {
      let digit = rest / divisor
      bytes.append(UInt8(truncatingIfNeeded: 48 &+ digit))
      rest &-= digit &* divisor
      divisor /= 10
    }
  }

  /// An integer as Java prints it.
  @inlinable
  public static func append(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(0x2D) }
    append(value.magnitude, to: &bytes)
  }

  /// An unsigned integer, no zeros in front.
  @inlinable
  public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    if value < 10 {
      bytes.append(UInt8(truncatingIfNeeded: 48 &+ value))
      return
    }
    // The digits come last first, two at a time, into a word on the stack.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = value
      var start = 20
      while rest >= 100 {
        let quotient = rest / 100
        let pair = rest &- quotient &* 100
        let tens = pair / 10
        start &-= 2
        digits[start] = UInt8(truncatingIfNeeded: 48 &+ tens)
        digits[start &+ 1] = UInt8(truncatingIfNeeded: 48 &+ pair &- tens &* 10)
        rest = quotient
      }
      if rest >= 10 {
        start &-= 2
        digits[start] = UInt8(truncatingIfNeeded: 48 &+ rest / 10)
        digits[start &+ 1] = UInt8(truncatingIfNeeded: 48 &+ rest % 10)
      } else {
        start &-= 1
        digits[start] = UInt8(truncatingIfNeeded: 48 &+ rest)
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
    }
  }
}

/// The blanks that Spark strips before it reads a value: white space and control characters.
public enum Blanks {
  @inlinable
  public static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x7F }

  /// The bytes without the blanks at both ends.
  @inlinable
  public static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var start = 0
    var end = bytes.count
    while start < end, isBlank(bytes[start]) { start &+= 1 }
    while end > start, isBlank(bytes[end &- 1]) { end &-= 1 }
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }
}
