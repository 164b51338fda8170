import Columns
import Contract

/// What an expression is made of: literals, names, calls and the forms that look like calls.
extension ExpressionParser {
  mutating func primary() throws -> UnresolvedExpression {
    let token = peek
    switch token.kind {
    case .number: return try number(isNegative: false)
    case .text: return try make(.literal(.text(adjacentTexts()), .string))
    case .quoted(let name):
      if peek(1).isSign("(") { return try functionCall() }
      if peek(1).isSign("->") { return try lambda() }
      advance()
      return try make(.name([name]))
    case .sign: return try bracketed()
    case .word: return try word()
    case .end: throw unexpected()
    }
  }

  /// `'a' 'b'` is one string.
  private mutating func adjacentTexts() -> String {
    var whole = ""
    while case .text(let text) = peek.kind {
      whole += text
      advance()
    }
    return whole
  }

  private mutating func bracketed() throws -> UnresolvedExpression {
    if take(sign: "*") { return try make(.star([])) }
    if take(sign: ":") { return try make(.parameter(try identifier())) }
    if take(sign: "?") { return try make(.parameter(String(markerNumber))) }
    guard peek.isSign("(") else { throw unexpected() }
    if let lambda = try lambdaOfSeveral() { return lambda }
    advance()
    if beginsQuery { return try subquery(.scalar, []) }
    var items = [try expression()]
    while take(sign: ",") { items.append(try expression()) }
    try expect(sign: ")")
    return items.count == 1 ? items[0] : try structure(items)
  }

  /// `(a, b)` is a struct: a name names its field, anything else is `col1`, `col2`, ….
  private func structure(_ items: [UnresolvedExpression]) throws -> UnresolvedExpression {
    var arguments: [UnresolvedExpression] = []
    for (index, item) in items.enumerated() {
      var name = "col\(index + 1)"
      if case .name(let parts) = item.node { name = parts[parts.count - 1] }
      arguments += [try make(.literal(.text(name), .string)), item]
    }
    return try call("named_struct", arguments)
  }

  /// `(x, y) -> …`, if that is what stands here.
  private mutating func lambdaOfSeveral() throws -> UnresolvedExpression? {
    var distance = 1
    while peek(distance).kind != .end, !peek(distance).isSign(")") {
      switch peek(distance).kind {
      case .word, .quoted: break
      case .sign where peek(distance).isSign(","): break
      default: return nil
      }
      distance += 1
    }
    guard peek(distance + 1).isSign("->") else { return nil }
    advance()
    var names = [try identifier()]
    while take(sign: ",") { names.append(try identifier()) }
    try expect(sign: ")")
    try expect(sign: "->")
    return try make(.lambda(names, try expression()))
  }

  private mutating func lambda() throws -> UnresolvedExpression {
    let name = try identifier()
    try expect(sign: "->")
    return try make(.lambda([name], try expression()))
  }

  private mutating func word() throws -> UnresolvedExpression {
    let token = peek
    if peek(1).isSign("->") { return try lambda() }
    if peek(1).isSign("("), let form = try callForm() { return form }
    switch token.keyword {
    case "NULL":
      advance()
      return try make(.literal(.null, .null))
    case "TRUE", "FALSE":
      advance()
      return try make(.literal(.boolean(token.keyword == "TRUE"), .boolean))
    case "CASE" where Self.beginsExpression(peek(1)): return try caseExpression()
    case "INTERVAL" where Self.beginsInterval(peek(1)): return try interval()
    default: break
    }
    if case .text(let text) = peek(1).kind { return try typedLiteral(token, text) }
    if peek(1).isSign("(") { return try functionCall() }
    if peek(1).isSign("."), peek(2).kind == .word, peek(3).isSign("(") {
      throw unresolvedRoutine("\(token.source).\(peek(2).source)", among: [], origin: origin)
    }
    advance()
    return try make(.name([token.source]))
  }

  static func beginsExpression(_ token: Token) -> Bool {
    switch token.kind {
    case .end: false
    case .sign: ["(", "-", "+", "~", "!", ":", "?"].contains(token.source)
    case .word: token.keyword != "AS" && token.keyword != "FROM"
    default: true
    }
  }

  private static func beginsInterval(_ token: Token) -> Bool {
    switch token.kind {
    case .number, .text: true
    case .sign: token.source == "-" || token.source == "+"
    default: false
    }
  }

  private mutating func caseExpression() throws -> UnresolvedExpression {
    advance()
    let subject = peek.isWord("WHEN") ? nil : try expression()
    var parts: [UnresolvedExpression] = []
    while take("WHEN") {
      let condition = try expression()
      parts.append(try subject.map { try call("=", [$0, condition]) } ?? condition)
      try expect("THEN")
      parts.append(try expression())
    }
    if parts.isEmpty { throw unexpected() }
    if take("ELSE") { parts.append(try expression()) }
    try expect("END")
    return try call("when", parts)
  }
}

// MARK: Forms that look like calls

extension ExpressionParser {
  /// A call with a grammar of its own, or nil where the word is a function like any other.
  private mutating func callForm() throws -> UnresolvedExpression? {
    let start = position
    let keyword = peek.keyword
    switch keyword {
    case "CAST", "TRY_CAST", "SAFE_CAST":
      position += 2
      let value = try expression()
      try expect("AS")
      let type = try typeInBrackets()
      return try postfixOver(make(.cast(value, type, isTry: keyword != "CAST")))
    case "EXTRACT":
      position += 2
      guard peek.kind == .word, peek(1).isWord("FROM") else { break }
      let field = try make(.literal(.text(try identifier()), .string))
      advance()
      return try closed("extract", [field, try expression()])
    case "SUBSTRING", "SUBSTR":
      position += 2
      let text = try expression()
      guard take("FROM") else { break }
      var arguments = [text, try expression()]
      if take("FOR") { arguments.append(try expression()) }
      return try closed("substring", arguments)
    case "TRIM":
      position += 2
      if let form = try trimForm() { return form }
    case "POSITION":
      position += 2
      let part = try comparison()
      guard take("IN") else { break }
      let one = try make(.literal(.integer(1), .int))
      return try closed("locate", [part, try comparison(), one])
    case "OVERLAY":
      position += 2
      let text = try expression()
      guard take("PLACING") else { break }
      var arguments = [text, try expression()]
      try expect("FROM")
      arguments.append(try expression())
      if take("FOR") { arguments.append(try expression()) }
      return try closed("overlay", arguments)
    case "EXISTS":
      position += 2
      if beginsQuery { return try subquery(.exists, []) }
    default: return nil
    }
    position = start
    return nil
  }

  private mutating func closed(
    _ name: String, _ arguments: [UnresolvedExpression]
  ) throws -> UnresolvedExpression {
    try expect(sign: ")")
    return try call(name, arguments)
  }

  private mutating func postfixOver(_ made: UnresolvedExpression) throws -> UnresolvedExpression {
    try expect(sign: ")")
    return made
  }

  /// `TRIM(BOTH 'x' FROM s)`
  private mutating func trimForm() throws -> UnresolvedExpression? {
    let names = ["BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"]
    var name = "trim"
    if peek.kind == .word, let named = names[peek.keyword], !peek(1).isSign(")"),
      !peek(1).isSign(",")
    {
      name = named
      advance()
      if take("FROM") { return try closed(name, [try expression()]) }
    }
    let start = position
    let characters = try expression()
    guard take("FROM") else {
      position = start
      return nil
    }
    return try closed(name, [try expression(), characters])
  }

  /// The type up to the bracket that closes the cast; that bracket is left.
  private mutating func typeInBrackets() throws -> DataType {
    let start = peek.range.lowerBound
    var open = 0
    while peek.kind != .end {
      if peek.isSign("(") { open += 1 }
      if peek.isSign(")") {
        if open == 0 { break }
        open -= 1
      }
      advance()
    }
    return try type(from: start, to: peek.range.lowerBound)
  }

  /// The type behind `::`.
  mutating func typeBehindColons() throws -> DataType {
    let start = peek.range.lowerBound
    guard peek.kind == .word else { throw unexpected() }
    let word = advance().keyword
    if word == "INTERVAL" {
      advance()
      if take("TO") { advance() }
    } else if peek.isSign("("), !["DATE", "STRING", "BOOLEAN"].contains(word) {
      while peek.kind != .end, !take(sign: ")") { advance() }
    } else if peek.isSign("<"), ["ARRAY", "MAP", "STRUCT"].contains(word) {
      var open = 0
      repeat {
        let token = advance()
        if token.kind == .end { throw unexpected() }
        if token.kind == .sign {
          open += token.source.count { $0 == "<" } - token.source.count { $0 == ">" }
        }
      } while open > 0
    }
    return try type(from: start, to: peek(-1).range.upperBound)
  }

  private func type(from start: Int, to end: Int) throws -> DataType {
    let bytes = Array(text.utf8)[start..<max(start, end)]
    return try withOrigin(origin) { try DataType(ddl: String(decoding: bytes, as: UTF8.self)) }
  }
}
