import Contract

/// Classes of characters: `[a-z&&[^b]]`, `\p{L}`, `\d`, and single characters behind a backslash.
extension JavaPatternParser {
  /// The class whose `[` was read. Without `consumesEnd` it is the right side of `&&`, which has
  /// no bracket of its own.
  mutating func characterClass(consumesEnd: Bool) throws -> JavaCharacters {
    classDepth += 1
    defer { classDepth -= 1 }
    if classDepth > 250 { throw JavaPatternError("its classes are nested too deeply") }
    var found: JavaCharacters?
    let isNegated = consumesEnd && follows("^")
    if isNegated { at += 1 }
    while let next = peek() {
      if !next.isQuoted, next.scalar.isScalar("]"), let found {
        if consumesEnd { at += 1 }
        return isNegated ? .not(found) : found
      }
      if !next.isQuoted, next.scalar.isScalar("[") {
        at += 1
        let inner = try characterClass(consumesEnd: true)
        found = found?.union(inner) ?? inner
      } else if follows("&"), follows("&", after: 1) {
        at += 2
        guard let right = try rightOfIntersection() ?? found else {
          throw JavaPatternError("an `&&` with nothing on either side")
        }
        found = found.map { .both($0, right) } ?? right
      } else {
        let item = try classItem(next)
        found = found?.union(item) ?? item
      }
    }
    throw JavaPatternError("a class of characters is not closed")
  }

  private mutating func rightOfIntersection() throws -> JavaCharacters? {
    var right: JavaCharacters?
    while let next = peek(), next.isQuoted || !["]", "&"].contains(where: next.scalar.isScalar) {
      let inner: JavaCharacters
      if !next.isQuoted, next.scalar.isScalar("[") {
        at += 1
        inner = try characterClass(consumesEnd: true)
      } else {
        inner = try characterClass(consumesEnd: false)
      }
      right = right?.union(inner) ?? inner
    }
    return right
  }

  /// A character, a range or an escaped set.
  private mutating func classItem(_ next: Element) throws -> JavaCharacters {
    at += 1
    var low = next.scalar
    if !next.isQuoted, low.isScalar("\\") {
      if let set = try escapedSet(inRange: follows("-", after: 1)) { return set }
      low = try escapedScalar()
    }
    guard let dash = peek(), !dash.isQuoted, dash.scalar.isScalar("-"), at + 1 < elements.count,
      elements[at + 1].isQuoted
        || !["[", "]"].contains(where: elements[at + 1].scalar.isScalar)
    else { return JavaCharacters.range(low, low, flags) }
    at += 1
    guard let end = peek() else { throw JavaPatternError("a range of characters has no end") }
    at += 1
    var high = end.scalar
    if !end.isQuoted, high.isScalar("\\") {
      if try escapedSet(inRange: true) != nil {
        throw JavaPatternError("a range of characters ends in a set")
      }
      high = try escapedScalar()
    }
    if high < low { throw JavaPatternError("a range of characters ends before it begins") }
    return JavaCharacters.range(low, high, flags)
  }

  /// The set that the letter behind a backslash stands for; nil, and nothing read, for others.
  mutating func escapedSet(inRange: Bool = false) throws -> JavaCharacters? {
    guard at < elements.count else { return nil }
    let letter = elements[at].scalar
    switch letter {
    case "p", "P":
      at += 1
      return try property(isNegated: letter.isScalar("P"))
    case "d", "s", "w", "h":
      at += 1
      return try JavaProperty.shorthand(letter, flags)
    case "D", "S", "W", "H":
      at += 1
      return .not(try JavaProperty.shorthand(letter + 32, flags))
    case "v" where !inRange:
      at += 1
      return .items("\\v")
    case "V":
      at += 1
      return .not(.items("\\v"))
    default: return nil
    }
  }

  private mutating func property(isNegated: Bool) throws -> JavaCharacters {
    guard let first = read() else { throw JavaPatternError("`\\p` names no property") }
    var name = ""
    if first.isScalar("{") {
      while let letter = read(), !letter.isScalar("}") {
        name.unicodeScalars.append(Unicode.Scalar(letter) ?? "?")
        if at == elements.count { throw JavaPatternError("the `{` of `\\p` is not closed") }
      }
      if name.isEmpty { throw JavaPatternError("`\\p{}` names no property") }
    } else {
      name.unicodeScalars.append(Unicode.Scalar(first) ?? "?")
    }
    guard let set = JavaProperty.named(name, flags) else {
      throw JavaPatternError("there is no property of characters `\(name)`")
    }
    return isNegated ? .not(set) : set
  }

  /// The character that stands behind a backslash.
  mutating func escapedScalar() throws -> UInt32 {
    guard let letter = read() else { throw JavaPatternError("it ends with a backslash") }
    switch letter {
    case "0": return try octal()
    case "a": return 0x07
    case "c":
      guard let control = read() else { throw JavaPatternError("`\\c` names no character") }
      return control ^ 64
    case "e": return 0x1B
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "u": return try utf16()
    case "v": return 0x0B
    case "x":
      guard follows("{") else { return try hexadecimal(2) }
      at += 1
      return try bracedHexadecimal()
    case 0x41...0x5A, 0x61...0x7A, 0x31...0x39:
      let shown = Unicode.Scalar(letter).map { String($0) } ?? "?"
      throw JavaPatternError("there is no escape `\\\(shown)`")
    default: return letter
    }
  }

  private mutating func octal() throws -> UInt32 {
    var (value, count): (UInt32, Int) = (0, 0)
    while count < 3, at < elements.count, elements[at].scalar &- 48 < 8,
      count < 2 || value < 32
    {
      value = value * 8 + elements[at].scalar - 48
      at += 1
      count += 1
    }
    if count == 0 { throw JavaPatternError("`\\0` has no octal digits") }
    return value
  }

  private mutating func hexadecimal(_ count: Int) throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let digit = read().flatMap(Self.digit) else {
        throw JavaPatternError("a character's code has too few hexadecimal digits")
      }
      value = value << 4 | digit
    }
    return value
  }

  private static func digit(_ scalar: UInt32) -> UInt32? {
    switch scalar {
    case 0x30...0x39: scalar - 0x30
    case 0x41...0x46: scalar - 0x37
    case 0x61...0x66: scalar - 0x57
    default: nil
    }
  }

  private mutating func bracedHexadecimal() throws -> UInt32 {
    var value: UInt32?
    while let letter = read() {
      if letter.isScalar("}"), let value { return value }
      guard let digit = Self.digit(letter) else { break }
      value = (value ?? 0) << 4 | digit
      if value ?? 0 > 0x10FFFF { throw JavaPatternError("no character has so large a code") }
    }
    throw JavaPatternError("`\\x{` is not a character's code")
  }

  /// `\uXXXX`, two of them where they are the halves of one character.
  private mutating func utf16() throws -> UInt32 {
    let unit = try hexadecimal(4)
    guard unit & 0xFC00 == 0xD800, follows("\\"), follows("u", after: 1) else { return unit }
    let before = at
    at += 2
    if let low = try? hexadecimal(4), low & 0xFC00 == 0xDC00 {
      return 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
    }
    at = before
    return unit
  }
}

/// The named sets of characters.
enum JavaProperty {
  /// `\d`, `\s`, `\w`, `\h`.
  static func shorthand(_ letter: UInt32, _ flags: JavaFlags) throws -> JavaCharacters {
    if flags.contains(.unicodeClasses) {
      switch letter {
      case "d": return .items("\\p{Nd}")
      case "s": return .items("\\p{White_Space}")
      case "w": return .items("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}")
      default: break
      }
    }
    return .items("\\" + (Unicode.Scalar(letter).map { String($0) } ?? ""))
  }

  private static let ascii: [String: String] = [
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7F", "Alpha": "a-zA-Z", "Digit": "0-9",
    "Alnum": "a-zA-Z0-9", "Punct": "!-\\/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~",
    "Blank": " \\t", "Cntrl": "\\x00-\\x1F\\x7F", "XDigit": "0-9a-fA-F", "Space": "\\s",
  ]

  private static let java: [String: String] = [
    "LowerCase": "\\p{Lowercase}", "UpperCase": "\\p{Uppercase}", "Alphabetic": "\\p{Alphabetic}",
    "Ideographic": "\\p{Ideographic}", "TitleCase": "\\p{Lt}", "Digit": "\\p{Nd}",
    "Defined": "\\P{Cn}", "Letter": "\\p{L}", "LetterOrDigit": "\\p{L}\\p{Nd}",
    "SpaceChar": "\\p{Z}", "ISOControl": "\\x00-\\x1F\\x7F-\\x9F", "Mirrored": "\\p{Bidi_M}",
    "Whitespace": "\\t-\\r\\x1C-\\x20\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}"
      + "\\x{2028}\\x{2029}\\x{205f}\\x{3000}",
  ]

  private static let binary: [String: String] = [
    "ALPHABETIC": "\\p{Alphabetic}", "ASSIGNED": "\\P{Cn}", "CONTROL": "\\p{Cc}",
    "HEXDIGIT": "\\p{Nd}\\p{Hex_Digit}", "HEX_DIGIT": "\\p{Nd}\\p{Hex_Digit}",
    "IDEOGRAPHIC": "\\p{Ideographic}", "JOINCONTROL": "\\x{200c}\\x{200d}",
    "JOIN_CONTROL": "\\x{200c}\\x{200d}", "LETTER": "\\p{L}", "LOWERCASE": "\\p{Lowercase}",
    "NONCHARACTERCODEPOINT": "\\p{NChar}", "NONCHARACTER_CODE_POINT": "\\p{NChar}",
    "TITLECASE": "\\p{Lt}", "PUNCTUATION": "\\p{P}", "UPPERCASE": "\\p{Uppercase}",
    "WHITESPACE": "\\p{White_Space}", "WHITE_SPACE": "\\p{White_Space}", "DIGIT": "\\p{Nd}",
    "ALNUM": "\\p{Alphabetic}\\p{Nd}", "BLANK": "\\h",
    "WORD": "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}",
  ]

  /// What the names of ASCII's sets stand for with the flag `U`.
  private static let unicode: [String: String] = [
    "Lower": "\\p{Lowercase}", "Upper": "\\p{Uppercase}", "Alpha": "\\p{Alphabetic}",
    "Digit": "\\p{Nd}", "Alnum": "\\p{Alphabetic}\\p{Nd}", "Punct": "\\p{P}",
    "Cntrl": "\\p{Cc}", "Space": "\\p{White_Space}", "Blank": "\\p{Zs}\\t",
    "XDigit": "\\p{Nd}\\p{Hex_Digit}",
  ]

  private static let categories: Set<String> = [
    "C", "Cc", "Cf", "Cn", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
    "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So",
    "Z", "Zl", "Zp", "Zs",
  ]

  /// What `\p{name}` stands for; nil: there is nothing of that name.
  static func named(_ name: String, _ flags: JavaFlags) -> JavaCharacters? {
    if let equals = name.firstIndex(of: "=") {
      let value = String(name[name.index(after: equals)...])
      switch name[..<equals].lowercased() {
      case "sc", "script": return script(value)
      case "gc", "general_category": return plain(value, flags)
      case "blk", "block": return block(value)
      default: return nil
      }
    }
    if name.hasPrefix("In") { return block(String(name.dropFirst(2))) }
    if name.hasPrefix("Is") {
      let bare = String(name.dropFirst(2))
      if let known = binary[bare.uppercased()] {
        return letters(bare.uppercased(), flags) ?? .items(known)
      }
      return plain(bare, flags) ?? script(bare)
    }
    return plain(name, flags)
  }

  /// Where case does not count, the properties of case are one.
  private static func letters(_ name: String, _ flags: JavaFlags) -> JavaCharacters? {
    guard flags.contains(.ignoresCase) else { return nil }
    switch name {
    case "LOWERCASE", "UPPERCASE", "TITLECASE":
      return .items("\\p{Lowercase}\\p{Uppercase}\\p{Lt}")
    case "Lower", "Upper": return .items("a-zA-Z")
    case "Lu", "Ll", "Lt": return .items("\\p{Lu}\\p{Ll}\\p{Lt}")
    case "javaLowerCase", "javaUpperCase", "javaTitleCase":
      return .items("\\p{Lowercase}\\p{Uppercase}\\p{Lt}")
    default: return nil
    }
  }

  private static func plain(_ name: String, _ flags: JavaFlags) -> JavaCharacters? {
    if let folded = letters(name, flags) { return folded }
    if flags.contains(.unicodeClasses), let known = unicode[name] { return .items(known) }
    if let known = ascii[name] { return .items(known) }
    if categories.contains(name) { return .items("\\p{\(name)}") }
    switch name {
    case "LC": return .items("\\p{Lu}\\p{Ll}\\p{Lt}")
    case "LD": return .items("\\p{L}\\p{Nd}")
    case "L1": return .items("\\x00-\\xFF")
    case "all": return .any
    case "Cs": return .items("")
    default: break
    }
    guard name.hasPrefix("java") else { return nil }
    return java[String(name.dropFirst(4))].map { .items($0) }
  }

  private static func script(_ name: String) -> JavaCharacters? {
    guard !name.isEmpty,
      name.unicodeScalars.allSatisfy({ $0.isASCII && ($0.properties.isAlphabetic || $0 == "_") })
    else { return nil }
    return .items("\\p{sc:\(name)}")
  }

  private static func block(_ name: String) -> JavaCharacters? {
    let key = name.uppercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    return UnicodeBlocks.ranges[key].map { .items(JavaCharacters.range($0.0, $0.1)) }
  }
}
