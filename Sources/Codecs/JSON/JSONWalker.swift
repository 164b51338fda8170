import Columns
import Glibc

/// Follows simdjson's index through one block: the fast path. It checks all that it passes;
/// whatever
/// surprises it makes `record` return false, and the tolerant reader judges that record.
///
/// Plain pointers throughout; the reader that makes it keeps alive what they point to.
struct JSONWalker {
  /// The start of what the index counts from.
  let bytes: UnsafePointer<UInt8>
  let index: UnsafePointer<UInt32>
  let slots: UnsafeMutablePointer<ColumnSlot>
  let shapes: UnsafeMutablePointer<JSONShape>
  /// Unmanaged, so that no value costs a reference count.
  let columns: Unmanaged<RecordColumns>
  /// Whether a backslash stands anywhere in the indexed bytes.
  let hasBackslash: Bool
  /// As `JSONReadOptions.writesStringsAnew`.
  let writesStringsAnew: Bool
  /// The block's number in views, and where `bytes` lies in the block.
  let block: Int
  let blockOffset: Int
  /// The position in the index.
  var at: Int
  var times: TextTimes
  var scratch: JSONScratch

  /// Reads the struct that starts at the current position into a slot's next row. `end` is where
  /// the record ends.
  @inline(__always)
  mutating func record(_ slot: Int) -> Bool { object(slot) }

  // MARK: Columns

  @inline(__always)
  private func append<T: BitwiseCopyable>(_ value: T, to slot: Int) {
    let at = slots + slot
    if at.pointee.count == at.pointee.capacity {
      columns._withUnsafeGuaranteedRef { $0.reserve(slot) }
    }
    at.pointee.values.storeBytes(
      of: value, toByteOffset: at.pointee.count &* MemoryLayout<T>.size, as: T.self)
    at.pointee.count &+= 1
  }

  /// Ends a struct: fields that were not given are NULL.
  @inline(__always)
  private func endStructure(_ slot: Int) {
    let at = slots + slot
    let row = at.pointee.count
    let first = at.pointee.firstChild
    for child in first..<(first &+ at.pointee.childCount) where slots[child].count <= row {
      columns._withUnsafeGuaranteedRef { $0.appendNull(child) }
    }
    if row == at.pointee.capacity { columns._withUnsafeGuaranteedRef { $0.reserve(slot) } }
    at.pointee.count = row &+ 1
  }

  private func appendNull(_ slot: Int) { columns._withUnsafeGuaranteedRef { $0.appendNull(slot) } }

  private func endList(_ slot: Int) { columns._withUnsafeGuaranteedRef { $0.endList(slot) } }

  // MARK: Structs

  mutating func object(_ slot: Int) -> Bool {
    let shape = shapes + slot
    let row = slots[slot].count
    at &+= 1
    if bytes[Int(index[at])] == Ascii.closeBrace {
      at &+= 1
      endStructure(slot)
      return true
    }
    var position = 0
    while true {
      let key = Int(index[at])
      let colon = Int(index[at &+ 1])
      guard bytes[key] == Ascii.quote, bytes[colon] == Ascii.colon else { return false }
      let keyEnd = backOverBlanks(colon)
      guard keyEnd &- 1 > key, bytes[keyEnd &- 1] == Ascii.quote else { return false }
      var child = -1
      let count = keyEnd &- key &- 2
      let name = bytes + (key &+ 1)
      let expected = shape.pointee.expected + position
      if position < shape.pointee.expectedCount, expected.pointee.count == count,
        equalBytes(name, expected.pointee.bytes, count)
      {
        child = expected.pointee.slot
      } else {
        guard let found = look(up: name, count, in: shape, at: position) else { return false }
        child = found
      }
      position &+= 1
      at &+= 2
      if child >= 0 {
        // The same key twice is rare: the tolerant reader knows which value stays.
        if slots[child].count != row { return false }
        if !value(child) { return false }
      } else if !skip() {
        return false
      }
      let separator = bytes[Int(index[at])]
      at &+= 1
      if separator == Ascii.comma { continue }
      if separator == Ascii.closeBrace { break }
      return false
    }
    endStructure(slot)
    return true
  }

  /// The slot of a key, remembered for this position; nil for a key with escapes.
  @inline(never)
  private func look(
    up name: UnsafePointer<UInt8>, _ count: Int, in shape: UnsafeMutablePointer<JSONShape>,
    at position: Int
  ) -> Int? {
    if hasBackslash, memchr(name, Int32(Ascii.backslash), count) != nil { return nil }
    var slot = -1
    for index in 0..<shape.pointee.nameCount {
      let candidate = shape.pointee.names[index]
      if candidate.count == count, equalBytes(name, candidate.bytes, count) {
        slot = candidate.slot
        break
      }
    }
    if position < shape.pointee.expectedCount, count <= JSONExpectedKey.capacity {
      let expected = shape.pointee.expected + position
      memcpy(expected.pointee.bytes, name, count)
      expected.pointee.count = count
      expected.pointee.slot = slot
    }
    return slot
  }

  // MARK: Values

  /// Reads the value at the current position into a slot and moves behind it.
  @inline(__always)
  mutating func value(_ slot: Int) -> Bool {
    let start = Int(index[at])
    let first = bytes[start]
    if first == Ascii.quote {
      let next = Int(index[at &+ 1])
      let end = backOverBlanks(next) &- 1
      guard end > start, bytes[end] == Ascii.quote else { return false }
      at &+= 1
      if slots[slot].kind == .string, !hasBackslash {
        let count = end &- start &- 1
        append(
          StringView(
            bytes + (start &+ 1), count: count, block: block, offset: blockOffset &+ start &+ 1),
          to: slot)
        return true
      }
      return text(slot, start &+ 1, end)
    }
    return notText(slot, start, first)
  }

  /// A string value, from `start` to `end`.
  private mutating func text(_ slot: Int, _ start: Int, _ end: Int) -> Bool {
    var content = UnsafeBufferPointer(start: bytes + start, count: end &- start)
    if hasBackslash, memchr(bytes + start, Int32(Ascii.backslash), end &- start) != nil {
      guard let unescaped = scratch.unescape(content) else { return false }
      content = unescaped
      if slots[slot].kind == .string {
        append(
          columns._withUnsafeGuaranteedRef { $0.view(copying: UnsafeRawBufferPointer(content)) },
          to: slot)
        return true
      }
    }
    switch slots[slot].kind {
    case .string:
      append(
        StringView(bytes + start, count: end &- start, block: block, offset: blockOffset &+ start),
        to: slot)
    case .timestamp:
      guard let us = times.timestamp(content) else { return false }
      append(us, to: slot)
    case .timestampNtz:
      guard let us = times.timestampNtz(content) else { return false }
      append(us, to: slot)
    case .date:
      guard let days = times.date(content) else { return false }
      append(days, to: slot)
    default: return false
    }
    return true
  }

  private mutating func notText(_ slot: Int, _ start: Int, _ first: UInt8) -> Bool {
    if first == UInt8(ascii: "n") {
      guard isLiteral(start, 0x6C6C_756E, 4) else { return false }
      at &+= 1
      appendNull(slot)
      return true
    }
    let kind = slots[slot].kind
    switch kind {
    case .byte, .short, .int, .long, .timestamp: return integer(slot, start)
    case .float, .double, .decimal: return fraction(slot, start)
    case .boolean:
      let isTrue = first == UInt8(ascii: "t")
      guard isTrue ? isLiteral(start, 0x6575_7274, 4) : isFalse(start) else { return false }
      at &+= 1
      columns._withUnsafeGuaranteedRef { $0.append(boolean: isTrue, to: slot) }
      return true
    case .structure: return first == Ascii.openBrace && object(slot)
    case .array: return first == Ascii.openBracket && array(slot)
    case .map: return first == Ascii.openBrace && map(slot)
    case .string: return rawText(slot, start)
    default: return false
    }
  }

  /// What is no string keeps its text. Where it is to be written anew, it must be what Jackson
  /// would write of it: otherwise the tolerant reader takes over.
  private mutating func rawText(_ slot: Int, _ start: Int) -> Bool {
    guard skip() else { return false }
    // The last byte before the next structural that is no blank ends the value.
    let end = backOverBlanks(Int(index[at]))
    if writesStringsAnew, !isWrittenPlainly(start, end) { return false }
    append(
      StringView(bytes + start, count: end &- start, block: block, offset: blockOffset &+ start),
      to: slot)
    return true
  }

  private mutating func integer(_ slot: Int, _ start: Int) -> Bool {
    var cursor = start
    let isNegative = bytes[cursor] == Ascii.minus
    if isNegative { cursor &+= 1 }
    let digits = cursor
    var value: Int64 = 0
    while true {
      let digit = bytes[cursor] &- 0x30
      if digit > 9 { break }
      value = value &* 10 &+ Int64(digit)
      cursor &+= 1
    }
    let count = cursor &- digits
    guard count > 0, count <= 18, count == 1 || bytes[digits] != 0x30, endsToken(cursor) else {
      return false
    }
    if isNegative { value = 0 &- value }
    switch slots[slot].kind {
    case .long: append(value, to: slot)
    case .int:
      guard let narrow = Int32(exactly: value) else { return false }
      append(narrow, to: slot)
    case .timestamp: append(value &* 1_000_000, to: slot)
    case .short:
      guard let narrow = Int16(exactly: value) else { return false }
      append(narrow, to: slot)
    default:
      guard let narrow = Int8(exactly: value) else { return false }
      append(narrow, to: slot)
    }
    at &+= 1
    return true
  }

  private mutating func fraction(_ slot: Int, _ start: Int) -> Bool {
    guard let end = numberEnd(start) else { return false }
    let text = UnsafeBufferPointer(start: bytes + start, count: end &- start)
    switch slots[slot].kind {
    case .decimal:
      guard
        case .value(let value) = DecimalText.read(
          text, precision: slots[slot].precision, scale: slots[slot].scale)
      else { return false }
      append(value, to: slot)
    case _ where text.count == 2 && text[0] == Ascii.minus && text[1] == 0x30:
      // An integer token has no negative zero.
      return false
    case .double:
      guard let value = FloatingPointText.readDouble(text) else { return false }
      append(value, to: slot)
    default:
      guard let value = FloatingPointText.readFloat(text) else { return false }
      append(value, to: slot)
    }
    at &+= 1
    return true
  }

  private mutating func array(_ slot: Int) -> Bool {
    let element = slots[slot].firstChild
    at &+= 1
    if bytes[Int(index[at])] == Ascii.closeBracket {
      at &+= 1
      endList(slot)
      return true
    }
    while true {
      if !value(element) { return false }
      let separator = bytes[Int(index[at])]
      at &+= 1
      if separator == Ascii.comma { continue }
      guard separator == Ascii.closeBracket else { return false }
      endList(slot)
      return true
    }
  }

  private mutating func map(_ slot: Int) -> Bool {
    let (keys, values) = (slots[slot].firstChild, slots[slot].firstChild &+ 1)
    guard slots[keys].kind == .string else { return false }
    at &+= 1
    if bytes[Int(index[at])] == Ascii.closeBrace {
      at &+= 1
      endList(slot)
      return true
    }
    while true {
      guard bytes[Int(index[at])] == Ascii.quote,
        bytes[Int(index[at &+ 1])] == Ascii.colon, value(keys)
      else { return false }
      at &+= 1
      if !value(values) { return false }
      let separator = bytes[Int(index[at])]
      at &+= 1
      if separator == Ascii.comma { continue }
      guard separator == Ascii.closeBrace else { return false }
      endList(slot)
      return true
    }
  }

  // MARK: Passing over

  /// Checks the value at the current position and moves behind it.
  @inline(__always)
  mutating func skip() -> Bool {
    let start = Int(index[at])
    if bytes[start] == Ascii.quote { return skipText(start) }
    return skipOther(start)
  }

  @inline(__always)
  private mutating func skipText(_ start: Int) -> Bool {
    let end = backOverBlanks(Int(index[at &+ 1])) &- 1
    guard end > start, bytes[end] == Ascii.quote else { return false }
    at &+= 1
    return !hasBackslash || memchr(bytes + start, Int32(Ascii.backslash), end &- start) == nil
      || scratch.unescape(
        UnsafeBufferPointer(start: bytes + (start &+ 1), count: end &- start &- 1)) != nil
  }

  private mutating func skipOther(_ start: Int) -> Bool {
    switch bytes[start] {
    case Ascii.openBrace, Ascii.openBracket: return skipNested()
    case UInt8(ascii: "t"): guard isLiteral(start, 0x6575_7274, 4) else { return false }
    case UInt8(ascii: "n"): guard isLiteral(start, 0x6C6C_756E, 4) else { return false }
    case UInt8(ascii: "f"): guard isFalse(start) else { return false }
    default: guard numberEnd(start) != nil else { return false }
    }
    at &+= 1
    return true
  }

  /// An object or array, whose levels are bits of a word: deeper nesting is a surprise.
  private mutating func skipNested() -> Bool {
    // The lowest bit is 1 inside an object.
    var levels: UInt64 = 0
    var depth = 0
    while true {
      // At the start of a value.
      let start = Int(index[at])
      let first = bytes[start]
      var isEmpty = false
      if first == Ascii.openBrace || first == Ascii.openBracket {
        let isObject = first == Ascii.openBrace
        depth &+= 1
        if depth > 60 { return false }
        levels = levels << 1 | (isObject ? 1 : 0)
        at &+= 1
        isEmpty = bytes[Int(index[at])] == (isObject ? Ascii.closeBrace : Ascii.closeBracket)
        if !isEmpty {
          if isObject, !skipKey() { return false }
          continue
        }
      } else if first == Ascii.quote {
        if !skipText(start) { return false }
      } else if !skipScalar(start) {
        return false
      }
      // Behind a value, or before the end of an empty container.
      while true {
        let separator = bytes[Int(index[at])]
        at &+= 1
        if separator == Ascii.comma, !isEmpty {
          if levels & 1 == 1, !skipKey() { return false }
          break
        }
        guard separator == (levels & 1 == 1 ? Ascii.closeBrace : Ascii.closeBracket) else {
          return false
        }
        isEmpty = false
        levels >>= 1
        depth &-= 1
        if depth == 0 { return true }
      }
    }
  }

  private mutating func skipKey() -> Bool {
    let key = Int(index[at])
    guard bytes[key] == Ascii.quote, bytes[Int(index[at &+ 1])] == Ascii.colon, skipText(key)
    else { return false }
    at &+= 1
    return true
  }

  private mutating func skipScalar(_ start: Int) -> Bool {
    switch bytes[start] {
    case UInt8(ascii: "t"): guard isLiteral(start, 0x6575_7274, 4) else { return false }
    case UInt8(ascii: "n"): guard isLiteral(start, 0x6C6C_756E, 4) else { return false }
    case UInt8(ascii: "f"): guard isFalse(start) else { return false }
    default: guard numberEnd(start) != nil else { return false }
    }
    at &+= 1
    return true
  }

  // MARK: Tokens

  @inline(__always)
  private func backOverBlanks(_ position: Int) -> Int {
    var end = position
    while end > 0, Ascii.isBlank(bytes[end &- 1]) { end &-= 1 }
    return end
  }

  /// Whether a number or literal may end before this byte.
  @inline(__always)
  private func endsToken(_ position: Int) -> Bool {
    let byte = bytes[position]
    return byte == Ascii.comma || byte == Ascii.closeBrace || byte == Ascii.closeBracket
      || Ascii.isBlank(byte)
  }

  @inline(__always)
  private func isLiteral(_ start: Int, _ word: UInt32, _ count: Int) -> Bool {
    UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt32.self) == word
      && endsToken(start &+ count)
  }

  private func isFalse(_ start: Int) -> Bool {
    UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt32.self) == 0x736C_6166
      && bytes[start &+ 4] == UInt8(ascii: "e") && endsToken(start &+ 5)
  }

  /// The end of the number that starts here, by JSON's grammar; nil for anything else.
  private func numberEnd(_ start: Int) -> Int? {
    var cursor = start
    if bytes[cursor] == Ascii.minus { cursor &+= 1 }
    let whole = cursor
    while bytes[cursor] &- 0x30 <= 9 { cursor &+= 1 }
    guard cursor > whole, cursor &- whole == 1 || bytes[whole] != 0x30 else { return nil }
    if bytes[cursor] == UInt8(ascii: ".") {
      cursor &+= 1
      let fraction = cursor
      while bytes[cursor] &- 0x30 <= 9 { cursor &+= 1 }
      if cursor == fraction { return nil }
    }
    if bytes[cursor] | 0x20 == UInt8(ascii: "e") {
      cursor &+= 1
      if bytes[cursor] == Ascii.minus || bytes[cursor] == UInt8(ascii: "+") { cursor &+= 1 }
      let exponent = cursor
      while bytes[cursor] &- 0x30 <= 9 { cursor &+= 1 }
      if cursor == exponent { return nil }
    }
    return endsToken(cursor) ? cursor : nil
  }
}

/// The bytes that both readers know.
enum Ascii {
  static let quote = UInt8(ascii: "\"")
  static let apostrophe = UInt8(ascii: "'")
  static let backslash = UInt8(ascii: "\\")
  static let colon = UInt8(ascii: ":")
  static let comma = UInt8(ascii: ",")
  static let minus = UInt8(ascii: "-")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")
  static let lineFeed = UInt8(ascii: "\n")

  /// JSON's white space.
  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
