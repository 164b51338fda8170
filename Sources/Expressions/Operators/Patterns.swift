import Columns
import Contract
import Glibc

/// LIKE and ILIKE.
let patternFunctions: [FunctionSpec] = [
  like("like", ignoringCase: false),
  like("ilike", ignoringCase: true),
  likeAll("likeany", isAny: true), likeAll("likeall", isAny: false),
  likeAll("notlikeany", isAny: true, isNegated: true),
  likeAll("notlikeall", isAny: false, isNegated: true),
  likeAll("ilikeany", isAny: true, ignoringCase: true),
  likeAll("ilikeall", isAny: false, ignoringCase: true),
  likeAll("notilikeany", isAny: true, isNegated: true, ignoringCase: true),
  likeAll("notilikeall", isAny: false, isNegated: true, ignoringCase: true),
]

private func like(_ name: String, ignoringCase: Bool) -> FunctionSpec {
  .scalar(
    name, category: "strings",
    summary: "Whether a text matches a pattern, in which `%` is any text and `_` any character"
      + (ignoringCase ? ", whatever the case of letters." : "."),
    [
      .column("text", .string, "the text"), .value("pattern", .string, "the pattern"),
      .value("escape", .string, default: "'\\'", "takes the meaning from the character behind it"),
    ], returns: "BOOLEAN",
    examples: [
      Example("'spark' \(name) 's%k'", "true"), Example("'a_c' \(name) 'a!_c' escape '!'", "true"),
      Example("ilike('ÉTÉ', 'é%')", "true"),
      Example("ilike('', '')", "true"),
      Example("ilike(NULL, 'a')", "NULL"),
      Example("'' LIKE '%'", "true"),
      Example("'Żółw' LIKE '__ł_'", "true"),
      Example("NULL LIKE 'a'", "NULL"),
    ]
  ) { call in
    var escape: UInt8 = UInt8(ascii: "\\")
    if call.arguments.count == 3 {
      guard let text = try call.constant(2).text, text.utf8.count == 1, let byte = text.utf8.first
      else {
        throw Failure(
          "INVALID_ESCAPE_CHAR", "ESCAPE takes a string of one character", origin: call.origin)
      }
      escape = byte
    }
    let chosen = escape
    let notation: ScalarFunction.Notation =
      ignoringCase
      ? .call
      : .custom {
        "\($0[0]) LIKE \($0[1])"
          + (chosen == UInt8(ascii: "\\") ? "" : " ESCAPE '\(String(UnicodeScalar(chosen)))'")
      }
    return call.with([call[0], call[1]]).result(.boolean, canFail: true, notation: notation) {
      columns, _ in
      try matched(columns[0], columns[1], escape: chosen, ignoringCase: ignoringCase)
    }
  }
}

private func likeAll(
  _ name: String, isAny: Bool, isNegated: Bool = false, ignoringCase: Bool = false
) -> FunctionSpec {
  .scalar(
    name, category: "operators",
    summary: "Whether a text \(isNegated ? "fails to match" : "matches") "
      + "\(isAny ? "some" : "each") of several patterns.",
    [.column("text", .string, "the text"), .value("patterns", .string, "the patterns")],
    isVariadic: true, returns: "BOOLEAN"
  ) { call in
    // Spark reads ILIKE as LIKE of small letters, and names it so.
    let shown = ignoringCase ? name.replacing("ilike", with: "like") : name
    return call.result(
      .boolean, nullable: .always, canFail: true,
      notation: .custom { "\(shown)(\(ignoringCase ? "lower(\($0[0]))" : $0[0]))" }
    ) { columns, _ in
      var found: TruthBits?
      for pattern in columns.dropFirst() {
        var one = try matched(
          columns[0], pattern, escape: UInt8(ascii: "\\"), ignoringCase: ignoringCase)
        if isNegated { one = inverted(one) }
        let bits = TruthBits(one)
        found = found.map { isAny ? $0.or(bits) : $0.and(bits) } ?? bits
      }
      return found?.vector ?? .constant(.boolean(!isAny), .boolean, count: columns[0].count)
    }
  }
}

private func matched(
  _ text: Vector, _ patterns: Vector, escape: UInt8, ignoringCase: Bool
) throws -> Vector {
  if patterns.isConstant, patterns.nullCount == 0, patterns.count > 0 {
    let pattern = try LikePattern(patterns.strings[0], escape: escape, ignoringCase: ignoringCase)
    return try mapped(text, to: .boolean) { (bytes: Bytes) in pattern.matches(bytes) }
  }
  return try mapped(text, patterns, to: .boolean) { (bytes: Bytes, written: Bytes) in
    try LikePattern(written, escape: escape, ignoringCase: ignoringCase).matches(bytes)
  }
}

/// A compiled pattern of LIKE.
struct LikePattern: Sendable {
  private enum Part: Sendable, Equatable {
    case byte(UInt8)
    /// `_`: one character, which may be several bytes.
    case character
    /// `%`
    case anything
  }

  private let parts: [Part]
  private let ignoresCase: Bool
  /// The pattern where it holds no `%` but at its ends, and no `_`.
  private let plain: (bytes: [UInt8], startsAnywhere: Bool, endsAnywhere: Bool)?

  init(_ pattern: Bytes, escape: UInt8, ignoringCase: Bool) throws {
    var written = Array(pattern)
    if ignoringCase { written = written.withUnsafeBytes { Self.lowered($0) } }
    var parts: [Part] = []
    var index = 0
    while index < written.count {
      let byte = written[index]
      if byte == escape {
        guard index + 1 < written.count else {
          throw Self.invalid(written, "ESC_AT_THE_END", "ends with its escape character")
        }
        let next = written[index + 1]
        guard next == escape || next == UInt8(ascii: "%") || next == UInt8(ascii: "_") else {
          throw Self.invalid(
            written, "ESC_IN_THE_MIDDLE",
            "has its escape character before '\(String(UnicodeScalar(next)))', which needs none")
        }
        parts.append(.byte(next))
        index += 2
        continue
      }
      switch byte {
      case UInt8(ascii: "%"): if parts.last != .anything { parts.append(.anything) }
      case UInt8(ascii: "_"): parts.append(.character)
      default: parts.append(.byte(byte))
      }
      index += 1
    }
    self.parts = parts
    ignoresCase = ignoringCase
    var middle = parts[...]
    let startsAnywhere = middle.first == .anything
    if startsAnywhere { middle = middle.dropFirst() }
    let endsAnywhere = middle.last == .anything
    if endsAnywhere { middle = middle.dropLast() }
    let bytes = middle.compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
    plain =
      bytes.count == middle.count
      ? (bytes, startsAnywhere, endsAnywhere || (startsAnywhere && parts.count == 1)) : nil
  }

  private static func invalid(_ pattern: [UInt8], _ kind: String, _ what: String) -> Failure {
    Failure(
      "INVALID_FORMAT.\(kind)", "the pattern '\(String(decoding: pattern, as: UTF8.self))' \(what)")
  }

  private static func lowered(_ text: Bytes) -> [UInt8] {
    Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
  }

  func matches(_ text: Bytes) -> Bool {
    if ignoresCase {
      return Self.lowered(text).withUnsafeBytes { find($0) }
    }
    return find(text)
  }

  @inline(__always)
  private func find(_ text: Bytes) -> Bool {
    guard let plain else { return general(text) }
    let wanted = plain.bytes
    return wanted.withUnsafeBytes { wanted in
      if text.count < wanted.count { return false }
      switch (plain.startsAnywhere, plain.endsAnywhere) {
      case (false, false): return text.count == wanted.count && same(text, 0, wanted)
      case (false, true): return same(text, 0, wanted)
      case (true, false): return same(text, text.count - wanted.count, wanted)
      case (true, true): return contains(text, wanted)
      }
    }
  }

  /// Goes along both; at a mismatch the last `%` takes one byte more.
  private func general(_ text: Bytes) -> Bool {
    var (at, part) = (0, 0)
    var (lastAnything, resume) = (-1, 0)
    while at < text.count {
      if part < parts.count {
        switch parts[part] {
        case .anything:
          (lastAnything, resume) = (part, at)
          part += 1
          continue
        case .character:
          at += 1
          while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
          part += 1
          continue
        case .byte(let byte) where byte == text[at]:
          at += 1
          part += 1
          continue
        case .byte: break
        }
      }
      if lastAnything < 0 { return false }
      resume += 1
      while resume < text.count, text[resume] & 0xC0 == 0x80 { resume += 1 }
      (at, part) = (resume, lastAnything + 1)
    }
    while part < parts.count, parts[part] == .anything { part += 1 }
    return part == parts.count
  }
}

@inline(__always)
private func same(_ text: Bytes, _ offset: Int, _ wanted: Bytes) -> Bool {
  guard let a = text.baseAddress, let b = wanted.baseAddress else { return wanted.isEmpty }
  return memcmp(a + offset, b, wanted.count) == 0
}

@inline(__always)
private func contains(_ text: Bytes, _ wanted: Bytes) -> Bool {
  guard let first = wanted.first, let part = wanted.baseAddress, var from = text.baseAddress
  else { return wanted.isEmpty }
  let last = from + (text.count - wanted.count)
  while from <= last, let found = memchr(from, Int32(first), last - UnsafeRawPointer(from) + 1) {
    if memcmp(found, part, wanted.count) == 0 { return true }
    from = UnsafeRawPointer(found) + 1
  }
  return false
}
