import Columns
import Glibc

/// Walks over one JSON text, value by value, and writes values anew as Jackson does. Strings may
/// stand in single quotes and hold control characters.
struct JSONCursor {
  /// The text is no JSON.
  struct Malformed: Error {}

  private let text: UnsafeBufferPointer<UInt8>
  private(set) var at = 0
  private static let nesting = 1000

  init(_ text: Bytes) { self.text = text.octets }

  /// The next byte that is no blank; 0 at the end.
  mutating func peek() -> UInt8 {
    while at < text.count {
      switch text[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      case let byte: return byte
      }
    }
    return 0
  }

  mutating func take(_ byte: UInt8) -> Bool {
    if peek() != byte || at >= text.count { return false }
    at += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws { if !take(byte) { throw Malformed() } }

  /// Whether nothing but blanks is left.
  mutating func isAtEnd() -> Bool {
    _ = peek()
    return at >= text.count
  }

  /// Calls `body` at the value of each field of the object here; it must pass over the value.
  mutating func forEachField(_ body: (inout JSONCursor, [UInt8]) throws -> Void) throws {
    try expect(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return }
    repeat {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      try body(&self, name)
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Calls `body` at each element of the array here; it must pass over the element.
  mutating func forEachElement(_ body: (inout JSONCursor) throws -> Void) throws {
    try expect(UInt8(ascii: "["))
    if take(UInt8(ascii: "]")) { return }
    repeat { try body(&self) } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  /// Passes over a value.
  mutating func skip() throws {
    var ignored: [UInt8] = []
    try copy(to: &ignored, depth: 0)
  }

  /// Appends the value here as Jackson writes it, and passes over it.
  mutating func copy(to out: inout [UInt8]) throws { try copy(to: &out, depth: 0) }

  private mutating func copy(to out: inout [UInt8], depth: Int) throws {
    if depth > Self.nesting { throw Malformed() }
    switch peek() {
    case UInt8(ascii: "{"):
      out.append(UInt8(ascii: "{"))
      var isFirst = true
      try forEachField { cursor, name in
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        JSONText.appendStringInHalves(name, to: &out)
        out.append(UInt8(ascii: ":"))
        try cursor.copy(to: &out, depth: depth + 1)
      }
      out.append(UInt8(ascii: "}"))
    case UInt8(ascii: "["):
      out.append(UInt8(ascii: "["))
      var isFirst = true
      try forEachElement { cursor in
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        try cursor.copy(to: &out, depth: depth + 1)
      }
      out.append(UInt8(ascii: "]"))
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      JSONText.appendStringInHalves(try string(keepsHalves: true), to: &out)
    case UInt8(ascii: "t"): try word("true", to: &out)
    case UInt8(ascii: "f"): try word("false", to: &out)
    case UInt8(ascii: "n"): try word("null", to: &out)
    default: try number(to: &out)
    }
  }

  private mutating func word(_ word: String, to out: inout [UInt8]) throws {
    for byte in word.utf8 {
      guard at < text.count, text[at] == byte else { throw Malformed() }
      at += 1
    }
    out += word.utf8
  }

  private mutating func number(to out: inout [UInt8]) throws {
    let start = at
    func digits() -> Int {
      let first = at
      while at < text.count, text[at] &- 48 < 10 { at += 1 }
      return at - first
    }
    if at < text.count, text[at] == UInt8(ascii: "-") { at += 1 }
    let whole = at
    let count = digits()
    if count == 0 || (count > 1 && text[whole] == 48) { throw Malformed() }
    var isFraction = false
    if at < text.count, text[at] == UInt8(ascii: ".") {
      at += 1
      isFraction = true
      if digits() == 0 { throw Malformed() }
    }
    if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      isFraction = true
      if at < text.count, text[at] == 43 || text[at] == 45 { at += 1 }
      if digits() == 0 { throw Malformed() }
    }
    let number = UnsafeBufferPointer(rebasing: text[start..<at])
    if isFraction {
      let value = strtod(String(decoding: number, as: UTF8.self), nil)
      if value.isInfinite { out.append(UInt8(ascii: "\"")) }
      FloatingPointText.append(value, to: &out)
      if value.isInfinite { out.append(UInt8(ascii: "\"")) }
    } else {
      // An integer has no negative zero.
      let isZero = number.count == 2 && number[0] == 45 && number[1] == 48
      out.append(contentsOf: isZero ? number.dropFirst() : number[...])
    }
  }

  /// The string here without its quotes and escapes. Half of a surrogate pair alone is a question
  /// mark, as in Java's UTF-8, or is kept as three bytes.
  mutating func string(keepsHalves: Bool = false) throws -> [UInt8] {
    let quote = peek()
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw Malformed() }
    at += 1
    var out: [UInt8] = []
    while at < text.count {
      let byte = text[at]
      at += 1
      if byte == quote { return out }
      if byte != UInt8(ascii: "\\") {
        out.append(byte)
        continue
      }
      guard at < text.count else { break }
      let escape = text[at]
      at += 1
      switch escape {
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"):
        out.append(escape)
      case UInt8(ascii: "u"): try unicode(keepsHalf: keepsHalves, to: &out)
      default: throw Malformed()
      }
    }
    throw Malformed()
  }

  private mutating func hexUnit() throws -> UInt32 {
    guard at + 4 <= text.count,
      let unit = UInt32(String(decoding: text[at..<(at + 4)], as: UTF8.self), radix: 16)
    else { throw Malformed() }
    at += 4
    return unit
  }

  private mutating func unicode(keepsHalf: Bool, to out: inout [UInt8]) throws {
    var value = try hexUnit()
    if value >> 10 == 0x36, at + 1 < text.count, text[at] == UInt8(ascii: "\\"),
      text[at + 1] == UInt8(ascii: "u")
    {
      let before = at
      at += 2
      let low = try hexUnit()
      if low >> 10 == 0x37 {
        value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
      } else {
        at = before
      }
    }
    if keepsHalf, Unicode.Scalar(value) == nil {
      out += [0xED, 0x80 | UInt8(value >> 6 & 0x3F), 0x80 | UInt8(value & 0x3F)]
    } else if let encoded = UTF8.encode(Unicode.Scalar(value) ?? "?") {
      out.append(contentsOf: encoded)
    }
  }
}
