/// Writes a pattern of Java's in the syntax of PCRE2.
struct JavaPatternWriter {
  /// Capturing groups of the whole pattern.
  let groupCount: Int
  /// More ways to match than this are not written out for a text behind a place.
  private static let mostWays = 300

  func text(_ pattern: JavaPattern) throws -> String {
    switch pattern {
    case .literal(let scalar, let flags): literal(scalar, flags)
    case .set(let set): set.text
    case .place(let text), .text(let text): text
    case .reference(let number, let flags): reference(number, flags)
    case .sequence(let parts): try parts.map { try text($0) }.joined()
    case .alternatives(let choices):
      "(?:" + (try choices.map { try text($0) }.joined(separator: "|")) + ")"
    case .group(let inner, let number): (number == nil ? "(?:" : "(") + (try text(inner)) + ")"
    case .atomic(let inner): "(?>" + (try text(inner)) + ")"
    case .look(let inner, true, let isNegative):
      (isNegative ? "(?!" : "(?=") + (try text(inner)) + ")"
    case .look(let inner, false, let isNegative): try behind(inner, isNegative)
    case .repeated(let inner, let least, let most, let suffix):
      try repeated(inner, least, most, suffix)
    }
  }

  private func literal(_ scalar: UInt32, _ flags: JavaFlags) -> String {
    if flags.contains(.ignoresCase) {
      let set = JavaCharacters.range(scalar, scalar, flags)
      let isPlain =
        scalar < 0x80 && !(0x41...0x5A).contains(scalar)
        && !(0x61...0x7A).contains(scalar)
      if !isPlain { return set.text }
    }
    let range = JavaCharacters.range(scalar, scalar)
    // Half of a surrogate pair is nowhere in UTF-8.
    return range.isEmpty ? "(?!)" : range
  }

  private func reference(_ number: Int, _ flags: JavaFlags) -> String {
    if number > groupCount { return "(?!)" }
    return flags.contains(.ignoresCase) ? "(?i:\\g{\(number)})" : "\\g{\(number)}"
  }

  private func repeated(
    _ inner: JavaPattern, _ least: Int, _ most: Int?, _ suffix: String
  ) throws -> String {
    var atom = try text(inner)
    switch inner {
    case .literal, .set, .group, .atomic: break
    default: atom = "(?:\(atom))"
    }
    // PCRE2 counts to 65535; larger counts are written as counts of counts.
    if least > 65535 || most ?? 0 > 65535 {
      throw JavaPatternError("a count above 65535 is not supported")
    }
    switch (least, most) {
    case (0, 1?): return "\(atom)?\(suffix)"
    case (0, nil): return "\(atom)*\(suffix)"
    case (1, nil): return "\(atom)+\(suffix)"
    case (_, nil): return "\(atom){\(least),}\(suffix)"
    case (_, let most?): return "\(atom){\(least),\(most)}\(suffix)"
    }
  }

  // MARK: Behind

  /// PCRE2 looks behind for texts of one length only; Java for those of a greatest length. Each
  /// length is written out.
  private func behind(_ inner: JavaPattern, _ isNegative: Bool) throws -> String {
    let ways = try self.ways(shortened(inner)).sorted { $0.length < $1.length }
    if ways.count == 1 { return (isNegative ? "(?<!" : "(?<=") + ways[0].text + ")" }
    // Groups have one number in all the ways.
    let choices = "(?|" + ways.map { "(?<=\($0.text))" }.joined(separator: "|") + ")"
    return isNegative ? "(?!\(choices))" : choices
  }

  /// What stands first in a text behind is met by its fewest repetitions whenever by more.
  private func shortened(_ pattern: JavaPattern) -> JavaPattern {
    switch pattern {
    case .repeated(let inner, let least, _, _):
      return .repeated(inner, least: least, most: least, suffix: "")
    case .sequence(let parts):
      guard let first = parts.first else { return pattern }
      return .sequence([shortened(first)] + parts.dropFirst())
    case .alternatives(let choices): return .alternatives(choices.map { shortened($0) })
    case .group(let inner, nil): return .group(shortened(inner), number: nil)
    default: return pattern
    }
  }

  private struct Way {
    var text: String
    var length: Int
  }

  private func ways(_ pattern: JavaPattern) throws -> [Way] {
    switch pattern {
    case .literal, .set: return [Way(text: try text(pattern), length: 1)]
    case .place(let text): return [Way(text: text, length: 0)]
    case .look: return [Way(text: try text(pattern), length: 0)]
    case .text("\\R"):
      return [Way(text: "[\\n-\\r\\x{85}\\x{2028}\\x{2029}]", length: 1)]
        + [Way(text: "\\r\\n", length: 2)]
    case .text, .reference: throw endless()
    case .sequence(let parts):
      return try parts.reduce([Way(text: "", length: 0)]) { try joined($0, try ways($1)) }
    case .alternatives(let choices): return try checked(try choices.flatMap { try ways($0) })
    case .group(let inner, let number):
      return try ways(inner).map {
        Way(text: (number == nil ? "(?:" : "(") + $0.text + ")", length: $0.length)
      }
    case .atomic(let inner): return try ways(inner)
    case .repeated(let inner, let least, let most, _):
      guard let most else { throw endless() }
      let once = try ways(inner)
      var run = [Way(text: "", length: 0)]
      var all: [Way] = least == 0 ? run : []
      for count in 0..<most {
        run = try joined(run, once)
        if count + 1 >= least { all = try checked(all + run) }
      }
      return all
    }
  }

  private func joined(_ first: [Way], _ second: [Way]) throws -> [Way] {
    if first.count * second.count > Self.mostWays { throw tooMany() }
    return first.flatMap { one in
      second.map { Way(text: one.text + $0.text, length: one.length + $0.length) }
    }
  }

  private func checked(_ ways: [Way]) throws -> [Way] {
    if ways.count > Self.mostWays { throw tooMany() }
    return ways
  }

  private func endless() -> JavaPatternError {
    JavaPatternError("a look behind has no obvious greatest length")
  }

  private func tooMany() -> JavaPatternError {
    JavaPatternError("a look behind has more than \(Self.mostWays) ways to match")
  }
}
