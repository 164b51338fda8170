/// Text → integers, as Spark's ANSI casts: blanks around, a sign, digits, and nothing else.
public enum IntegerText {
  /// nil where malformed or beyond 64 bits.
  @inlinable
  public static func readInt64(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    var start = 0
    var end = bytes.count
    while start < end, Blanks.isBlank(bytes[start]) { start &+= 1 }
    while end > start, Blanks.isBlank(bytes[end &- 1]) { end &-= 1 }
    guard start < end else { return nil }
    let isNegative = bytes[start] == 0x2D
    if isNegative || bytes[start] == 0x2B {
      start &+= 1
      guard start < end else { return nil }
    }
    var value: UInt64 = 0
    // Eighteen digits cannot overflow; a nineteenth and later ones are checked.
    let safeEnd = min(end, start &+ 18)
    while start < safeEnd {
      let digit = UInt64(bytes[start] &- 48)
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ digit
      start &+= 1
    }
    while start < end {
      let digit = UInt64(bytes[start] &- 48)
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      start &+= 1
    }
    if isNegative {
      return value <= UInt64(Int64.max) &+ 1 ? 0 &- Int64(truncatingIfNeeded: value) : nil
    }
    return Int64(exactly: value)
  }

  /// nil where malformed or beyond 32 bits.
  @inlinable
  public static func readInt32(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
    readInt64(bytes).flatMap { Int32(exactly: $0) }
  }

  /// nil where malformed or beyond 16 bits.
  @inlinable
  public static func readInt16(_ bytes: UnsafeBufferPointer<UInt8>) -> Int16? {
    readInt64(bytes).flatMap { Int16(exactly: $0) }
  }

  /// nil where malformed or beyond 8 bits.
  @inlinable
  public static func readInt8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int8? {
    readInt64(bytes).flatMap { Int8(exactly: $0) }
  }
}

/// Text → booleans, as Spark's casts.
public enum BooleanText {
  /// `t`, `true`, `y`, `yes`, `1` and their opposites in any case; nil for anything else.
  public static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool? {
    let text = Blanks.trimmed(bytes)
    func isWord(_ word: StaticString) -> Bool {
      guard text.count == word.utf8CodeUnitCount else { return false }
      for index in 0..<text.count where text[index] | 0x20 != word.utf8Start[index] {
        return false
      }
      return true
    }
    if text.count == 1 {
      switch text[0] {
      case 0x31: return true
      case 0x30: return false
      default: break
      }
    }
    if isWord("true") || isWord("t") || isWord("yes") || isWord("y") { return true }
    if isWord("false") || isWord("f") || isWord("no") || isWord("n") { return false }
    return nil
  }
}
