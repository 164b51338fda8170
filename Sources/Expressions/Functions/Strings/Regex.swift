import CSystem
import Columns
import Contract

/// A compiled regular expression in Java's syntax. One user at a time.
final class Regex {
  private let handle: OpaquePointer
  /// Capturing groups.
  let groupCount: Int

  /// Throws Spark's `INVALID_PARAMETER_VALUE.PATTERN` for a malformed pattern.
  init(_ pattern: [UInt8], ignoringCase: Bool = false, function: String) throws {
    var message = [CChar](repeating: 0, count: 256)
    let translated = Self.translated(pattern)
    let handle = translated.withUnsafeBytes { bytes in
      moontide_regex_new(
        bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped, bytes.count,
        ignoringCase ? 1 : 0, &message, message.count)
    }
    guard let handle else {
      let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw Failure(
        "INVALID_PARAMETER_VALUE.PATTERN",
        "`\(String(decoding: pattern, as: UTF8.self))`, the pattern of `\(function)`, is no "
          + "regular expression: \(String(decoding: reason, as: UTF8.self))")
    }
    self.handle = handle
    groupCount = Int(moontide_regex_group_count(handle))
  }

  deinit { moontide_regex_free(handle) }

  /// The first match at or behind byte `start`.
  @inline(__always)
  func match(_ text: Bytes, from start: Int) throws -> Range<Int>? {
    let found = moontide_regex_match(handle, text.baseAddress, text.count, start)
    if found == 0 { return nil }
    if found < 0 {
      throw Failure(
        "REGEX_MATCH_LIMIT", "a regular expression needed too many steps on a text",
        hint: "Avoid nested repetitions such as (a+)+.")
    }
    return range(0)
  }

  /// Where a group of the last match lies; nil when it took no part in it.
  func range(_ group: Int) -> Range<Int>? {
    let ranges = moontide_regex_ranges(handle)
    let (start, end) = (ranges[group * 2], ranges[group * 2 + 1])
    return start == Int.max || start == -1 || start > end ? nil : Int(start)..<Int(end)
  }

  /// Calls `body` for each match as Java's `find` finds them, from byte `start`, until it returns
  /// false.
  @inline(__always)
  func forEachMatch(
    _ text: Bytes, from start: Int = 0, _ body: (Range<Int>) throws -> Bool
  ) throws {
    var at = start
    while at <= text.count, let found = try match(text, from: at) {
      if try !body(found) { return }
      at = found.upperBound
      if found.isEmpty {
        at += 1
        while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
      }
    }
  }

  /// Java's names of character classes as PCRE2 has them.
  private static let classes: [String: String] = [
    "Lower": "[:lower:]", "Upper": "[:upper:]", "ASCII": "\\x00-\\x7F", "Alpha": "[:alpha:]",
    "Digit": "[:digit:]", "Alnum": "[:alnum:]", "Punct": "[:punct:]", "Graph": "[:graph:]",
    "Print": "[:print:]", "Blank": "[:blank:]", "Cntrl": "[:cntrl:]", "XDigit": "[:xdigit:]",
    "Space": "\\s", "javaLowerCase": "\\p{Ll}", "javaUpperCase": "\\p{Lu}",
    "javaWhitespace": "\\s", "IsAlphabetic": "\\p{L}", "IsLetter": "\\p{L}",
    "IsDigit": "\\p{Nd}", "IsUppercase": "\\p{Lu}", "IsLowercase": "\\p{Ll}",
    "IsPunctuation": "\\p{P}", "IsWhite_Space": "\\s",
  ]

  /// The pattern in PCRE2's syntax: Java's class names, its `\uXXXX`, and a `[` that stands for
  /// itself within a class.
  private static func translated(_ pattern: [UInt8]) -> [UInt8] {
    guard pattern.contains(0x5C) else { return pattern }
    var out: [UInt8] = []
    var inClass = false
    var at = 0
    while at < pattern.count {
      let byte = pattern[at]
      guard byte == 0x5C, at + 1 < pattern.count else {
        if byte == 0x5B { inClass = true } else if byte == 0x5D { inClass = false }
        out.append(byte)
        at += 1
        continue
      }
      let next = pattern[at + 1]
      if next == UInt8(ascii: "p") || next == UInt8(ascii: "P"), at + 2 < pattern.count,
        pattern[at + 2] == UInt8(ascii: "{"),
        let end = pattern[at...].firstIndex(of: UInt8(ascii: "}"))
      {
        let name = String(decoding: pattern[(at + 3)..<end], as: UTF8.self)
        out += classText(name, isNegated: next == UInt8(ascii: "P"), inClass: inClass).utf8
        at = end + 1
      } else if next == UInt8(ascii: "u"), at + 6 <= pattern.count {
        out += "\\x{\(String(decoding: pattern[(at + 2)..<(at + 6)], as: UTF8.self))}".utf8
        at += 6
      } else if next == UInt8(ascii: "Q"), let end = endOfQuote(pattern, at + 2) {
        out += pattern[at..<end]
        at = end
      } else {
        out += [byte, next]
        at += 2
      }
    }
    return out
  }

  /// Where the text quoted by `\Q…\E` ends.
  private static func endOfQuote(_ pattern: [UInt8], _ start: Int) -> Int? {
    var at = start
    while at + 1 < pattern.count {
      if pattern[at] == 0x5C, pattern[at + 1] == UInt8(ascii: "E") { return at + 2 }
      at += 1
    }
    return pattern.count
  }

  private static func classText(_ name: String, isNegated: Bool, inClass: Bool) -> String {
    if let known = classes[name] {
      if inClass, !isNegated { return known }
      return isNegated ? "[^\(known)]" : "[\(known)]"
    }
    let plain = name.hasPrefix("Is") ? String(name.dropFirst(2)) : name
    return "\\\(isNegated ? "P" : "p"){\(plain)}"
  }
}

/// The regular expressions of one column of patterns: compiled once each.
struct RegexColumn {
  private let reader: StringReader
  private let function: String
  private let ignoresCase: Bool
  private var known: [[UInt8]: Regex] = [:]
  private var last: Regex?
  private let isConstant: Bool

  init(_ patterns: Vector, function: String, ignoringCase: Bool = false) {
    reader = patterns.strings
    isConstant = patterns.isConstant
    self.function = function
    ignoresCase = ignoringCase
  }

  subscript(row: Int) -> Regex {
    mutating get throws {
      if isConstant, let last { return last }
      let pattern = Array(reader[row])
      if let regex = known[pattern] { return regex }
      let regex = try Regex(pattern, ignoringCase: ignoresCase, function: function)
      if known.count > 1000 { known = [:] }
      known[pattern] = regex
      last = regex
      return regex
    }
  }
}
