import Columns
import Contract
import Glibc

extension JSONTolerantReader {
  /// What kind of value starts here.
  enum Token {
    case object, array, string, integer, fraction, boolean, null
  }

  func token() throws(JSONFault) -> Token {
    switch base[at] {
    case Ascii.openBrace: return .object
    case Ascii.openBracket: return .array
    case Ascii.quote: return .string
    case Ascii.apostrophe where options.allowSingleQuotes: return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case Ascii.minus, 0x30...0x39: return .integer
    default: return .fraction
    }
  }

  /// A value of a column that is neither a string nor nested.
  mutating func scalar(_ slot: Int, _ row: Int, _ token: Token) throws(JSONFault) {
    let from = at
    var token = token
    switch token {
    case .object, .array:
      try skipValue()
      throw refused(slot, token, from, at)
    case .string:
      let text = try self.text()
      if try convert(text, slot, row) { return }
    case .boolean:
      let isTrue = base[at] == UInt8(ascii: "t")
      try take(literal: isTrue ? "true" : "false")
      if slots[slot].kind == .boolean {
        prepare(slot, row)
        columns.append(boolean: isTrue, to: slot)
        return
      }
    default:
      token = try number()
      let text = UnsafeBufferPointer(start: base + from, count: at - from)
      if convert(number: text, isInteger: token == .integer, slot, row) { return }
    }
    throw refused(slot, token, from, at)
  }

  /// A number's text into a column; false where the column cannot take it.
  private mutating func convert(
    number text: UnsafeBufferPointer<UInt8>, isInteger: Bool, _ slot: Int, _ row: Int
  ) -> Bool {
    let kind = slots[slot].kind
    switch kind {
    case .byte, .short, .int, .long, .timestamp:
      guard isInteger, let value = IntegerText.readInt64(text) else { return false }
      let bits = Int64(slots[slot].width * 8)
      // Spark lets 128 to 255 wrap around in a TINYINT.
      let top: Int64 = kind == .byte ? 255 : bits == 64 ? .max : (1 << (bits - 1)) - 1
      guard value <= top, bits == 64 || value >= -(1 << (bits - 1)) else { return false }
      prepare(slot, row)
      // Seconds; the product wraps around, as Spark's does.
      columns.append(integer: kind == .timestamp ? value &* 1_000_000 : value, to: slot)
    case .float, .double:
      guard var value = number(text, isFloat: kind == .float) else { return false }
      if isInteger, value == 0 { value = 0 }
      prepare(slot, row)
      if kind == .float {
        columns.append(Float(value), to: slot)
      } else {
        columns.append(value, to: slot)
      }
    case .decimal:
      return decimal(text, slot, row)
    case .calendarInterval:
      guard let interval = IntervalText.read(text) else { return false }
      prepare(slot, row)
      columns.append(interval.bits, to: slot)
    default: return false
    }
    return true
  }

  /// Numbers, and the words that stand for what is none.
  func number(_ text: UnsafeBufferPointer<UInt8>, isFloat: Bool) -> Double? {
    switch text[text.count - 1] {
    case 0x30...0x39:
      return isFloat
        ? FloatingPointText.readFloat(text).map(Double.init) : FloatingPointText.readDouble(text)
    default: return nonNumber(text)
    }
  }

  private func nonNumber(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    switch String(decoding: text, as: UTF8.self) {
    case "NaN": .nan
    case "Infinity", "+Infinity", "+INF": .infinity
    case "-Infinity", "-INF": -.infinity
    default: nil
    }
  }

  private mutating func decimal(_ text: UnsafeBufferPointer<UInt8>, _ slot: Int, _ row: Int) -> Bool
  {
    guard
      case .value(let value) = DecimalText.read(
        text, precision: slots[slot].precision, scale: slots[slot].scale)
    else { return false }
    prepare(slot, row)
    columns.append(value, to: slot)
    return true
  }

  /// A string's text into a column that is no string; false where the column cannot take it.
  private mutating func convert(
    _ text: UnsafeBufferPointer<UInt8>, _ slot: Int, _ row: Int
  ) throws(JSONFault) -> Bool {
    let kind = slots[slot].kind
    if text.isEmpty, kind != .binary { return false }
    switch kind {
    case .timestamp, .timestampNtz:
      let parsed = kind == .timestamp ? times.timestamp(text) : times.timestampNtz(text)
      guard let us = parsed else { return false }
      prepare(slot, row)
      columns.append(us, to: slot)
    case .date:
      guard let days = times.date(text) else { return false }
      prepare(slot, row)
      columns.append(days, to: slot)
    case .float, .double:
      guard options.allowNonNumericNumbers, let value = nonNumber(text) else { return false }
      prepare(slot, row)
      if kind == .float {
        columns.append(Float(value), to: slot)
      } else {
        columns.append(value, to: slot)
      }
    case .decimal:
      // Commas may group the digits of a decimal in quotes.
      let digits = text.filter { $0 != Ascii.comma }
      guard text[0] > 0x20, text[text.count - 1] > 0x20 else { return false }
      return digits.withUnsafeBufferPointer { decimal($0, slot, row) }
    case .binary:
      switch Base64.decode(text) {
      case .bytes(let bytes):
        prepare(slot, row)
        columns.append(bytes.withUnsafeBytes { columns.view(copying: $0) }, to: slot)
      case .malformed: return false
      // Spark's parser loses its place in such a text.
      case .cutShort: throw syntaxError("base64 text ends after the first character of a group")
      }
    case .dayTimeInterval:
      guard let us = times.interval(text, slots[slot].precision, slots[slot].scale) else {
        return false
      }
      prepare(slot, row)
      columns.append(us, to: slot)
    case .yearMonthInterval:
      guard let months = times.interval(text, slots[slot].precision, slots[slot].scale) else {
        return false
      }
      prepare(slot, row)
      columns.append(Int32(truncatingIfNeeded: months), to: slot)
    default: return false
    }
    return true
  }

  /// A STRING column takes any value: strings decoded, everything else as it is written, or written
  /// anew.
  mutating func string(_ slot: Int, _ row: Int, _ token: Token) throws(JSONFault) {
    if token == .string {
      let text = try self.text()
      prepare(slot, row)
      columns.append(view(text), to: slot)
      return
    }
    guard options.writesStringsAnew else {
      let from = at
      try skipValue()
      prepare(slot, row)
      columns.append(view(UnsafeBufferPointer(start: base + from, count: at - from)), to: slot)
      return
    }
    var copied: [UInt8] = []
    try copyValue(to: &copied)
    prepare(slot, row)
    columns.append(copied.withUnsafeBytes { columns.view(copying: $0) }, to: slot)
  }

  /// A view into the block where the text lies there, otherwise into a copy.
  func view(_ text: UnsafeBufferPointer<UInt8>) -> StringView {
    guard let start = text.baseAddress, text.count > 0 else { return .empty }
    if start >= base, start < base + end {
      return StringView(start, count: text.count, block: block, offset: start - base)
    }
    return columns.view(copying: UnsafeRawBufferPointer(text))
  }

  // MARK: Tokens

  /// A member's name.
  mutating func name() throws(JSONFault) -> UnsafeBufferPointer<UInt8> {
    guard at < end else { throw syntaxError("the text ends where a name is expected") }
    if base[at] == Ascii.quote || (base[at] == Ascii.apostrophe && options.allowSingleQuotes) {
      return try text()
    }
    guard options.allowUnquotedFieldNames, Self.isNamePart(base[at]) else {
      throw unexpected("where a name is expected")
    }
    let from = at
    while at < end, Self.isNamePart(base[at]) { at += 1 }
    return UnsafeBufferPointer(start: base + from, count: at - from)
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
    default: "_$@#*-+".utf8.contains(byte)
    }
  }

  /// A string in quotes or apostrophes, decoded; valid until the next token.
  mutating func text() throws(JSONFault) -> UnsafeBufferPointer<UInt8> {
    let quote = base[at]
    at += 1
    let from = at
    var isPlain = true
    while at < end {
      let byte = base[at]
      if byte == quote {
        let plain = UnsafeBufferPointer(start: base + from, count: at - from)
        at += 1
        return isPlain ? plain : scratch.content
      }
      if byte == Ascii.backslash {
        if isPlain { beginCopy(from) }
        isPlain = false
        guard let length = scratch.escape(base + at, end - at) else {
          throw syntaxError("a string has an escape that JSON does not know")
        }
        at += length
      } else if byte < 0x20 {
        guard options.allowUnquotedControlChars else {
          throw syntaxError("a string has the control character \(byte)")
        }
        if !isPlain { scratch.append(byte) }
        at += 1
      } else if byte < 0x80 {
        if !isPlain { scratch.append(byte) }
        at += 1
      } else {
        try multiByte(from, &isPlain)
      }
    }
    throw syntaxError("a string is not closed")
  }

  private func beginCopy(_ from: Int) {
    scratch.clear()
    scratch.append(UnsafeBufferPointer(start: base + from, count: at - from))
  }

  /// A character beyond ASCII. Java's decoder lets four bytes beyond Unicode pass as two halves
  /// that belong to nothing.
  private mutating func multiByte(_ from: Int, _ isPlain: inout Bool) throws(JSONFault) {
    let byte = base[at]
    let count =
      byte >= 0xF0 && byte < 0xF8
      ? 4 : byte >= 0xE0 && byte < 0xF0 ? 3 : byte >= 0xC0 && byte < 0xE0 ? 2 : 0
    guard count > 0, at + count <= end else { throw malformed() }
    var scalar = UInt32(byte) & (0x7F >> UInt32(count))
    for index in 1..<count {
      guard base[at + index] & 0xC0 == 0x80 else { throw malformed() }
      scalar = scalar << 6 | UInt32(base[at + index] & 0x3F)
    }
    if count == 3, scalar & 0xF800 == 0xD800 { throw malformed() }
    let least: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
    if scalar > 0x10FFFF || scalar < least[count] {
      if isPlain { beginCopy(from) }
      isPlain = false
      if count == 4 {
        scratch.append(UInt8(ascii: "?"))
        scratch.append(UInt8(ascii: "?"))
      } else {
        scratch.append(scalar: scalar)
      }
    } else if !isPlain {
      scratch.append(UnsafeBufferPointer(start: base + at, count: count))
    }
    at += count
  }

  private mutating func malformed() -> JSONFault { syntaxError("the text is not UTF-8") }

  mutating func take(literal: StaticString) throws(JSONFault) {
    let count = literal.utf8CodeUnitCount
    guard end - at >= count, memcmp(base + at, literal.utf8Start, count) == 0 else {
      throw unexpected("where a value is expected")
    }
    at += count
    if at < end, Self.isNamePart(base[at]) { throw unexpected("behind a word") }
  }

  /// A number, or one of the words that stand for none; says whether it is an integer.
  mutating func number() throws(JSONFault) -> Token {
    for word in ["NaN", "Infinity", "+Infinity", "-Infinity", "+INF", "-INF"] as [StaticString] {
      let count = word.utf8CodeUnitCount
      if end - at >= count, memcmp(base + at, word.utf8Start, count) == 0 {
        guard options.allowNonNumericNumbers else { throw unexpected("where a value is expected") }
        try take(literal: word)
        return .fraction
      }
    }
    if at < end, base[at] == Ascii.minus { at += 1 }
    let whole = try digits()
    if whole > 1, base[at - whole] == 0x30, !options.allowNumericLeadingZeros {
      throw syntaxError("a number has leading zeros")
    }
    var token = Token.integer
    if at < end, base[at] == UInt8(ascii: ".") {
      at += 1
      _ = try digits()
      token = .fraction
    }
    if at < end, base[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < end, base[at] == Ascii.minus || base[at] == UInt8(ascii: "+") { at += 1 }
      _ = try digits()
      token = .fraction
    }
    return token
  }

  private mutating func digits() throws(JSONFault) -> Int {
    let from = at
    while at < end, base[at] &- 0x30 <= 9 { at += 1 }
    if at == from { throw unexpected("where a number is expected") }
    return at - from
  }

  /// Passes over a value, checking that it is JSON.
  mutating func skipValue() throws(JSONFault) {
    guard at < end else { throw syntaxError("the text ends where a value is expected") }
    switch try token() {
    case .object:
      try enter()
      try members { (reader: inout Self) throws(JSONFault) in
        _ = try reader.name()
        try reader.colon()
        try reader.skipValue()
      }
      depth -= 1
    case .array:
      try enter()
      try elements { (reader: inout Self) throws(JSONFault) in try reader.skipValue() }
      depth -= 1
    case .string: _ = try text()
    case .boolean: try take(literal: base[at] == UInt8(ascii: "t") ? "true" : "false")
    case .null: try take(literal: "null")
    default: _ = try number()
    }
  }

  /// White space, and comments where they are allowed.
  mutating func skipBlanks() throws(JSONFault) {
    while at < end {
      if Ascii.isBlank(base[at]) {
        at += 1
      } else if base[at] == UInt8(ascii: "/"), options.allowComments {
        try comment()
      } else {
        return
      }
    }
  }

  private mutating func comment() throws(JSONFault) {
    guard at + 1 < end else { throw unexpected("here") }
    if base[at + 1] == UInt8(ascii: "/") {
      while at < end, base[at] != Ascii.lineFeed, base[at] != 0x0D { at += 1 }
    } else if base[at + 1] == UInt8(ascii: "*") {
      at += 2
      while at + 1 < end, base[at] != UInt8(ascii: "*") || base[at + 1] != UInt8(ascii: "/") {
        at += 1
      }
      guard at + 1 < end else { throw syntaxError("a comment is not closed") }
      at += 2
    } else {
      throw unexpected("where a value is expected")
    }
  }
}
