/// Base64 as JSON's BINARY values have it: the standard alphabet, padded, blanks allowed.
enum Base64 {
  enum Decoded {
    case bytes([UInt8])
    case malformed
    /// The text ends behind the first character of a group of four.
    case cutShort
  }

  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Decoded {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text {
      if byte <= 0x20, digits == 0 { continue }
      if byte == UInt8(ascii: "=") {
        padding += 1
        guard digits >= 2, digits + padding <= 4 else { return .malformed }
        continue
      }
      guard padding == 0, let digit = digit(byte) else { return .malformed }
      group = group << 6 | digit
      digits += 1
      if digits == 4 {
        append(group, 3, to: &bytes)
        (group, digits) = (0, 0)
      }
    }
    if digits == 1 { return .cutShort }
    if digits > 1 {
      guard digits + padding == 4 else { return .malformed }
      append(group << (6 * UInt32(padding)), digits - 1, to: &bytes)
    }
    return .bytes(bytes)
  }

  private static func append(_ group: UInt32, _ count: Int, to bytes: inout [UInt8]) {
    for index in 0..<count {
      bytes.append(UInt8(truncatingIfNeeded: group >> (16 - 8 * UInt32(index))))
    }
  }

  private static func digit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x41...0x5A: UInt32(byte) - 0x41
    case 0x61...0x7A: UInt32(byte) - 0x61 + 26
    case 0x30...0x39: UInt32(byte) - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  /// Appends the text of some bytes.
  static func encode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let letters = alphabet.utf8Start
    var at = 0
    while at < bytes.count {
      let count = min(3, bytes.count - at)
      var group = UInt32(bytes[at]) << 16
      if count > 1 { group |= UInt32(bytes[at + 1]) << 8 }
      if count > 2 { group |= UInt32(bytes[at + 2]) }
      for index in 0..<4 {
        text.append(
          index <= count ? letters[Int(group >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
      }
      at += 3
    }
  }
}
