/// A set of characters of a pattern, before it is written for PCRE2.
indirect enum JavaCharacters: Sendable {
  /// What may stand between the brackets of one class.
  case items(String)
  /// The same without regard to case, by Unicode's rules.
  case folded(String)
  case either(JavaCharacters, JavaCharacters)
  case both(JavaCharacters, JavaCharacters)
  case not(JavaCharacters)

  private static let all = "\\x{0}-\\x{10FFFF}"
  static let any = JavaCharacters.items(all)

  /// The characters of two sets; plain ones stay one class.
  func union(_ other: JavaCharacters) -> JavaCharacters {
    switch (self, other) {
    case (.items(let mine), .items(let theirs)): .items(mine + theirs)
    case (.folded(let mine), .folded(let theirs)): .folded(mine + theirs)
    default: .either(self, other)
    }
  }

  /// An expression of PCRE2 that matches one character of the set.
  var text: String {
    switch self {
    case .items(""): "(?!)"
    case .items(let items): "[\(items)]"
    case .folded(let items): "(?i:[\(items)])"
    case .not(.items(let items)): "[^\(items)]"
    case .not(.folded(let items)): "(?i:[^\(items)])"
    case .not(let inner): "(?:(?!\(inner.text))[\(Self.all)])"
    case .either(let one, let other): "(?:\(one.text)|\(other.text))"
    case .both(let one, let other): "(?:(?=\(one.text))\(other.text))"
    }
  }

  /// A range of code points in PCRE2's notation. Surrogates are no characters here.
  static func range(_ low: UInt32, _ high: UInt32) -> String {
    func point(_ value: UInt32) -> String { "\\x{\(String(value, radix: 16))}" }
    if low == high { return (0xD800...0xDFFF).contains(low) ? "" : point(low) }
    var parts = ""
    let (below, above) = (min(high, 0xD7FF), max(low, 0xE000))
    if low <= below { parts += "\(point(low))-\(point(below))" }
    if above <= high { parts += "\(point(above))-\(point(high))" }
    return parts
  }

  /// A range under flags: without regard to case that is to the case of ASCII's letters, unless
  /// `u` says otherwise.
  static func range(_ low: UInt32, _ high: UInt32, _ flags: JavaFlags) -> JavaCharacters {
    var items = range(low, high)
    guard flags.contains(.ignoresCase) else { return .items(items) }
    if flags.contains(.unicodeCase) {
      // Java compares the small letters of the capitals, so that these four are one.
      let touchesI = [0x49, 0x69, 0x130, 0x131].contains { (low...high).contains($0) }
      return .folded(items + (touchesI ? "i\\x{130}\\x{131}" : ""))
    }
    // One bit tells ASCII's small letters from its capitals.
    for letters in [UInt32(0x41)...0x5A, 0x61...0x7A] where letters.overlaps(low...high) {
      let same = letters.clamped(to: low...high)
      items += range(same.lowerBound ^ 0x20, same.upperBound ^ 0x20)
    }
    return .items(items)
  }
}

/// Lines and words as Java sees them.
enum JavaLines {
  private static let ends = "\\n\\r\\x{85}\\x{2028}\\x{2029}"

  static func dot(_ flags: JavaFlags) -> JavaCharacters {
    if flags.contains(.dotMatchesAll) { return .any }
    return .not(.items(flags.contains(.unixLines) ? "\\n" : ends))
  }

  static func start(_ flags: JavaFlags) -> String {
    guard flags.contains(.multiline) else { return "\\A" }
    if flags.contains(.unixLines) { return "(?:\\A|(?<=\\n))(?!\\z)" }
    return "(?:\\A|(?<=[\\n\\x{85}\\x{2028}\\x{2029}])|(?<=\\r)(?!\\n))(?!\\z)"
  }

  static func end(_ flags: JavaFlags) -> String {
    let stop = flags.contains(.multiline) ? "" : "\\z"
    if flags.contains(.unixLines) { return "(?:\\z|(?=\\n\(stop)))" }
    return "(?:\\z|(?!(?<=\\r)\\n)(?=(?:\\r\\n|[\(ends)])\(stop)))"
  }

  /// Letters and digits of all scripts make words here, unlike in `\w`, with the marks on them.
  static func wordBoundary(isNegative: Bool) -> String {
    let (word, base) = ("[\\p{L}\\p{Nd}_]", "[\\p{L}\\p{Nd}]")
    let marked = (0...3).map { base + String(repeating: "\\p{Mn}", count: $0) }
    let isMarked = "(?<=\(marked.joined(separator: "|")))"
    let left = "(?:(?<=\(word))|(?<=\\p{Mn})\(isMarked))"
    let right = "(?:(?=\(word))|(?=\\p{Mn})\(isMarked))"
    let isBoundary = "(?:\(left)(?!\(right))|\(right)(?!\(left)))"
    return isNegative ? "(?!\(isBoundary))" : isBoundary
  }
}
