/// A regular expression in the syntax of `java.util.regex`, taken apart.
indirect enum JavaPattern {
  /// Characters that stand for themselves, under the flags that hold there.
  case literal(UInt32, JavaFlags)
  /// One character out of a set.
  case set(JavaCharacters)
  /// What PCRE2 writes in the same way, and matches nothing but a place: `\A`, `\b`.
  case place(String)
  /// What PCRE2 writes in the same way and matches text of its own choice: `\R`, `\X`.
  case text(String)
  case reference(Int, JavaFlags)
  case sequence([JavaPattern])
  case alternatives([JavaPattern])
  /// `number` is nil where the group captures nothing.
  case group(JavaPattern, number: Int?)
  case atomic(JavaPattern)
  case look(JavaPattern, isAhead: Bool, isNegative: Bool)
  /// `suffix` is empty, `?` or `+`; `most` nil: without end.
  case repeated(JavaPattern, least: Int, most: Int?, suffix: String)
}

/// The flags of `(?idmsuxU)`.
struct JavaFlags: OptionSet {
  let rawValue: UInt8
  static let ignoresCase = JavaFlags(rawValue: 1)
  static let unixLines = JavaFlags(rawValue: 2)
  static let multiline = JavaFlags(rawValue: 4)
  static let dotMatchesAll = JavaFlags(rawValue: 8)
  static let unicodeCase = JavaFlags(rawValue: 16)
  static let comments = JavaFlags(rawValue: 32)
  static let unicodeClasses = JavaFlags(rawValue: 64)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  fileprivate init?(_ letter: UInt32) {
    switch letter {
    case "i": self = .ignoresCase
    case "d": self = .unixLines
    case "m": self = .multiline
    case "s": self = .dotMatchesAll
    case "u": self = .unicodeCase
    case "x": self = .comments
    case "U": self = [.unicodeClasses, .unicodeCase]
    default: return nil
    }
  }
}

/// Why a text is no pattern, in words.
struct JavaPatternError: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

func ~= (letter: Unicode.Scalar, scalar: UInt32) -> Bool { letter.value == scalar }

extension UInt32 {
  func isScalar(_ letter: Unicode.Scalar) -> Bool { letter.value == self }
}

/// Reads a pattern as `java.util.regex` does, with its rules for what is malformed.
struct JavaPatternParser {
  struct Element {
    let scalar: UInt32
    /// Stands for itself: it was within `\Q…\E`.
    let isQuoted: Bool
  }

  let elements: [Element]
  var at = 0
  var flags: JavaFlags
  var classDepth = 0
  /// Capturing groups that were opened so far.
  private(set) var groupCount = 0
  private(set) var names: [String: Int] = [:]

  private init(_ pattern: some Sequence<UInt8>) {
    elements = Self.unquoted(String(decoding: Array(pattern), as: UTF8.self).unicodeScalars)
    flags = []
  }

  /// The pattern, how many groups it captures, and the numbers of the named ones.
  static func parse(
    _ pattern: some Sequence<UInt8>
  ) throws -> (pattern: JavaPattern, groups: Int, names: [String: Int]) {
    var parser = JavaPatternParser(pattern)
    let parsed = try parser.alternatives(depth: 0)
    if parser.at < parser.elements.count { throw JavaPatternError("a `)` closes no group") }
    return (parsed, parser.groupCount, parser.names)
  }

  private static func unquoted(_ scalars: String.UnicodeScalarView) -> [Element] {
    var elements: [Element] = []
    var isQuoting = false
    var rest = scalars[...]
    while let scalar = rest.popFirst() {
      let next = scalar == "\\" ? rest.first : nil
      if isQuoting {
        if next == "E" {
          isQuoting = false
          rest.removeFirst()
        } else {
          elements.append(Element(scalar: scalar.value, isQuoted: true))
        }
      } else if next == "Q" {
        isQuoting = true
        rest.removeFirst()
      } else {
        elements.append(Element(scalar: scalar.value, isQuoted: false))
        if let next {
          elements.append(Element(scalar: next.value, isQuoted: false))
          rest.removeFirst()
        }
      }
    }
    return elements
  }

  // MARK: Characters

  /// The next element that is neither a blank nor a comment, where comments are allowed.
  mutating func peek() -> Element? {
    if flags.contains(.comments) { skipComments() }
    return at < elements.count ? elements[at] : nil
  }

  /// The character behind the next one.
  func follows(_ letter: Unicode.Scalar, after count: Int = 0) -> Bool {
    at + count < elements.count && !elements[at + count].isQuoted
      && elements[at + count].scalar == letter.value
  }

  private mutating func skipComments() {
    while at < elements.count, !elements[at].isQuoted {
      switch elements[at].scalar {
      case 0x20, 0x09...0x0D: at += 1
      case "#":
        while at < elements.count, !isLineEnd(elements[at].scalar) { at += 1 }
      default: return
      }
    }
  }

  private func isLineEnd(_ scalar: UInt32) -> Bool {
    flags.contains(.unixLines) ? scalar == 10 : [10, 13, 0x85, 0x2028, 0x2029].contains(scalar)
  }

  /// The next character as it stands, blanks and all.
  mutating func read() -> UInt32? {
    guard at < elements.count else { return nil }
    at += 1
    return elements[at - 1].scalar
  }

  mutating func accept(_ letter: Unicode.Scalar) -> Bool {
    guard let next = peek(), !next.isQuoted, next.scalar == letter.value else { return false }
    at += 1
    return true
  }

  // MARK: Structure

  private mutating func alternatives(depth: Int) throws -> JavaPattern {
    if depth > 250 { throw JavaPatternError("its groups are nested too deeply") }
    var choices = [try sequence(depth: depth)]
    while accept("|") { choices.append(try sequence(depth: depth)) }
    return choices.count == 1 ? choices[0] : .alternatives(choices)
  }

  private mutating func sequence(depth: Int) throws -> JavaPattern {
    var parts: [JavaPattern] = []
    while let next = peek() {
      if next.isQuoted {
        at += 1
        parts.append(try repetition(.literal(next.scalar, flags)))
        continue
      }
      switch next.scalar {
      case "|", ")": return .sequence(parts)
      case "(":
        at += 1
        if let group = try group(depth: depth + 1) { parts.append(try repetition(group)) }
        continue
      case "?", "*", "+": throw JavaPatternError("`\(text(next))` repeats nothing")
      default: parts.append(try repetition(try atom(next)))
      }
    }
    return .sequence(parts)
  }

  private func text(_ element: Element) -> String {
    Unicode.Scalar(element.scalar).map { String($0) } ?? "?"
  }

  private mutating func atom(_ next: Element) throws -> JavaPattern {
    // A brace that repeats nothing repeats the empty text.
    if next.scalar.isScalar("{") { return .sequence([]) }
    at += 1
    switch next.scalar {
    case "[": return .set(try characterClass(consumesEnd: true))
    case "\\": return try escape()
    case "^": return .place(JavaLines.start(flags))
    case "$": return .place(JavaLines.end(flags))
    case ".": return .set(JavaLines.dot(flags))
    default: return .literal(next.scalar, flags)
    }
  }

  private mutating func repetition(_ atom: JavaPattern) throws -> JavaPattern {
    guard let next = peek(), !next.isQuoted else { return atom }
    var (least, most): (Int, Int?) = (0, nil)
    switch next.scalar {
    case "?": most = 1
    case "*": break
    case "+": least = 1
    case "{":
      at += 1
      (least, most) = try counts()
    default: return atom
    }
    if !next.scalar.isScalar("{") { at += 1 }
    let suffix = accept("?") ? "?" : accept("+") ? "+" : ""
    return .repeated(atom, least: least, most: most, suffix: suffix)
  }

  private mutating func counts() throws -> (Int, Int?) {
    guard let least = try number() else { throw JavaPatternError("a `{` without a count") }
    var most: Int? = least
    if accept(",") { most = try number() }
    guard follows("}") else { throw JavaPatternError("a `{` is not closed") }
    at += 1
    if let most, most < least { throw JavaPatternError("a count that ends before it begins") }
    return (least, most)
  }

  private mutating func number() throws -> Int? {
    var value: Int?
    while at < elements.count, elements[at].scalar &- 48 < 10 {
      value = (value ?? 0) * 10 + Int(elements[at].scalar - 48)
      if value ?? 0 > Int(Int32.max) { throw JavaPatternError("a count is too large") }
      at += 1
    }
    return value
  }

  // MARK: Groups

  /// nil: flags alone, which hold from here on.
  private mutating func group(depth: Int) throws -> JavaPattern? {
    let saved = flags
    guard follows("?") else {
      groupCount += 1
      let number = groupCount
      return try closed(.group(try alternatives(depth: depth), number: number), saved)
    }
    at += 1
    let kind = read()
    switch kind {
    case ":"?: return try closed(.group(try alternatives(depth: depth), number: nil), saved)
    case ">"?: return try closed(.atomic(try alternatives(depth: depth)), saved)
    case "="?, "!"?:
      let inner = try alternatives(depth: depth)
      return try closed(.look(inner, isAhead: true, isNegative: kind == 0x21), saved)
    case "<"?:
      if follows("=") || follows("!") {
        let isNegative = follows("!")
        at += 1
        let inner = try alternatives(depth: depth)
        return try closed(.look(inner, isAhead: false, isNegative: isNegative), saved)
      }
      let name = try groupName()
      if names[name] != nil { throw JavaPatternError("two groups are named `\(name)`") }
      groupCount += 1
      names[name] = groupCount
      let number = groupCount
      return try closed(.group(try alternatives(depth: depth), number: number), saved)
    case "$"?, "@"?, nil: throw JavaPatternError("there is no such kind of group")
    default:
      at -= 1
      return try flagGroup(saved, depth: depth)
    }
  }

  private mutating func closed(_ group: JavaPattern, _ saved: JavaFlags) throws -> JavaPattern {
    guard accept(")") else { throw JavaPatternError("a group is not closed") }
    flags = saved
    return group
  }

  private mutating func flagGroup(_ saved: JavaFlags, depth: Int) throws -> JavaPattern? {
    var isRemoving = false
    while let letter = read() {
      switch letter {
      case ")": return nil
      case ":": return try closed(.group(try alternatives(depth: depth), number: nil), saved)
      case "-" where !isRemoving: isRemoving = true
      case "c": break
      default:
        guard let flag = JavaFlags(letter) else { throw JavaPatternError("no such flag") }
        if isRemoving { flags.subtract(flag) } else { flags.formUnion(flag) }
      }
    }
    throw JavaPatternError("a group is not closed")
  }

  private mutating func groupName() throws -> String {
    var name = ""
    while let letter = read(), !letter.isScalar(">") {
      guard let scalar = Unicode.Scalar(letter), scalar.isASCII,
        scalar.properties.isAlphabetic || (!name.isEmpty && letter &- 48 < 10)
      else { throw JavaPatternError("a group's name is made of ASCII letters and digits") }
      name.unicodeScalars.append(scalar)
    }
    if name.isEmpty { throw JavaPatternError("a group's name is empty") }
    return name
  }

  // MARK: Escapes

  private mutating func escape() throws -> JavaPattern {
    guard at < elements.count else { throw JavaPatternError("it ends with a backslash") }
    let letter = elements[at].scalar
    at += 1
    switch letter {
    case "A", "G", "z": return .place("\\" + text(elements[at - 1]))
    case "Z": return .place(JavaLines.end(flags.subtracting(.multiline)))
    case "b", "B":
      if follows("{") { throw JavaPatternError("boundaries of graphemes are not supported") }
      return .place(JavaLines.wordBoundary(isNegative: letter.isScalar("B")))
    case "R", "X": return .text("\\" + text(elements[at - 1]))
    case 0x31...0x39: return .reference(reference(Int(letter - 48)), flags)
    case "k":
      guard follows("<") else { throw JavaPatternError("`\\k` has no `<name>`") }
      at += 1
      let name = try groupName()
      guard let number = names[name] else { throw JavaPatternError("no group `\(name)`") }
      return .reference(number, flags)
    default:
      at -= 1
      if let set = try escapedSet() { return .set(set) }
      return .literal(try escapedScalar(), flags)
    }
  }

  /// As many digits as make a group that there is.
  private mutating func reference(_ first: Int) -> Int {
    var number = first
    while at < elements.count, elements[at].scalar &- 48 < 10 {
      let longer = number * 10 + Int(elements[at].scalar - 48)
      if longer > groupCount { break }
      number = longer
      at += 1
    }
    return number
  }
}
