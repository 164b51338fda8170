import Columns

// A value that is no string, read as a STRING: Spark's text is not that of the record but what
// Jackson writes of it anew: no blanks, fractions as a DOUBLE's text, halves of surrogate pairs as
// escapes.
extension JSONTolerantReader {
  /// Passes over a value and appends it as Jackson writes it.
  mutating func copyValue(to out: inout [UInt8]) throws(JSONFault) {
    guard at < end else { throw syntaxError("the text ends where a value is expected") }
    switch try token() {
    case .object: try copyObject(to: &out)
    case .array: try copyArray(to: &out)
    case .string: try copyString(to: &out) { (reader) throws(JSONFault) in _ = try reader.text() }
    case .boolean:
      let isTrue = base[at] == UInt8(ascii: "t")
      try take(literal: isTrue ? "true" : "false")
      out += (isTrue ? "true" : "false").utf8
    case .null:
      try take(literal: "null")
      out += "null".utf8
    default:
      let from = at
      let isInteger = try number() == .integer
      copy(number: UnsafeBufferPointer(start: base + from, count: at - from), isInteger, to: &out)
    }
  }

  private mutating func copyObject(to out: inout [UInt8]) throws(JSONFault) {
    try enter()
    out.append(Ascii.openBrace)
    var isFirst = true
    try members { (reader: inout Self) throws(JSONFault) in
      if !isFirst { out.append(Ascii.comma) }
      isFirst = false
      try reader.copyString(to: &out) { (reader) throws(JSONFault) in _ = try reader.name() }
      try reader.colon()
      out.append(Ascii.colon)
      try reader.copyValue(to: &out)
    }
    out.append(Ascii.closeBrace)
    depth -= 1
  }

  private mutating func copyArray(to out: inout [UInt8]) throws(JSONFault) {
    try enter()
    out.append(Ascii.openBracket)
    var isFirst = true
    try elements { (reader: inout Self) throws(JSONFault) in
      if !isFirst { out.append(Ascii.comma) }
      isFirst = false
      try reader.copyValue(to: &out)
    }
    out.append(Ascii.closeBracket)
    depth -= 1
  }

  private func copy(
    number text: UnsafeBufferPointer<UInt8>, _ isInteger: Bool, to out: inout [UInt8]
  ) {
    if isInteger {
      let isNegative = text[0] == Ascii.minus
      let digits = text.dropFirst(isNegative ? 1 : 0).drop { $0 == 0x30 }
      if isNegative, !digits.isEmpty { out.append(Ascii.minus) }
      out += digits.isEmpty ? [0x30] : Array(digits)
      return
    }
    let value = number(text, isFloat: false) ?? .nan
    if !value.isFinite { out.append(Ascii.quote) }
    FloatingPointText.append(value, to: &out)
    if !value.isFinite { out.append(Ascii.quote) }
  }

  /// A string or name, which `read` passes over.
  private mutating func copyString(
    to out: inout [UInt8], _ read: (inout Self) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    let from = at
    try read(&self)
    let isQuoted = base[from] == Ascii.quote || base[from] == Ascii.apostrophe
    let inner = isQuoted ? (from + 1)..<(at - 1) : from..<at
    var bytes: [UInt8] = []
    var place = inner.lowerBound
    while place < inner.upperBound {
      if base[place] != Ascii.backslash {
        bytes.append(base[place])
        place += 1
      } else if let half = Self.half(base + place, inner.upperBound - place) {
        bytes += half
        place += 6
      } else {
        scratch.clear()
        place += scratch.escape(base + place, inner.upperBound - place) ?? 1
        bytes += scratch.content
      }
    }
    JSONText.appendStringInHalves(bytes, to: &out)
  }

  /// An escaped half of a surrogate pair, as three bytes.
  private static func half(_ text: UnsafePointer<UInt8>, _ available: Int) -> [UInt8]? {
    guard available >= 6, text[1] == UInt8(ascii: "u") else { return nil }
    let digits = String(decoding: UnsafeBufferPointer(start: text + 2, count: 4), as: UTF8.self)
    guard let unit = UInt16(digits, radix: 16), unit & 0xF800 == 0xD800 else { return nil }
    return [
      0xED, 0x80 | UInt8(truncatingIfNeeded: unit >> 6 & 0x3F),
      0x80 | UInt8(truncatingIfNeeded: unit & 0x3F),
    ]
  }
}

extension JSONWalker {
  /// No blanks, fractions, negative zeros, escapes, or characters beyond Unicode's first plane.
  func isWrittenPlainly(_ start: Int, _ end: Int) -> Bool {
    var isText = false
    for at in start..<end {
      let byte = bytes[at]
      if byte == Ascii.quote {
        isText.toggle()
      } else if isText {
        if byte == Ascii.backslash || byte >= 0xF0 { return false }
      } else {
        let isDigitBefore = at > start && bytes[at &- 1] &- 0x30 < 10
        switch byte {
        case Ascii.minus: if bytes[at &+ 1] == 0x30 { return false }
        case UInt8(ascii: "."), UInt8(ascii: "E"): return false
        case UInt8(ascii: "e"): if isDigitBefore { return false }
        default: if Ascii.isBlank(byte) { return false }
        }
      }
    }
    return true
  }
}
