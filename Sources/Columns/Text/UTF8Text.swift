/// Characters, case and widths over UTF-8 bytes. A character is a Unicode scalar, as in Spark;
/// bytes that are no UTF-8 count one by one where they must be counted at all.
public enum UTF8Text {
  /// Every byte is below 128.
  @inlinable
  public static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return true }
    var position = 0
    let count = bytes.count
    var seen: UInt64 = 0
    while position &+ 8 <= count {
      seen |= base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      position &+= 8
    }
    while position < count {
      seen |= UInt64(bytes[position])
      position &+= 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }

  /// The bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
  public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if isASCII(bytes) { return true }
    var position = 0
    while position < bytes.count {
      let length = validLength(bytes, at: position)
      if length == 0 { return false }
      position += length
    }
    return true
  }

  /// How long the well-formed character at `position` is; 0: there is none.
  @inlinable
  public static func validLength(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
    let first = bytes[position]
    if first < 0x80 { return 1 }
    func follows(_ offset: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xBF) -> Bool {
      let index = position &+ offset
      return index < bytes.count && bytes[index] >= low && bytes[index] <= high
    }
    switch first {
    case 0xC2...0xDF: return follows(1) ? 2 : 0
    case 0xE0: return follows(1, 0xA0) && follows(2) ? 3 : 0
    case 0xED: return follows(1, 0x80, 0x9F) && follows(2) ? 3 : 0
    case 0xE1...0xEF: return follows(1) && follows(2) ? 3 : 0
    case 0xF0: return follows(1, 0x90) && follows(2) && follows(3) ? 4 : 0
    case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
    case 0xF4: return follows(1, 0x80, 0x8F) && follows(2) && follows(3) ? 4 : 0
    default: return 0
    }
  }

  /// How many bytes at `position`, where no character is well-formed, one U+FFFD stands for: as
  /// many as some character begins with, as Java's decoder counts them.
  static func malformedLength(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
    func byte(_ offset: Int) -> UInt8 {
      position + offset < bytes.count ? bytes[position + offset] : 0
    }
    let continues = byte(1) & 0xC0 == 0x80
    let isThird = byte(2) & 0xC0 == 0x80
    switch bytes[position] {
    case 0xE0: return byte(1) >= 0xA0 && continues ? 2 : 1
    case 0xED: return byte(1) < 0xA0 && continues ? 2 : 1
    case 0xE1...0xEF: return continues ? 2 : 1
    case 0xF0: return byte(1) >= 0x90 && continues ? (isThird ? 3 : 2) : 1
    case 0xF1...0xF3: return continues ? (isThird ? 3 : 2) : 1
    case 0xF4: return byte(1) < 0x90 && continues ? (isThird ? 3 : 2) : 1
    default: return 1
    }
  }

  /// The length that a first byte announces, 1 for a byte that announces nothing.
  @inlinable
  public static func announcedLength(_ first: UInt8) -> Int {
    first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
  }

  /// How many characters there are: bytes that continue none.
  @inlinable
  public static func characterCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes { count &+= Int(truncatingIfNeeded: (~byte &>> 7 | byte &>> 6) & 1) }
    return count
  }

  /// The byte at which character number `index` begins; the end if there are fewer.
  @inlinable
  public static func byteOffset(
    ofCharacter index: Int, in bytes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    var position = 0
    var left = index
    while left > 0, position < bytes.count {
      position &+= announcedLength(bytes[position])
      left &-= 1
    }
    return min(position, bytes.count)
  }

  /// The characters from `start` (0 = the first) on, `count` of them, as a range of bytes.
  public static func byteRange(
    ofCharacters start: Int, count: Int, in bytes: UnsafeBufferPointer<UInt8>
  ) -> Range<Int> {
    if isASCII(bytes) {
      let low = min(max(start, 0), bytes.count)
      return low..<(low + min(max(count, 0), bytes.count - low))
    }
    let low = byteOffset(ofCharacter: max(start, 0), in: bytes)
    let rest = UnsafeBufferPointer(rebasing: bytes[low...])
    return low..<(low + byteOffset(ofCharacter: max(count, 0), in: rest))
  }

  /// Spark's `substring(text, position, length)`: positions count from 1, from the end where
  /// negative; 0 is as 1. The answer is a range of bytes.
  public static func substringRange(
    _ bytes: UnsafeBufferPointer<UInt8>, position: Int, length: Int
  ) -> Range<Int> {
    // As Spark, the length is counted from where a negative position points, before the text too.
    let total = position < 0 ? characterCount(bytes) : 0
    let start = position > 0 ? position - 1 : position < 0 ? total + position : 0
    let (end, overflow) = start.addingReportingOverflow(length)
    let low = max(start, 0)
    return byteRange(ofCharacters: low, count: (overflow ? Int.max : end) - low, in: bytes)
  }

  /// Columns on a terminal, by Spark's `stringHalfWidth`: the wide blocks count two.
  public static func displayWidth(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    if isASCII(bytes) { return bytes.count }
    var width = 0
    for scalar in Scalars(bytes) {
      // Java counts UTF-16 units, so a scalar beyond them counts two.
      width += scalar.value > 0xFFFF || isWide(scalar.value) ? 2 : 1
    }
    return width
  }

  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6:
      true
    default: false
    }
  }

  /// The scalars of the bytes, U+FFFD for what is no UTF-8.
  struct Scalars: Sequence, IteratorProtocol {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func next() -> Unicode.Scalar? {
      guard position < bytes.count else { return nil }
      let length = UTF8Text.validLength(bytes, at: position)
      guard length > 0 else {
        position += UTF8Text.malformedLength(bytes, at: position)
        return "\u{FFFD}"
      }
      var value = UInt32(bytes[position])
      if length > 1 {
        value &= 0xFF >> UInt32(length + 1)
        for offset in 1..<length { value = value << 6 | UInt32(bytes[position + offset] & 0x3F) }
      }
      position += length
      return Unicode.Scalar(value) ?? "\u{FFFD}"
    }
  }
}
