import Columns
import Contract

/// Reads SQL text into unresolved trees, with Spark's precedence. A query parser owns one of these
/// and calls `expression()` where the grammar has an expression, and the token methods elsewhere.
public struct ExpressionParser {
  let text: String
  let origin: Origin?
  let timeZoneId: String
  private let tokens: [Token]
  /// The next token's index.
  public var position = 0
  private var depth = 0
  /// Reads the queries inside expressions; nil where there may be none.
  public var subqueries: (any SubqueryReader)?

  /// How deep brackets may nest.
  static let depthLimit = 200

  public init(_ text: String, timeZoneId: String = "UTC", origin: Origin? = nil) throws {
    self.text = text
    self.timeZoneId = timeZoneId
    self.origin = origin
    tokens = try Lexer.tokens(text, origin: origin)
  }

  /// An expression and nothing behind it, with an alias or a star if there is one: `F.expr`.
  public static func parse(
    _ text: String, timeZoneId: String = "UTC", origin: Origin? = nil
  ) throws -> UnresolvedExpression {
    var parser = try ExpressionParser(text, timeZoneId: timeZoneId, origin: origin)
    if parser.peek.kind == .end {
      throw Failure(
        "PARSE_EMPTY_STATEMENT", "an expression is expected, and the text is empty", origin: origin)
    }
    let expression = try parser.namedExpression()
    try parser.expectEnd()
    return expression
  }

  // MARK: Tokens

  /// The next token.
  public var peek: Token { tokens[position] }

  /// Which `?` of the text the last token taken is, from 1.
  var markerNumber: Int { tokens[..<position].count { $0.isSign("?") } }

  /// A token further on.
  public func peek(_ distance: Int) -> Token {
    tokens[min(position + distance, tokens.count - 1)]
  }

  /// Takes the next token.
  @discardableResult
  public mutating func advance() -> Token {
    let token = tokens[position]
    if token.kind != .end { position += 1 }
    return token
  }

  /// Takes the next token if it is this keyword.
  public mutating func take(_ keyword: String) -> Bool {
    guard peek.isWord(keyword) else { return false }
    position += 1
    return true
  }

  /// Takes several keywords if all are next.
  public mutating func take(_ keywords: String...) -> Bool {
    for (index, keyword) in keywords.enumerated() where !peek(index).isWord(keyword) {
      return false
    }
    position += keywords.count
    return true
  }

  /// Takes the next token if it is this sign.
  public mutating func take(sign: String) -> Bool {
    guard peek.isSign(sign) else { return false }
    position += 1
    return true
  }

  public mutating func expect(_ keyword: String) throws {
    guard take(keyword) else { throw unexpected() }
  }

  public mutating func expect(sign: String) throws {
    guard take(sign: sign) else { throw unexpected() }
  }

  public func expectEnd() throws {
    if peek.kind != .end { throw unexpected() }
  }

  /// A name, bare or in back-quotes.
  public mutating func identifier() throws -> String {
    switch peek.kind {
    case .word:
      return advance().source
    case .quoted(let name):
      advance()
      return name
    default: throw unexpected()
    }
  }

  /// Spark's PARSE_SYNTAX_ERROR for the next token.
  public func unexpected(_ what: String? = nil) -> Failure {
    let near = peek.kind == .end ? "end of input" : "'\(peek.source)'"
    let said = what.map { ": \($0)" } ?? ""
    return SyntaxFailure.make(
      Array(text.utf8), at: peek.range.lowerBound, "syntax error at or near \(near)\(said)", origin)
  }

  // MARK: Nodes

  func make(_ node: UnresolvedExpression.Node) throws -> UnresolvedExpression {
    let made = UnresolvedExpression(node, origin: origin)
    guard made.height <= UnresolvedExpression.heightLimit else {
      throw Failure(
        "PARSE_SYNTAX_ERROR",
        "the expression nests deeper than \(UnresolvedExpression.heightLimit) levels",
        origin: origin)
    }
    return made
  }

  func call(_ name: String, _ arguments: [UnresolvedExpression]) throws -> UnresolvedExpression {
    try make(.call(name, arguments, isDistinct: false, filter: nil))
  }

  mutating func nested<T>(_ body: (inout ExpressionParser) throws -> T) throws -> T {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw unexpected("the expression nests deeper than \(Self.depthLimit) levels")
    }
    return try body(&self)
  }
}

// MARK: Grammar

extension ExpressionParser {
  /// An expression with an optional alias (`a AS b`, `a b`, `f(x) AS (k, v)`) or a star.
  public mutating func namedExpression() throws -> UnresolvedExpression {
    let expression = try self.expression()
    if case .star(let parts) = expression.node, peek.isWord("EXCEPT"), peek(1).isSign("(") {
      position += 2
      var names = [try nameParts()]
      while take(sign: ",") { names.append(try nameParts()) }
      try expect(sign: ")")
      return try make(.starExcept(parts, except: names))
    }
    // `x AS FROM t` and `x AS, …`: the word itself is the name.
    let isNamedAs =
      (peek(1).isWord("FROM") && (peek(2).kind == .word || peek(2).isQuoted || peek(2).isSign("(")))
      || Self.endsItem(peek(1))
    if !isNamedAs, take("AS") {
      if take(sign: "(") {
        let names = try identifierList()
        return try make(.alias(expression, names))
      }
      return try make(.alias(expression, [try identifier()]))
    }
    if peek.isSign("("), case .call = expression.node {
      // `stack(…) (a, b)`
      position += 1
      return try make(.alias(expression, try identifierList()))
    }
    switch peek.kind {
    case .quoted: return try make(.alias(expression, [try identifier()]))
    case .word
    where !Self.wordsBehindExpression.contains(peek.keyword) || isNamedAs && peek.isWord("AS")
      || Self.endsItem(peek(1)) || (peek(1).isWord("FROM") && !Self.goesWithFrom(peek)):
      return try make(.alias(expression, [try identifier()]))
    default: return expression
    }
  }

  /// Whether an item of a list is over, so that a word before this can be nothing but its name.
  public static func endsItem(_ token: Token) -> Bool {
    switch token.kind {
    case .end: true
    case .sign: token.source == "," || token.source == ")" || token.source == ";"
    default: false
    }
  }

  /// Words that FROM may follow for another reason.
  private static func goesWithFrom(_ token: Token) -> Bool {
    token.isWord("DISTINCT") || token.isWord("FROM") || token.isWord("UNION")
      || token.isWord("EXCEPT") || token.isWord("INTERSECT") || token.isWord("MINUS")
      || token.isWord("ALL")
  }

  private mutating func nameParts() throws -> [String] {
    var parts = [try identifier()]
    while take(sign: ".") { parts.append(try identifier()) }
    return parts
  }

  /// Names up to the closing bracket.
  private mutating func identifierList() throws -> [String] {
    var names = [try identifier()]
    while take(sign: ",") { names.append(try identifier()) }
    try expect(sign: ")")
    return names
  }

  /// The words that follow an expression in a query, so that they are no alias of it.
  static let wordsBehindExpression: Set<String> = [
    "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET",
    "UNION", "EXCEPT", "INTERSECT", "MINUS", "WINDOW", "LATERAL", "ON", "USING", "JOIN", "INNER",
    "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI", "NATURAL", "AND", "OR", "NOT", "IN", "LIKE",
    "ILIKE", "RLIKE", "REGEXP", "BETWEEN", "IS", "WHEN", "THEN", "ELSE", "END", "ASC", "DESC",
    "NULLS", "FOR", "PLACING", "OVER", "FILTER", "WITHIN", "IGNORE", "RESPECT", "DIV", "ESCAPE",
    "PRECEDING", "FOLLOWING", "ROWS", "RANGE", "AS", "WITH", "PIVOT", "UNPIVOT", "TABLESAMPLE",
    "QUALIFY", "COLLATE", "AT", "TO",
  ]

  /// An expression with no alias.
  public mutating func expression() throws -> UnresolvedExpression {
    try nested { try $0.disjunction() }
  }

  private mutating func disjunction() throws -> UnresolvedExpression {
    var parts = [try conjunction()]
    while take("OR") { parts.append(try conjunction()) }
    return try balanced("or", parts[...])
  }

  private mutating func conjunction() throws -> UnresolvedExpression {
    var parts = [try negation()]
    while take("AND") { parts.append(try negation()) }
    return try balanced("and", parts[...])
  }

  /// `a AND b AND c`, as flat a tree as the chain allows, the left half being the longer.
  private func balanced(
    _ name: String, _ parts: ArraySlice<UnresolvedExpression>
  ) throws -> UnresolvedExpression {
    if parts.count == 1 { return parts[parts.startIndex] }
    let middle = parts.startIndex + (parts.count + 1) / 2
    return try call(
      name, [try balanced(name, parts[..<middle]), try balanced(name, parts[middle...])])
  }

  private mutating func negation() throws -> UnresolvedExpression {
    var count = 0
    while take("NOT") || take(sign: "!") { count += 1 }
    var inner = try predicate()
    for _ in 0..<count { inner = try call("not", [inner]) }
    return inner
  }

  private mutating func predicate() throws -> UnresolvedExpression {
    let value = try comparison()
    let start = position
    let isNegated = take("NOT")
    let found: UnresolvedExpression
    switch peek.kind == .word ? peek.keyword : "" {
    case "BETWEEN":
      advance()
      let lower = try comparison()
      try expect("AND")
      found = try call("between", [value, lower, try comparison()])
    case "IN": found = try membership(of: value)
    case "LIKE", "ILIKE": return try likeness(of: value, isNegated: isNegated)
    case "RLIKE", "REGEXP":
      advance()
      found = try call("rlike", [value, try comparison()])
    case "IS" where !isNegated: return try test(of: value)
    default:
      position = start
      return value
    }
    return isNegated ? try call("not", [found]) : found
  }

  private mutating func membership(of value: UnresolvedExpression) throws -> UnresolvedExpression {
    advance()
    try expect(sign: "(")
    if beginsQuery {
      var values = [value]
      if case .call("named_struct", let fields, _, _) = value.node {
        values = stride(from: 1, to: fields.count, by: 2).map { fields[$0] }
      }
      return try subquery(.membership, values)
    }
    if peek.isSign(")") {
      throw Failure(
        "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE", "IN needs at least one value", origin: origin)
    }
    var items = [value, try expression()]
    while take(sign: ",") { items.append(try expression()) }
    try expect(sign: ")")
    return try call("in", items)
  }

  private mutating func likeness(
    of value: UnresolvedExpression, isNegated: Bool
  ) throws -> UnresolvedExpression {
    let name = advance().keyword.lowercased()
    let quantifier = peek.keyword
    if peek.kind == .word, ["ANY", "SOME", "ALL"].contains(quantifier), peek(1).isSign("(") {
      position += 2
      if peek.isSign(")") {
        throw Failure(
          "INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN",
          "LIKE \(quantifier) needs at least one pattern", origin: origin)
      }
      var patterns = [value, try expression()]
      while take(sign: ",") { patterns.append(try expression()) }
      try expect(sign: ")")
      let kind = (isNegated ? "not" : "") + name + (quantifier == "ALL" ? "all" : "any")
      return try call(kind, patterns)
    }
    var arguments = [value, try comparison()]
    if take("ESCAPE") {
      guard case .text(let escape) = peek.kind, escape.unicodeScalars.count == 1 else {
        throw Failure(
          "INVALID_ESC", "ESCAPE takes a string of one character", origin: origin)
      }
      advance()
      arguments.append(try make(.literal(.text(escape), .string)))
    }
    let found = try call(name, arguments)
    return isNegated ? try call("not", [found]) : found
  }

  /// `IS …`
  private mutating func test(of value: UnresolvedExpression) throws -> UnresolvedExpression {
    advance()
    let isNegated = take("NOT")
    func said(_ found: UnresolvedExpression) throws -> UnresolvedExpression {
      isNegated ? try call("not", [found]) : found
    }
    if take("NULL") || take("UNKNOWN") {
      return try call(isNegated ? "isnotnull" : "isnull", [value])
    }
    if take("TRUE") {
      return try said(try call("<=>", [value, try make(.literal(.boolean(true), .boolean))]))
    }
    if take("FALSE") {
      return try said(try call("<=>", [value, try make(.literal(.boolean(false), .boolean))]))
    }
    guard take("DISTINCT", "FROM") else { throw unexpected() }
    let same = try call("<=>", [value, try comparison()])
    return isNegated ? same : try call("not", [same])
  }

  /// Binary operators by how tightly they bind.
  private static let precedence: [String: Int] = [
    "!>": 1, "!<": 1, "=": 1, "==": 1, "<=>": 1, "<>": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1,
    "|": 2, "^": 3, "&": 4, "<<": 5, ">>": 5, ">>>": 5, "+": 6, "-": 6, "||": 6,
    "*": 7, "/": 7, "%": 7, "DIV": 7,
  ]

  /// A value with comparisons: what SQL calls a value expression.
  mutating func comparison() throws -> UnresolvedExpression { try binary(1) }

  private mutating func binary(_ lowest: Int) throws -> UnresolvedExpression {
    var left = try unary()
    while true {
      let token = peek
      let sign = token.kind == .sign ? token.source : token.isWord("DIV") ? "DIV" : ""
      guard let binds = Self.precedence[sign], binds >= lowest else { return left }
      advance()
      let right = try binary(binds + 1)
      switch sign {
      case "==": left = try call("=", [left, right])
      case "<>": left = try call("!=", [left, right])
      case "!>": left = try call("<=", [left, right])
      case "!<": left = try call(">=", [left, right])
      case "||": left = try call("concat", [left, right])
      case "DIV": left = try call("div", [left, right])
      default: left = try call(sign, [left, right])
      }
    }
  }

  private mutating func unary() throws -> UnresolvedExpression {
    guard peek.kind == .sign else { return try postfix() }
    if peek.isSign("-"), peek(1).kind == .number {
      advance()
      return try postfix(of: try number(isNegative: true))
    }
    let names = ["-": "-", "+": "positive", "~": "~"]
    guard let name = names[peek.source] else { return try postfix() }
    advance()
    return try nested { try $0.call(name, [try $0.unary()]) }
  }

  private mutating func postfix() throws -> UnresolvedExpression {
    try postfix(of: try primary())
  }

  /// `x[i]`, `x.field`, `x::type` behind a value.
  private mutating func postfix(of value: UnresolvedExpression) throws -> UnresolvedExpression {
    var value = value
    while true {
      if take(sign: "[") {
        let key = try expression()
        try expect(sign: "]")
        value = try make(.extract(value, key))
      } else if take(sign: "::") {
        value = try make(.cast(value, try typeBehindColons(), isTry: false))
      } else if peek.isSign(".") {
        advance()
        if take(sign: "*") {
          guard case .name(let parts) = value.node else { throw unexpected() }
          return try make(.star(parts))
        }
        let field = try identifier()
        if case .name(let parts) = value.node {
          value = try make(.name(parts + [field]))
        } else {
          value = try make(.extract(value, try make(.literal(.text(field), .string))))
        }
      } else {
        return value
      }
    }
  }
}
