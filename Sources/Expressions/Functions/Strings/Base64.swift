/// Base 64 in MIME's alphabet.
enum Base64 {
  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  /// Appends the bytes in base 64, in lines of 76 letters.
  static func append(_ bytes: Bytes, to out: inout [UInt8]) {
    out.reserveCapacity(out.count + (bytes.count + 2) / 3 * 4)
    var at = 0
    while at < bytes.count {
      if at > 0, at % 57 == 0 { out += [0x0D, 0x0A] }
      let left = bytes.count - at
      let word =
        UInt32(bytes[at]) << 16 | (left > 1 ? UInt32(bytes[at + 1]) << 8 : 0)
        | (left > 2 ? UInt32(bytes[at + 2]) : 0)
      out.append(letters[Int(word >> 18)])
      out.append(letters[Int(word >> 12 & 63)])
      out.append(left > 1 ? letters[Int(word >> 6 & 63)] : UInt8(ascii: "="))
      out.append(left > 2 ? letters[Int(word & 63)] : UInt8(ascii: "="))
      at += 3
    }
  }

  /// Appends the bytes of a text in base 64; letters outside the alphabet are passed over. False
  /// when the text is malformed.
  static func appendDecoded(_ text: Bytes, to out: inout [UInt8]) -> Bool {
    var (word, count): (UInt32, Int) = (0, 0)
    var padding = 0
    for byte in text {
      if byte == UInt8(ascii: "=") {
        if count < 2, padding == 0 { return false }
        padding += 1
        continue
      }
      let value = values[Int(byte)]
      if value == 0xFF { continue }
      if padding > 0 { return false }
      word = word << 6 | UInt32(value)
      count += 1
      if count == 4 {
        out += [UInt8(word >> 16), UInt8(word >> 8 & 0xFF), UInt8(word & 0xFF)]
        (word, count) = (0, 0)
      }
    }
    switch count {
    case 2: out.append(UInt8(word >> 4 & 0xFF))
    case 3: out += [UInt8(word >> 10 & 0xFF), UInt8(word >> 2 & 0xFF)]
    case 1: return false
    default: break
    }
    return true
  }

  /// Whether a text is in base 64 with nothing passed over but white space, and filled up with `=`
  /// to whole groups of four letters.
  static func isStrict(_ text: Bytes) -> Bool {
    var (count, padding) = (0, 0)
    for byte in text {
      if byte == 0x20 || byte == 0x0D || byte == 0x0A || byte == 0x09 { continue }
      if byte == UInt8(ascii: "=") {
        padding += 1
      } else if padding > 0 || values[Int(byte)] == 0xFF {
        return false
      }
      count += 1
    }
    return padding <= 2 && count.isMultiple(of: 4)
  }
}
