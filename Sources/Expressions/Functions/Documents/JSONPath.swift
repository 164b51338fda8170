import Columns

/// A path such as `$.store.book[0]['title']`, as `get_json_object` takes it.
struct JSONPath {
  enum Step: Equatable {
    case field([UInt8])
    /// `.*`, which finds nothing in Spark.
    case anyField
    case element(Int)
    case anyElement
  }

  private let steps: [Step]

  /// nil: no such path.
  init?(_ text: Bytes) {
    guard text.first == UInt8(ascii: "$") else { return nil }
    var steps: [Step] = []
    var at = 1
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "."):
        let start = at + 1
        at = start
        while at < text.count, text[at] != UInt8(ascii: "."), text[at] != UInt8(ascii: "[") {
          at += 1
        }
        let name = Array(text[start..<at])
        if name.isEmpty { return nil }
        steps.append(name == Array("*".utf8) ? .anyField : .field(name))
      case UInt8(ascii: "["):
        guard let close = Self.closing(text, at + 1) else { return nil }
        let inner = Array(text[(at + 1)..<close])
        at = close + 1
        if inner == Array("*".utf8) {
          steps.append(.anyElement)
        } else if inner.first == UInt8(ascii: "'"), inner.last == UInt8(ascii: "'"), inner.count > 2
        {
          let name = Array(inner.dropFirst().dropLast())
          steps.append(name == Array("*".utf8) ? .anyField : .field(name))
        } else if let index = Int(String(decoding: inner, as: UTF8.self)), index >= 0 {
          steps.append(.element(index))
        } else {
          return nil
        }
      default: return nil
      }
    }
    self.steps = steps
  }

  private static func closing(_ text: Bytes, _ start: Int) -> Int? {
    var isQuoted = false
    for at in start..<max(text.count, start) {
      if text[at] == UInt8(ascii: "'") { isQuoted.toggle() }
      if text[at] == UInt8(ascii: "]"), !isQuoted { return at }
    }
    return nil
  }

  /// How strings and arrays that are found are written.
  private enum Style { case raw, quoted, flat }

  /// What the path finds in a text; nil: nothing, or the text is no JSON.
  func find(in text: Bytes) -> [UInt8]? {
    var cursor = JSONCursor(text)
    guard let found = try? values(&cursor, .raw, steps[...]), !found.isEmpty else { return nil }
    return Array(found.joined())
  }

  /// The values found, each as text.
  private func values(
    _ cursor: inout JSONCursor, _ style: Style, _ path: ArraySlice<Step>
  ) throws -> [[UInt8]] {
    let token = cursor.peek()
    guard let step = path.first else { return try whole(&cursor, style, token) }
    let rest = path.dropFirst()
    switch (token, step) {
    case (UInt8(ascii: "{"), .field):
      return try field(&cursor, style, step, rest)
    case (UInt8(ascii: "["), .anyElement): return try elements(&cursor, style, rest)
    case (UInt8(ascii: "["), .element(let index)):
      let inner = rest.first == .anyElement ? Style.quoted : style
      var (found, position): ([[UInt8]], Int) = ([], 0)
      try cursor.forEachElement { cursor in
        if position == index, cursor.peek() != UInt8(ascii: "n") || rest.isEmpty {
          found = try values(&cursor, inner, rest)
        } else {
          try cursor.skip()
        }
        position += 1
      }
      return found
    default:
      try cursor.skip()
      return []
    }
  }

  private func whole(_ cursor: inout JSONCursor, _ style: Style, _ token: UInt8) throws
    -> [[UInt8]]
  {
    if style == .raw, token == UInt8(ascii: "\"") || token == UInt8(ascii: "'") {
      return [try cursor.string()]
    }
    if style == .flat, token == UInt8(ascii: "[") {
      var found: [[UInt8]] = []
      try cursor.forEachElement { cursor in found += try values(&cursor, style, []) }
      return found
    }
    var text: [UInt8] = []
    try cursor.copy(to: &text)
    return [text]
  }

  private func field(
    _ cursor: inout JSONCursor, _ style: Style, _ step: Step, _ rest: ArraySlice<Step>
  ) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    try cursor.forEachField { cursor, name in
      let isNull = cursor.peek() == UInt8(ascii: "n")
      if found.isEmpty, step == .field(name), !isNull {
        found = try values(&cursor, style, rest)
      } else {
        try cursor.skip()
      }
    }
    return found
  }

  private func elements(
    _ cursor: inout JSONCursor, _ style: Style, _ rest: ArraySlice<Step>
  ) throws -> [[UInt8]] {
    // `[*][*]` flattens the inner arrays.
    if rest.first == .anyElement {
      let (found, matches) = try collect(&cursor, .flat, rest.dropFirst())
      return matches > 0 ? [array(found)] : []
    }
    if style == .quoted {
      let (found, matches) = try collect(&cursor, .quoted, rest)
      return matches > 0 ? [array(found)] : []
    }
    let (found, matches) = try collect(&cursor, style == .raw ? .quoted : .flat, rest)
    if matches == 0 { return [] }
    // A single match stands without the array around it.
    return [matches == 1 ? Array(found.joined(separator: [UInt8(ascii: ",")])) : array(found)]
  }

  private func collect(
    _ cursor: inout JSONCursor, _ style: Style, _ rest: ArraySlice<Step>
  ) throws -> (found: [[UInt8]], matches: Int) {
    var (found, matches): ([[UInt8]], Int) = ([], 0)
    try cursor.forEachElement { cursor in
      let some = try values(&cursor, style, rest)
      if !some.isEmpty { matches += 1 }
      found += some
    }
    return (found, matches)
  }

  private func array(_ values: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "[")] + Array(values.joined(separator: [UInt8(ascii: ",")]))
      + [UInt8(ascii: "]")]
  }
}
