import Columns
import Glibc

/// A growing piece of memory in which escaped strings are written out. One owner at a time.
final class JSONScratch {
  private var bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
  private var capacity = 256
  private(set) var count = 0
  private let allowsAnyEscape: Bool
  private let allowsApostrophe: Bool

  init(_ options: JSONReadOptions) {
    allowsAnyEscape = options.allowBackslashEscapingAnyCharacter
    allowsApostrophe = options.allowSingleQuotes
  }

  deinit { bytes.deallocate() }

  /// What was written since `clear`; valid until the next call.
  var content: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  func clear() { count = 0 }

  func append(_ byte: UInt8) {
    if count == capacity { grow(to: count + 1) }
    bytes[count] = byte
    count += 1
  }

  func append(_ source: UnsafeBufferPointer<UInt8>) {
    guard let base = source.baseAddress, source.count > 0 else { return }
    if count + source.count > capacity { grow(to: count + source.count) }
    memcpy(bytes + count, base, source.count)
    count += source.count
  }

  private func grow(to wanted: Int) {
    let wider = max(capacity * 2, wanted)
    let new = UnsafeMutablePointer<UInt8>.allocate(capacity: wider)
    memcpy(new, bytes, count)
    bytes.deallocate()
    bytes = new
    capacity = wider
  }

  /// The text of a string with escapes; nil where an escape is malformed.
  func unescape(_ source: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
    clear()
    guard let base = source.baseAddress else { return content }
    var at = 0
    while at < source.count {
      let rest = source.count - at
      let found = memchr(base + at, Int32(Ascii.backslash), rest)
      let plain =
        found.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) - (base + at) } ?? rest
      append(UnsafeBufferPointer(start: base + at, count: plain))
      at += plain
      if at == source.count { break }
      guard let length = escape(base + at, source.count - at) else { return nil }
      at += length
    }
    return content
  }

  /// Writes out the escape at `text` and returns its length; nil where it is malformed.
  func escape(_ text: UnsafePointer<UInt8>, _ available: Int) -> Int? {
    guard available >= 2 else { return nil }
    switch text[1] {
    case Ascii.quote, Ascii.backslash, UInt8(ascii: "/"): append(text[1])
    case UInt8(ascii: "b"): append(0x08)
    case UInt8(ascii: "f"): append(0x0C)
    case UInt8(ascii: "n"): append(0x0A)
    case UInt8(ascii: "r"): append(0x0D)
    case UInt8(ascii: "t"): append(0x09)
    case UInt8(ascii: "u"): return unicode(text, available)
    case Ascii.apostrophe where allowsApostrophe: append(Ascii.apostrophe)
    default:
      guard allowsAnyEscape, text[1] < 0x80 else { return nil }
      append(text[1])
    }
    return 2
  }

  private func unicode(_ text: UnsafePointer<UInt8>, _ available: Int) -> Int? {
    guard available >= 6, let unit = Self.hex(text + 2) else { return nil }
    if unit & 0xF800 != 0xD800 {
      append(scalar: unit)
      return 6
    }
    // A surrogate without its other half becomes a question mark, as in Java's encoder.
    if unit < 0xDC00, available >= 12, text[6] == Ascii.backslash, text[7] == UInt8(ascii: "u"),
      let low = Self.hex(text + 8), low & 0xFC00 == 0xDC00
    {
      append(scalar: 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF))
      return 12
    }
    append(UInt8(ascii: "?"))
    return 6
  }

  func append(scalar: UInt32) {
    func tail(_ shift: UInt32) -> UInt8 {
      UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3F))
    }
    switch scalar {
    case ..<0x80: append(UInt8(truncatingIfNeeded: scalar))
    case ..<0x800:
      append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
      append(tail(0))
    case ..<0x10000:
      append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
      append(tail(6))
      append(tail(0))
    default:
      append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
      append(tail(12))
      append(tail(6))
      append(tail(0))
    }
  }

  private static func hex(_ text: UnsafePointer<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      let byte = text[index]
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
