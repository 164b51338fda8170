import CSystem
import Columns
import Glibc

/// Characters of UTF-8 text: where they begin, how many there are. Malformed bytes count as
/// characters of their own, so that no position is ever out of the text.
enum Characters {
  /// Whether all bytes are ASCII, so that bytes are characters.
  @inline(__always)
  static func isASCII(_ text: Bytes) -> Bool { UTF8Text.isASCII(text.octets) }

  @inline(__always)
  static func count(_ text: Bytes) -> Int { UTF8Text.characterCount(text.octets) }

  /// The byte at which character `index` begins, counted from byte `start`; the end when there are
  /// fewer.
  @inline(__always)
  static func offset(_ text: Bytes, _ index: Int, from start: Int = 0) -> Int {
    var (at, left) = (start, index)
    while left > 0, at < text.count {
      at &+= UTF8Text.announcedLength(text[at])
      left &-= 1
    }
    return min(at, text.count)
  }

  /// The bytes of characters `from`..<`to`, both of which may lie outside the text.
  @inline(__always)
  static func range(_ text: Bytes, _ from: Int, _ to: Int) -> Range<Int> {
    if to <= from || to <= 0 || from >= text.count { return 0..<0 }
    if isASCII(text) {
      return max(from, 0)..<min(to, text.count)
    }
    let start = offset(text, max(from, 0))
    return start..<offset(text, to &- max(from, 0), from: start)
  }

  /// The bytes that SQL's SUBSTRING gives: positions from 1, negative ones from the end.
  @inline(__always)
  static func substring(_ text: Bytes, position: Int, length: Int) -> Range<Int> {
    UTF8Text.substringRange(text.octets, position: position, length: length)
  }

  /// The first place of `needle` at or behind byte `start`.
  @inline(__always)
  static func find(_ needle: Bytes, in text: Bytes, from start: Int = 0) -> Int? {
    if needle.isEmpty { return start <= text.count ? start : nil }
    guard text.count &- start >= needle.count, let base = text.baseAddress,
      let wanted = needle.baseAddress
    else { return nil }
    guard let found = moontide_find(base + start, text.count &- start, wanted, needle.count) else {
      return nil
    }
    return found - base
  }

  @inline(__always)
  static func equal(_ a: Bytes, _ b: Bytes) -> Bool {
    guard a.count == b.count else { return false }
    guard let x = a.baseAddress, let y = b.baseAddress else { return true }
    return memcmp(x, y, a.count) == 0
  }

  @inline(__always)
  static func slice(_ text: Bytes, _ range: Range<Int>) -> Bytes {
    Bytes(rebasing: text[range])
  }

  /// The scalars of a text.
  static func scalars(_ text: Bytes) -> [Unicode.Scalar] {
    Array(String(decoding: text, as: UTF8.self).unicodeScalars)
  }
}

extension TextWriter {
  @inline(__always)
  mutating func append(_ scalar: Unicode.Scalar) { append(contentsOf: UTF8.encode(scalar)) }

  private mutating func append(contentsOf encoded: UTF8.EncodedScalar?) {
    if let encoded { bytes.append(contentsOf: encoded) }
  }
}
