/// How JSON text is laid out where it is not written as short as can be: a second pass over the
/// text of a row, for the options that few use.
struct JSONLayout: Sendable {
  /// Line ends and indents, as Jackson's default printer makes them.
  var isPretty = false
  /// The members of every object in the order of their names.
  var sortsKeys = false
  /// Characters outside ASCII as `\uXXXX`.
  var escapesNonASCII = false

  /// nil: the text stays as it is.
  init?(isPretty: Bool, sortsKeys: Bool, escapesNonASCII: Bool) {
    if !isPretty && !sortsKeys && !escapesNonASCII { return nil }
    (self.isPretty, self.sortsKeys, self.escapesNonASCII) = (isPretty, sortsKeys, escapesNonASCII)
  }

  /// Appends well-formed JSON without white space in this layout.
  func append(_ json: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    var at = 0
    value(json, &at, depth: 0, &out)
  }

  private func value(
    _ json: UnsafeRawBufferPointer, _ at: inout Int, depth: Int, _ out: inout [UInt8]
  ) {
    switch json[at] {
    case UInt8(ascii: "{"): object(json, &at, depth: depth, &out)
    case UInt8(ascii: "["): array(json, &at, depth: depth, &out)
    default:
      let start = at
      skip(json, &at)
      scalar(json[start..<at], &out)
    }
  }

  /// Moves behind the value at `at`.
  private func skip(_ json: UnsafeRawBufferPointer, _ at: inout Int) {
    var depth = 0
    while at < json.count {
      let byte = json[at]
      if byte == UInt8(ascii: "\"") {
        at += 1
        while json[at] != UInt8(ascii: "\"") { at += json[at] == UInt8(ascii: "\\") ? 2 : 1 }
      } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        depth += 1
      } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
        if depth == 0 { return }
        depth -= 1
      } else if depth == 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") {
        return
      }
      at += 1
    }
  }

  private func object(
    _ json: UnsafeRawBufferPointer, _ at: inout Int, depth: Int, _ out: inout [UInt8]
  ) {
    at += 1
    var members: [(name: Range<Int>, value: Int)] = []
    while json[at] != UInt8(ascii: "}") {
      if json[at] == UInt8(ascii: ",") { at += 1 }
      let start = at
      skip(json, &at)
      members.append((start..<at, at + 1))
      at += 1
      skip(json, &at)
    }
    at += 1
    if sortsKeys {
      members.sort { json[$0.name].lexicographicallyPrecedes(json[$1.name]) }
    }
    out.append(UInt8(ascii: "{"))
    for (index, member) in members.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      indent(depth + 1, &out)
      scalar(json[member.name], &out)
      out += isPretty ? Array(" : ".utf8) : Array(":".utf8)
      var place = member.value
      value(json, &place, depth: depth + 1, &out)
    }
    if members.isEmpty {
      if isPretty { out.append(UInt8(ascii: " ")) }
    } else {
      indent(depth, &out)
    }
    out.append(UInt8(ascii: "}"))
  }

  private func array(
    _ json: UnsafeRawBufferPointer, _ at: inout Int, depth: Int, _ out: inout [UInt8]
  ) {
    at += 1
    out.append(UInt8(ascii: "["))
    if isPretty { out.append(UInt8(ascii: " ")) }
    var isFirst = true
    while json[at] != UInt8(ascii: "]") {
      if json[at] == UInt8(ascii: ",") { at += 1 }
      if !isFirst { out += isPretty ? Array(", ".utf8) : Array(",".utf8) }
      isFirst = false
      value(json, &at, depth: depth, &out)
    }
    at += 1
    if isPretty, !isFirst { out.append(UInt8(ascii: " ")) }
    out.append(UInt8(ascii: "]"))
  }

  private func indent(_ depth: Int, _ out: inout [UInt8]) {
    guard isPretty else { return }
    out.append(UInt8(ascii: "\n"))
    out += [UInt8](repeating: UInt8(ascii: " "), count: depth * 2)
  }

  private func scalar(_ text: Slice<UnsafeRawBufferPointer>, _ out: inout [UInt8]) {
    guard escapesNonASCII, text.contains(where: { $0 >= 0x80 }) else {
      out.append(contentsOf: text)
      return
    }
    let digits = Array("0123456789ABCDEF".utf8)
    for unit in String(decoding: text, as: UTF8.self).utf16 {
      if unit < 0x80 {
        out.append(UInt8(unit))
        continue
      }
      out += Array("\\u".utf8)
      for shift: UInt16 in [12, 8, 4, 0] { out.append(digits[Int(unit >> shift & 15)]) }
    }
  }
}
