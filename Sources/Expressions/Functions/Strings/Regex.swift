import CSystem
import Columns
import Contract

/// A compiled regular expression in Java's syntax. One user at a time.
final class Regex {
  private let handle: OpaquePointer
  /// Capturing groups.
  let groupCount: Int

  /// The numbers of the named groups.
  let names: [String: Int]

  /// Throws Spark's `INVALID_PARAMETER_VALUE.PATTERN` for a malformed pattern.
  init(_ pattern: [UInt8], function: String) throws {
    func malformed(_ reason: String) -> Failure {
      Failure(
        "INVALID_PARAMETER_VALUE.PATTERN",
        "`\(String(decoding: pattern, as: UTF8.self))`, the pattern of `\(function)`, is no "
          + "regular expression: \(reason)")
    }
    var translated: String
    do {
      let parsed = try JavaPatternParser.parse(pattern)
      translated = try JavaPatternWriter(groupCount: parsed.groups).text(parsed.pattern)
      names = parsed.names
    } catch let error as JavaPatternError { throw malformed(error.reason) }
    var message = [CChar](repeating: 0, count: 256)
    let handle = translated.withUTF8 { bytes in
      moontide_regex_new(
        UnsafeRawPointer(bytes.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped),
        bytes.count, &message, message.count)
    }
    guard let handle else {
      let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw malformed(String(decoding: reason, as: UTF8.self))
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
}

/// The regular expressions of one column of patterns: compiled once each.
struct RegexColumn {
  private let reader: StringReader
  private let function: String
  private var known: [[UInt8]: Regex] = [:]
  private var last: Regex?
  private let isConstant: Bool

  init(_ patterns: Vector, function: String) {
    reader = patterns.strings
    isConstant = patterns.isConstant
    self.function = function
  }

  subscript(row: Int) -> Regex {
    mutating get throws {
      if isConstant, let last { return last }
      let pattern = Array(reader[row])
      if let regex = known[pattern] { return regex }
      let regex = try Regex(pattern, function: function)
      if known.count > 1000 { known = [:] }
      known[pattern] = regex
      last = regex
      return regex
    }
  }
}
