/// JSON strings, appended with what must be escaped.
public enum JSONText {
  /// Appends the text in quotes, escaped as Jackson does: `\"`, `\\`, `\b \f \n \r \t`, and other
  /// control characters as `\u001F`. Bytes that are no UTF-8 become U+FFFD.
  public static func appendString(
    _ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]
  ) {
    result.append(0x22)
    var start = 0
    var position = 0
    let count = bytes.count
    while position < count {
      position = nextSpecial(bytes, from: position)
      guard position < count else { break }
      let byte = bytes[position]
      if byte >= 0x80 {
        let length = UTF8Text.validLength(bytes, at: position)
        if length > 0 {
          position += length
          continue
        }
      }
      result.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<position]))
      appendEscaped(byte, to: &result)
      position += 1
      start = position
    }
    result.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<count]))
    result.append(0x22)
  }

  /// The first byte that is a quote, a backslash, a control character or no ASCII.
  @inlinable
  static func nextSpecial(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var position = start
    let count = bytes.count
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return count }
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while position &+ 8 <= count {
      let word = base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      // A byte below a bound borrows into its high bit; a byte that is zero does so from one.
      let found =
        (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes
        | word
      let marks = found & highs
      if marks != 0 { return position &+ marks.trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < count {
      let byte = bytes[position]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte >= 0x80 { return position }
      position &+= 1
    }
    return count
  }

  /// The same as Jackson writes it into bytes: a character beyond the first plane as the escapes
  /// of its two halves. Half of a pair may stand in `bytes` as its three.
  public static func appendStringInHalves(_ bytes: [UInt8], to result: inout [UInt8]) {
    guard bytes.contains(where: { $0 >= 0xED }) else {
      return bytes.withUnsafeBufferPointer { appendString($0, to: &result) }
    }
    result.append(0x22)
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      let length = bytes.withUnsafeBufferPointer { UTF8Text.validLength($0, at: position) }
      let isHalf = length == 0 && byte == 0xED && position + 2 < bytes.count
      if isHalf || length == 4 {
        let count = isHalf ? 3 : 4
        appendHalves(bytes[position..<(position + count)], to: &result)
        position += count
      } else if length == 1, byte >= 0x20, byte != 0x22, byte != 0x5C {
        result.append(byte)
        position += 1
      } else if length > 1 {
        result += bytes[position..<(position + length)]
        position += length
      } else {
        appendEscaped(byte, to: &result)
        position += 1
      }
    }
    result.append(0x22)
  }

  private static func appendHalves(_ bytes: ArraySlice<UInt8>, to result: inout [UInt8]) {
    var value = UInt32(bytes[bytes.startIndex]) & (bytes.count == 3 ? 0x0F : 0x07)
    for byte in bytes.dropFirst() { value = value << 6 | UInt32(byte & 0x3F) }
    let rest = value &- 0x10000
    let units = bytes.count == 3 ? [value] : [0xD800 | rest >> 10, 0xDC00 | rest & 0x3FF]
    for unit in units { result += "\\u\(String(unit, radix: 16, uppercase: true))".utf8 }
  }

  private static func appendEscaped(_ byte: UInt8, to result: inout [UInt8]) {
    switch byte {
    case 0x22, 0x5C: result += [0x5C, byte]
    case 0x08: result += [0x5C, 0x62]
    case 0x0C: result += [0x5C, 0x66]
    case 0x0A: result += [0x5C, 0x6E]
    case 0x0D: result += [0x5C, 0x72]
    case 0x09: result += [0x5C, 0x74]
    case 0x80...: result += [0xEF, 0xBF, 0xBD]
    default:
      let digits = Array("0123456789ABCDEF".utf8)
      result += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}
