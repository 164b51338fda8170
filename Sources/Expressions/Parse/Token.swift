import Contract

/// A word, literal or sign of SQL text.
public struct Token: Sendable {
  public enum Kind: Hashable, Sendable {
    /// A bare word: a keyword or a name, as the grammar at that place has it.
    case word
    /// A name in back-quotes, which are taken off.
    case quoted(String)
    /// The value of a string literal.
    case text(String)
    /// A number as written, suffix and all.
    case number
    /// An operator or bracket.
    case sign
    case end
  }

  public let kind: Kind
  /// As written.
  public let source: String
  /// For a word, its letters in upper case.
  public let keyword: String
  /// Bytes of the text.
  public let range: Range<Int>

  /// Whether this is that keyword (in upper case).
  public func isWord(_ word: String) -> Bool { kind == .word && keyword == word }

  /// Whether this is a name in back-quotes.
  public var isQuoted: Bool { if case .quoted = kind { true } else { false } }

  /// Whether this is that operator or bracket.
  public func isSign(_ sign: String) -> Bool { kind == .sign && source == sign }
}

/// Cuts SQL text into tokens; comments and blanks are left out.
public struct Lexer {
  private let bytes: [UInt8]
  private let origin: Origin?
  private var position = 0

  /// The longest text that is read, in bytes.
  public static let lengthLimit = 1 << 20

  private static let signs = [
    ">>>", "<=>", "<=", ">=", "<>", "!=", "==", "||", "|>", "->", "=>", "!>", "!<", "::", "<<",
    ">>",
  ].map { Array($0.utf8) }

  private init(_ text: String, origin: Origin?) {
    bytes = Array(text.utf8)
    self.origin = origin
  }

  /// All tokens; the last one is `.end`.
  public static func tokens(_ text: String, origin: Origin? = nil) throws -> [Token] {
    var lexer = Lexer(text, origin: origin)
    guard lexer.bytes.count <= lengthLimit else {
      throw Failure(
        "PARSE_SYNTAX_ERROR", "the SQL text is longer than \(lengthLimit) bytes", origin: origin)
    }
    var tokens: [Token] = []
    repeat { tokens.append(try lexer.next()) } while tokens[tokens.count - 1].kind != .end
    return tokens
  }

  private func at(_ offset: Int) -> UInt8 {
    position + offset < bytes.count ? bytes[position + offset] : 0
  }

  private mutating func next() throws -> Token {
    try skipBlanks()
    let start = position
    guard start < bytes.count else { return token(.end, from: start) }
    let byte = bytes[start]
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
      return token(.text(try string(isRaw: false)), from: start)
    }
    if byte | 32 == UInt8(ascii: "r"), at(1) == UInt8(ascii: "'") || at(1) == UInt8(ascii: "\"") {
      position += 1
      return token(.text(try string(isRaw: true)), from: start)
    }
    if byte == UInt8(ascii: "`") { return token(.quoted(try backQuoted()), from: start) }
    if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && Self.isDigit(at(1))) {
      if takeNumber() { return token(.number, from: start) }
    }
    if Self.isWordPart(byte) {
      while position < bytes.count, Self.isWordPart(bytes[position]) { position += 1 }
      return token(.word, from: start)
    }
    for sign in Self.signs where bytes[start...].starts(with: sign) {
      position += sign.count
      return token(.sign, from: start)
    }
    position += 1
    guard "+-*/%()[],.=<>&|^~!:?;{}".utf8.contains(byte) else {
      throw SyntaxFailure.make(
        bytes, at: start, "there is no such sign in SQL as '\(String(UnicodeScalar(byte)))'", origin
      )
    }
    return token(.sign, from: start)
  }

  private func token(_ kind: Token.Kind, from start: Int) -> Token {
    let source = String(decoding: bytes[start..<position], as: UTF8.self)
    return Token(
      kind: kind, source: source, keyword: kind == .word ? source.uppercased() : "",
      range: start..<position)
  }

  private mutating func skipBlanks() throws {
    while position < bytes.count {
      let byte = bytes[position]
      if byte <= 32 {
        position += 1
      } else if byte == UInt8(ascii: "-"), at(1) == UInt8(ascii: "-") {
        while position < bytes.count, bytes[position] != 10 { position += 1 }
      } else if byte == UInt8(ascii: "/"), at(1) == UInt8(ascii: "*") {
        // A hint (`/*+ … */`) too: there is one plan for a query, and no other to hint at.
        try skipComment()
      } else {
        return
      }
    }
  }

  /// Comments nest.
  private mutating func skipComment() throws {
    let start = position
    var depth = 0
    repeat {
      guard position < bytes.count else {
        throw Failure(
          "UNCLOSED_BRACKETED_COMMENT", "a bracketed comment is not closed",
          hint: "Append */ at the end of the comment",
          details: SyntaxFailure.pointer(bytes, at: start), origin: origin)
      }
      if bytes[position] == UInt8(ascii: "/"), at(1) == UInt8(ascii: "*") {
        depth += 1
        position += 2
      } else if bytes[position] == UInt8(ascii: "*"), at(1) == UInt8(ascii: "/") {
        depth -= 1
        position += 2
      } else {
        position += 1
      }
    } while depth > 0
  }

  private mutating func backQuoted() throws -> String {
    let start = position
    var name: [UInt8] = []
    position += 1
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "`") {
        if at(1) != UInt8(ascii: "`") {
          position += 1
          return String(decoding: name, as: UTF8.self)
        }
        position += 1
      }
      name.append(bytes[position])
      position += 1
    }
    throw SyntaxFailure.make(bytes, at: start, "a back-quote is not closed", origin)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  /// Letters beyond ASCII count as letters.
  private static func isWordPart(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 32) &- 97 < 26 || byte == UInt8(ascii: "_") || byte >= 128
  }

  /// Takes a number with its suffix; false where the digits begin a name (`2nd`).
  private mutating func takeNumber() -> Bool {
    let start = position
    while Self.isDigit(at(0)) { position += 1 }
    var isWhole = true
    if at(0) == UInt8(ascii: "."),
      !(Self.isWordPart(at(1)) && !Self.isDigit(at(1))) || isExponent(1) || isSuffix(1)
    {
      isWhole = false
      position += 1
      while Self.isDigit(at(0)) { position += 1 }
    }
    if isExponent(0) {
      isWhole = false
      position += 1
      if at(0) == UInt8(ascii: "+") || at(0) == UInt8(ascii: "-") { position += 1 }
      while Self.isDigit(at(0)) { position += 1 }
    }
    let suffix = at(0) | 32
    if suffix == UInt8(ascii: "b"), at(1) | 32 == UInt8(ascii: "d") {
      position += 2
    } else if "df".utf8.contains(suffix) || (isWhole && "lsy".utf8.contains(suffix)) {
      position += 1
    }
    if !Self.isWordPart(at(0)) { return true }
    position = start
    return false
  }

  /// The suffix of a number with a point, and no name: the `D` of `5.D`.
  private func isSuffix(_ offset: Int) -> Bool {
    let letter = at(offset) | 32
    let length = letter == UInt8(ascii: "b") && at(offset + 1) | 32 == UInt8(ascii: "d") ? 2 : 1
    return (length == 2 || "df".utf8.contains(letter)) && !Self.isWordPart(at(offset + length))
  }

  /// `e5`, `E-5` at this distance.
  private func isExponent(_ offset: Int) -> Bool {
    guard at(offset) | 32 == UInt8(ascii: "e") else { return false }
    let sign = at(offset + 1) == UInt8(ascii: "+") || at(offset + 1) == UInt8(ascii: "-")
    return Self.isDigit(at(offset + (sign ? 2 : 1)))
  }
}

extension Lexer {
  private mutating func string(isRaw: Bool) throws -> String {
    let start = position
    let quote = bytes[position]
    var value: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        if isRaw || at(1) != quote {
          position += 1
          return String(decoding: value, as: UTF8.self)
        }
        position += 1
      } else if byte == UInt8(ascii: "\\"), !isRaw, position + 1 < bytes.count {
        position += 1
        takeEscape(into: &value)
        continue
      }
      value.append(byte)
      position += 1
    }
    throw SyntaxFailure.make(bytes, at: start, "a string is not closed", origin)
  }

  /// What follows a backslash.
  private mutating func takeEscape(into value: inout [UInt8]) {
    let byte = bytes[position]
    if let scalar = digits(after: 1, count: 4, radix: 16), byte == UInt8(ascii: "u") {
      return take(5, scalar, &value)
    }
    if let scalar = digits(after: 1, count: 8, radix: 16), byte == UInt8(ascii: "U") {
      return take(9, scalar, &value)
    }
    if let code = digits(after: 0, count: 3, radix: 8), code < 128 { return take(3, code, &value) }
    position += 1
    switch byte {
    case UInt8(ascii: "0"): value.append(0)
    case UInt8(ascii: "b"): value.append(8)
    case UInt8(ascii: "n"): value.append(10)
    case UInt8(ascii: "r"): value.append(13)
    case UInt8(ascii: "t"): value.append(9)
    case UInt8(ascii: "Z"): value.append(26)
    // LIKE has the say over these.
    case UInt8(ascii: "%"), UInt8(ascii: "_"): value += [UInt8(ascii: "\\"), byte]
    default: value.append(byte)
    }
  }

  private mutating func take(_ count: Int, _ scalar: UInt32, _ value: inout [UInt8]) {
    position += count
    let unicode = UnicodeScalar(scalar) ?? UnicodeScalar(UInt8(ascii: "?"))
    value.append(contentsOf: String(Character(unicode)).utf8)
  }

  private func digits(after offset: Int, count: Int, radix: Int) -> UInt32? {
    let from = position + offset
    guard from + count <= bytes.count else { return nil }
    let text = bytes[from..<(from + count)]
    guard text.allSatisfy({ Self.isDigit($0) || ($0 | 32) &- 97 < 6 }) else { return nil }
    return UInt32(String(decoding: text, as: UTF8.self), radix: radix)
  }
}

/// Failures that point into SQL text.
enum SyntaxFailure {
  static func make(_ bytes: [UInt8], at position: Int, _ what: String, _ origin: Origin?) -> Failure
  {
    let (line, column) = place(bytes, position)
    return Failure(
      "PARSE_SYNTAX_ERROR", "\(what) (line \(line), pos \(column))",
      details: pointer(bytes, at: position), origin: origin)
  }

  /// The line of the text and `----^^^` below it.
  static func pointer(_ bytes: [UInt8], at position: Int) -> [String] {
    let (line, column) = place(bytes, position)
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    let shown = String(decoding: lines[line - 1], as: UTF8.self)
    return [shown, String(repeating: "-", count: column) + "^^^"]
  }

  /// Line from 1, column from 0, as Spark counts.
  private static func place(_ bytes: [UInt8], _ position: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(position, bytes.count)]
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    let line = before.count { $0 == 10 } + 1
    return (line, String(decoding: before[start...], as: UTF8.self).count)
  }
}
