import Columns
import Contract
import Glibc

/// Why a value or record was refused.
enum JSONFault: Error {
  /// The text is no JSON: the whole record is corrupt.
  case syntax
  /// A value that its column cannot take, passed over whole: the value is NULL, the record bad.
  case value
}

/// The tolerant reader: slow, with all of Spark's leniencies, and the only judge of what is
/// corrupt.
///
/// Reads one record at a time. A value that a column cannot take makes that value NULL and sets
/// `isBad`; text that is no JSON throws `syntax`, and then nothing of the record counts.
struct JSONTolerantReader {
  let options: JSONReadOptions
  unowned(unsafe) let columns: RecordColumns
  let slots: UnsafeMutablePointer<ColumnSlot>
  let shapes: UnsafeMutablePointer<JSONShape>
  let scratch: JSONScratch
  var times: TextTimes

  // The record: `base` is the block's start, so that views can name offsets.
  var base: UnsafePointer<UInt8>
  var at = 0
  var end = 0
  var block = 0
  var depth = 0
  /// Whether some value of this record was refused, and the first reason.
  var isBad = false
  var reason: Failure?

  /// How deep arrays and objects may nest, as in Spark's parser.
  static let depthLimit = 1000

  mutating func start(_ base: UnsafePointer<UInt8>, from: Int, to: Int, block: Int) {
    self.base = base
    self.block = block
    at = from
    end = to
    depth = 0
    isBad = false
    reason = nil
    // A byte order mark may stand before any record.
    if to - from >= 3, base[from] == 0xEF, base[from + 1] == 0xBB, base[from + 2] == 0xBF {
      at += 3
    }
  }

  // MARK: Values

  /// Reads the value at `at` into the slot's row `row`, replacing what an earlier field of the same
  /// name left there.
  mutating func value(_ slot: Int, row: Int) throws(JSONFault) {
    guard at < end else { throw syntaxError("the text ends where a value is expected") }
    let kind = slots[slot].kind
    let token = try self.token()
    if token == .null {
      try take(literal: "null")
      prepare(slot, row)
      columns.appendNull(slot)
      return
    }
    switch kind {
    case .null:
      try skipValue()
      prepare(slot, row)
      columns.appendNull(slot)
    case .string: try string(slot, row, token)
    case .structure:
      guard token == .object else { throw try refuse(slot, token) }
      prepare(slot, row)
      try object(slot, row)
    case .array:
      guard token == .array else { throw try refuse(slot, token) }
      prepare(slot, row)
      try array(slot)
    case .map:
      guard token == .object else { throw try refuse(slot, token) }
      prepare(slot, row)
      try map(slot)
    default: try scalar(slot, row, token)
    }
  }

  /// Whether the slot could take the value, which is passed over in any case.
  private mutating func takes(_ slot: Int, row: Int) throws(JSONFault) -> Bool {
    do throws(JSONFault) {
      try value(slot, row: row)
      return true
    } catch {
      if error == .syntax { throw error }
      return false
    }
  }

  /// Takes back what stands at this row already.
  mutating func prepare(_ slot: Int, _ row: Int) {
    if slots[slot].count > row { columns.truncate(slot, to: row) }
  }

  /// Passes over a value of the wrong kind.
  private mutating func refuse(_ slot: Int, _ token: Token) throws(JSONFault) -> JSONFault {
    let from = at
    try skipValue()
    return refused(slot, token, from, at)
  }

  mutating func refused(_ slot: Int, _ token: Token, _ from: Int, _ to: Int) -> JSONFault {
    if reason == nil {
      let text = String(
        decoding: UnsafeBufferPointer(start: base + from, count: min(to - from, 100)), as: UTF8.self
      )
      reason = Failure(
        "CANNOT_PARSE_JSON_FIELD",
        "the value \(text) of the field `\(columns.name(of: slot))` is no \(columns.type(of: slot))"
      )
    }
    isBad = true
    return .value
  }

  mutating func syntaxError(_ message: String) -> JSONFault {
    reason = Failure("MALFORMED_JSON", message)
    return .syntax
  }

  // MARK: Containers

  /// An object's fields into a struct's children; values that were refused are NULL.
  mutating func object(_ slot: Int, _ row: Int) throws(JSONFault) {
    try enter()
    let shape = shapes[slot]
    try members { (reader: inout Self) throws(JSONFault) in
      var child = -1
      let name = try reader.name()
      for index in 0..<shape.nameCount {
        let candidate = shape.names[index]
        if candidate.count == name.count,
          memcmp(candidate.bytes, name.baseAddress ?? UnsafePointer(candidate.bytes), name.count)
            == 0
        {
          child = candidate.slot
        }
      }
      try reader.colon()
      if child < 0 { return try reader.skipValue() }
      let (depth, start) = (reader.depth, reader.at)
      do throws(JSONFault) { _ = try reader.takes(child, row: row) } catch {
        guard slot == 0, reader.resumes(child, from: start) else { throw error }
        reader.depth = depth
        reader.prepare(child, row)
        reader.columns.appendNull(child)
      }
    }
    depth -= 1
    columns.endStructure(slot)
  }

  /// Goes on behind a list or an object that began at `start` and is malformed at one byte before
  /// its end: what was read of the record is kept, as Spark's parser does.
  private mutating func resumes(_ slot: Int, from start: Int) -> Bool {
    // A value of another kind is passed over, and a fault in that ends the record.
    switch (slots[slot].kind, base[start]) {
    case (.structure, Ascii.openBrace), (.map, Ascii.openBrace), (.array, Ascii.openBracket),
      (.string, Ascii.openBrace), (.string, Ascii.openBracket):
      break
    default: return false
    }
    var open: [UInt8] = []
    var isInText = false
    var index = start
    while index < at {
      let byte = base[index]
      if isInText {
        if byte == Ascii.backslash { index += 1 }
        isInText = byte != Ascii.quote
      } else if byte == Ascii.quote {
        isInText = true
      } else if byte == Ascii.openBrace || byte == Ascii.openBracket {
        open.append(byte)
      } else if byte == Ascii.closeBrace || byte == Ascii.closeBracket {
        _ = open.popLast()
      }
      index += 1
    }
    guard let last = open.last, !isInText, at < end else { return false }
    var next = at + 1
    if last == Ascii.openBracket {
      while next < end, Ascii.isBlank(base[next]) { next += 1 }
      guard next < end, base[next] == Ascii.closeBracket else { return false }
      next += 1
    }
    while next < end, Ascii.isBlank(base[next]) { next += 1 }
    guard next < end, base[next] == Ascii.closeBrace else { return false }
    at = next
    isBad = true
    return true
  }

  /// An element that is refused refuses the array, but its rest is still read as JSON.
  mutating func array(_ slot: Int) throws(JSONFault) {
    let row = slots[slot].count
    let element = slots[slot].firstChild
    try enter()
    var isRefused = false
    try elements { (reader: inout Self) throws(JSONFault) in
      if isRefused { return try reader.skipValue() }
      isRefused = try !reader.takes(element, row: reader.slots[element].count)
    }
    depth -= 1
    if isRefused {
      columns.truncate(slot, to: row)
      throw .value
    }
    columns.endList(slot)
  }

  mutating func map(_ slot: Int) throws(JSONFault) {
    let row = slots[slot].count
    let (keys, values) = (slots[slot].firstChild, slots[slot].firstChild + 1)
    try enter()
    var isRefused = false
    try members { (reader: inout Self) throws(JSONFault) in
      let name = try reader.name()
      if !isRefused {
        reader.columns.append(reader.columns.view(copying: UnsafeRawBufferPointer(name)), to: keys)
      }
      try reader.colon()
      if isRefused { return try reader.skipValue() }
      isRefused = try !reader.takes(values, row: reader.slots[values].count)
    }
    depth -= 1
    if isRefused {
      columns.truncate(slot, to: row)
      throw .value
    }
    columns.endList(slot)
  }

  /// Calls `body` at each member's name. The opening brace is at `at`.
  mutating func members(
    _ body: (inout Self) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    at += 1
    try skipBlanks()
    if at < end, base[at] == Ascii.closeBrace {
      at += 1
      return
    }
    while true {
      try body(&self)
      try skipBlanks()
      guard at < end else { throw syntaxError("the text ends inside an object") }
      let separator = base[at]
      guard separator == Ascii.comma || separator == Ascii.closeBrace else {
        throw unexpected("inside an object")
      }
      at += 1
      if separator == Ascii.closeBrace { return }
      try skipBlanks()
    }
  }

  /// Calls `body` at each element. The opening bracket is at `at`.
  mutating func elements(
    _ body: (inout Self) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    at += 1
    try skipBlanks()
    if at < end, base[at] == Ascii.closeBracket {
      at += 1
      return
    }
    while true {
      try body(&self)
      try skipBlanks()
      guard at < end else { throw syntaxError("the text ends inside an array") }
      let separator = base[at]
      guard separator == Ascii.comma || separator == Ascii.closeBracket else {
        throw unexpected("inside an array")
      }
      at += 1
      if separator == Ascii.closeBracket { return }
      try skipBlanks()
    }
  }

  mutating func enter() throws(JSONFault) {
    depth += 1
    if depth > Self.depthLimit {
      throw syntaxError("arrays and objects nest deeper than \(Self.depthLimit) levels")
    }
  }

  mutating func colon() throws(JSONFault) {
    try skipBlanks()
    guard at < end, base[at] == Ascii.colon else { throw unexpected("where a colon is expected") }
    at += 1
    try skipBlanks()
  }

  mutating func unexpected(_ place: String) -> JSONFault {
    guard at < end else { return syntaxError("the text ends \(place)") }
    let byte = base[at]
    let shown =
      byte > 0x20 && byte < 0x7F
      ? "the character " + String(decoding: [byte], as: UTF8.self) : "the byte \(byte)"
    return syntaxError("\(shown) is not allowed \(place)")
  }
}
