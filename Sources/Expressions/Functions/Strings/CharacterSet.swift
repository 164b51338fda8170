import Columns
import Contract

/// A character set that `encode` and `decode` know.
enum CharacterSet {
  case utf8, ascii, latin1, utf16, utf16BigEndian, utf16LittleEndian, utf32

  init(_ name: Bytes, function: String) throws {
    switch String(decoding: name, as: UTF8.self).uppercased() {
    case "UTF-8": self = .utf8
    case "US-ASCII": self = .ascii
    case "ISO-8859-1": self = .latin1
    case "UTF-16": self = .utf16
    case "UTF-16BE": self = .utf16BigEndian
    case "UTF-16LE": self = .utf16LittleEndian
    case "UTF-32": self = .utf32
    case let other:
      throw Failure(
        "INVALID_PARAMETER_VALUE.CHARSET",
        "`\(function)` knows no character set `\(other)`",
        hint: "There are UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32.")
    }
  }

  private static func unmappable() -> Failure {
    Failure(
      "MALFORMED_CHARACTER_CODING",
      "a character has no place in the character set, or bytes are "
        + "malformed in it")
  }

  func encode(_ text: Bytes, to out: inout [UInt8]) throws {
    switch self {
    case .utf8:
      if UTF8Text.isValid(text.octets) {
        out.append(contentsOf: text)
      } else {
        out.append(contentsOf: String(decoding: text, as: UTF8.self).utf8)
      }
    case .ascii, .latin1:
      for scalar in Characters.scalars(text) {
        guard scalar.value < (self == .ascii ? 0x80 : 0x100) else { throw Self.unmappable() }
        out.append(UInt8(scalar.value))
      }
    case .utf16, .utf16BigEndian, .utf16LittleEndian:
      if self == .utf16, !text.isEmpty { out += [0xFE, 0xFF] }
      for unit in String(decoding: text, as: UTF8.self).utf16 {
        let (high, low) = (UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit))
        out += self == .utf16LittleEndian ? [low, high] : [high, low]
      }
    case .utf32:
      for scalar in Characters.scalars(text) {
        for shift in [24, 16, 8, 0] {
          out.append(UInt8(truncatingIfNeeded: scalar.value >> UInt32(shift)))
        }
      }
    }
  }

  func decode(_ bytes: Bytes, to out: inout [UInt8]) throws {
    switch self {
    case .utf8:
      guard UTF8Text.isValid(bytes.octets) else { throw Self.unmappable() }
      out.append(contentsOf: bytes)
    case .ascii, .latin1:
      for byte in bytes {
        if self == .ascii, byte >= 0x80 { throw Self.unmappable() }
        out.append(contentsOf: UTF8.encode(Unicode.Scalar(byte)) ?? .init([]))
      }
    case .utf16, .utf16BigEndian, .utf16LittleEndian: try decode16(bytes, to: &out)
    case .utf32:
      guard bytes.count.isMultiple(of: 4) else { throw Self.unmappable() }
      let isLittle = bytes.starts(with: [0xFF, 0xFE, 0, 0])
      let start = isLittle || bytes.starts(with: [0, 0, 0xFE, 0xFF]) ? 4 : 0
      for at in stride(from: start, to: bytes.count, by: 4) {
        let value = (0..<4).reduce(UInt32(0)) {
          $0 << 8 | UInt32(bytes[at + (isLittle ? 3 - $1 : $1)])
        }
        guard value <= 0x10FFFF else { throw Self.unmappable() }
        // Half of a surrogate pair has no UTF-8: a question mark, as Java writes it.
        out.append(contentsOf: UTF8.encode(Unicode.Scalar(value) ?? "?") ?? .init([]))
      }
    }
  }

  private func decode16(_ bytes: Bytes, to out: inout [UInt8]) throws {
    guard bytes.count.isMultiple(of: 2) else { throw Self.unmappable() }
    var isLittle = self == .utf16LittleEndian
    var start = 0
    if self == .utf16, bytes.count >= 2 {
      if bytes[0] == 0xFE, bytes[1] == 0xFF { start = 2 }
      if bytes[0] == 0xFF, bytes[1] == 0xFE { (start, isLittle) = (2, true) }
    }
    var units: [UInt16] = []
    for at in stride(from: start, to: bytes.count, by: 2) {
      let (first, second) = (UInt16(bytes[at]), UInt16(bytes[at + 1]))
      units.append(isLittle ? second << 8 | first : first << 8 | second)
    }
    guard let text = String(validating: units, as: UTF16.self) else { throw Self.unmappable() }
    out.append(contentsOf: text.utf8)
  }
}
