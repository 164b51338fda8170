/// Base 32 in the alphabet of RFC 4648.
enum Base32 {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  /// Appends the bytes in base 32, filled up to whole groups of eight letters.
  static func append(_ bytes: Bytes, to out: inout [UInt8]) {
    var (word, bits): (UInt32, Int) = (0, 0)
    let start = out.count
    for byte in bytes {
      word = (word << 8 | UInt32(byte)) & 0xFFFF
      bits += 8
      while bits >= 5 {
        bits -= 5
        out.append(letters[Int(word >> UInt32(bits) & 31)])
      }
    }
    if bits > 0 { out.append(letters[Int(word << UInt32(5 - bits) & 31)]) }
    while !(out.count - start).isMultiple(of: 8) { out.append(UInt8(ascii: "=")) }
  }

  /// Appends the bytes of a text in base 32 up to its first `=`. Letters may be of either case;
  /// what is not in the alphabet is passed over, and so are bits that fill no byte. Only a group
  /// of one letter gives a byte, filled up from the letters before it: so does the library that
  /// Spark uses.
  static func appendDecoded(_ text: Bytes, to out: inout [UInt8]) {
    var (word, bits, count): (UInt32, Int, Int) = (0, 0, 0)
    for byte in text.prefix(while: { $0 != UInt8(ascii: "=") }) {
      let value: UInt8
      switch byte {
      case 65...90: value = byte - 65
      case 97...122: value = byte - 97
      case 50...55: value = byte - 24
      default: continue
      }
      word = (word << 5 | UInt32(value)) & 0xFFFF
      bits += 5
      count += 1
      if bits >= 8 {
        bits -= 8
        out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    if count % 8 == 1 { out.append(UInt8(truncatingIfNeeded: word >> 2)) }
  }
}

/// Hexadecimal digits.
enum Hexadecimal {
  static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  /// Appends the bytes of a text in hexadecimal; the first digit of an odd number of them is a byte
  /// of its own. False when it is malformed.
  static func appendDecoded(_ text: Bytes, to out: inout [UInt8]) -> Bool {
    var high: UInt8? = text.count.isMultiple(of: 2) ? nil : 0
    for byte in text {
      guard let digit = value(byte) else { return false }
      if let upper = high {
        out.append(upper << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return true
  }
}
