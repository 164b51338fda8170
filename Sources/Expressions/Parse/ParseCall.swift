import Columns
import Contract

/// Calls of functions, with all the clauses that may follow one.
extension ExpressionParser {
  /// A call with the arguments, DISTINCT, FILTER, OVER and NULLS clauses that go with it.
  mutating func functionCall() throws -> UnresolvedExpression {
    let name = try identifier()
    try expect(sign: "(")
    let isDistinct = take("DISTINCT")
    if !isDistinct, peek.isWord("ALL"), Self.beginsExpression(peek(1)) { advance() }
    var arguments = try callArguments(of: name)
    if let unit = try unitCall(name, arguments) { return unit }
    if arguments.count == 2, ["trim", "ltrim", "rtrim"].contains(name.lowercased()) {
      // In SQL text the characters to take off come first.
      arguments.reverse()
    }
    if take("WITHIN", "GROUP") {
      try expect(sign: "(")
      try expect("ORDER")
      try expect("BY")
      repeat { arguments.append(try sortItem()) } while take(sign: ",")
      try expect(sign: ")")
    }
    var filter: UnresolvedExpression?
    if peek.isWord("FILTER"), peek(1).isSign("("), peek(2).isWord("WHERE") {
      position += 3
      filter = try expression()
      try expect(sign: ")")
    }
    let called = try ignoringNulls(name, &arguments)
    let made = try make(.call(called, arguments, isDistinct: isDistinct, filter: filter))
    guard take("OVER") else { return made }
    return try make(.over(made, try window()))
  }

  /// `IGNORE NULLS` behind a call is its last argument; the call is named as Spark then names it.
  private mutating func ignoringNulls(
    _ name: String, _ arguments: inout [UnresolvedExpression]
  ) throws -> String {
    if take("RESPECT", "NULLS") { return name }
    guard take("IGNORE", "NULLS") else { return name }
    let key = name.lowercased()
    if ["lag", "lead"].contains(key) {
      if arguments.count == 1 { arguments.append(try make(.literal(.integer(1), .int))) }
      if arguments.count == 2 { arguments.append(try make(.literal(.null, .null))) }
    }
    guard
      ["lag", "lead", "nth_value", "first", "first_value", "last", "last_value", "any_value"]
        .contains(key)
    else {
      throw Failure(
        "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
        "the function `\(name)` does not support IGNORE NULLS", origin: origin)
    }
    arguments.append(try make(.literal(.boolean(true), .boolean)))
    return ["first_value": "first", "last_value": "last"][key] ?? name
  }

  /// What stands between the brackets, and the bracket that closes them.
  private mutating func callArguments(of name: String) throws -> [UnresolvedExpression] {
    var arguments: [UnresolvedExpression] = []
    if take(sign: ")") { return arguments }
    let isStructure = name.lowercased() == "struct"
    repeat {
      if peek.kind != .end, peek(1).isSign("=>") {
        let parameter = try identifier()
        advance()
        arguments.append(try make(.argument(parameter, try expression())))
        continue
      }
      arguments.append(try isStructure ? namedExpression() : expression())
      if take("IGNORE", "NULLS") {
        arguments.append(try make(.literal(.boolean(true), .boolean)))
      }
    } while take(sign: ",")
    try expect(sign: ")")
    return arguments
  }

  /// `timestampadd(HOUR, 1, t)` and its kin name a unit where others have a column.
  private func unitCall(
    _ name: String, _ arguments: [UnresolvedExpression]
  ) throws -> UnresolvedExpression? {
    let names = [
      "timestampadd": "timestampadd", "dateadd": "timestampadd", "date_add": "timestampadd",
      "timestampdiff": "timestampdiff", "datediff": "timestampdiff", "date_diff": "timestampdiff",
      "timediff": "timestampdiff",
    ]
    guard arguments.count == 3, let real = names[name.lowercased()],
      case .name(let parts) = arguments[0].node, parts.count == 1
    else { return nil }
    let unit = try make(.literal(.text(parts[0]), .string))
    return try call(real, [unit, arguments[1], arguments[2]])
  }

  // MARK: Windows

  /// The name of a window, or `(PARTITION BY … ORDER BY … ROWS …)` behind OVER.
  public mutating func window() throws -> UnresolvedWindow {
    if peek.kind == .word || peek.isQuoted {
      return UnresolvedWindow(base: try identifier(), partition: [], order: [], frame: nil)
    }
    try expect(sign: "(")
    if peek(1).isSign(")"), peek.kind == .word || peek.isQuoted {
      let base = try identifier()
      advance()
      return UnresolvedWindow(base: base, partition: [], order: [], frame: nil)
    }
    var partition: [UnresolvedExpression] = []
    var order: [UnresolvedExpression] = []
    if take("PARTITION", "BY") || take("DISTRIBUTE", "BY") {
      repeat { partition.append(try expression()) } while take(sign: ",")
    }
    if take("ORDER", "BY") || take("SORT", "BY") {
      repeat { order.append(try sortItem()) } while take(sign: ",")
    }
    let frame = try windowFrame()
    try expect(sign: ")")
    return UnresolvedWindow(partition: partition, order: order, frame: frame)
  }

  /// `expression [ASC | DESC] [NULLS FIRST | NULLS LAST]`
  public mutating func sortItem() throws -> UnresolvedExpression {
    let key = try expression()
    let isAscending = !take("DESC")
    if isAscending { _ = take("ASC") }
    var nullsFirst = isAscending
    if take("NULLS", "FIRST") {
      nullsFirst = true
    } else if take("NULLS", "LAST") {
      nullsFirst = false
    }
    return try make(.sort(key, SortOrder(isAscending: isAscending, nullsFirst: nullsFirst)))
  }

  private mutating func windowFrame() throws -> WindowFrame? {
    let isRows = peek.isWord("ROWS")
    guard take("ROWS") || take("RANGE") else { return nil }
    if take("BETWEEN") {
      let lower = try bound()
      try expect("AND")
      return WindowFrame(isRows: isRows, lower: lower, upper: try bound())
    }
    return WindowFrame(isRows: isRows, lower: try bound(), upper: .currentRow)
  }

  private mutating func bound() throws -> WindowFrame.Bound {
    if take("UNBOUNDED", "PRECEDING") { return .unboundedPreceding }
    if take("UNBOUNDED", "FOLLOWING") { return .unboundedFollowing }
    if take("CURRENT", "ROW") { return .currentRow }
    let (value, type) = try boundValue()
    if take("FOLLOWING") { return .offset(value, type) }
    try expect("PRECEDING")
    switch value {
    case .integer(let number): return .offset(.integer(-number), type)
    case .double(let number): return .offset(.double(-number), type)
    case .decimal(let number): return .offset(.decimal(-number), type)
    default: throw unexpected("a window's bound is a number or an interval")
    }
  }
}

extension ExpressionParser {
  /// The constant distance of a window's bound: `2`, `1 + 1`, `INTERVAL 1 DAY`.
  private mutating func boundValue() throws -> (Scalar, DataType) {
    let written = try expression()
    if case .literal(let value, let type) = written.node { return (value, type) }
    let resolver = ExpressionResolver(scope: ColumnScope([]), functions: .builtIn)
    if let made = try? resolver.resolve(written) {
      let folded = fold(made, timeZoneId: timeZoneId)
      if case .literal(let value) = folded.kind { return (value, folded.type) }
    }
    throw unexpected("a window's bound is a constant")
  }
}

// MARK: Queries inside expressions

/// Reads queries inside expressions. Declared here, provided by the room that knows queries.
public protocol SubqueryReader: Sendable {
  /// The query that begins at the next token; what follows it is left.
  func query(_ tokens: inout ExpressionParser) throws -> any UnresolvedQuery
}

extension ExpressionParser {
  /// Whether the next token begins a query and no expression.
  var beginsQuery: Bool {
    guard peek.kind == .word else { return false }
    switch peek.keyword {
    case "SELECT", "FROM": return true
    case "WITH", "TABLE": return peek(1).kind == .word || peek(1).isQuoted
    case "VALUES":
      if case .text = peek(1).kind { return true }
      return peek(1).kind == .number || peek(1).isSign("(")
    default: return false
    }
  }

  /// The query up to the bracket that closes it.
  mutating func subquery(
    _ use: Subquery.Use, _ values: [UnresolvedExpression]
  ) throws -> UnresolvedExpression {
    guard let subqueries else {
      throw Failure(
        "UNSUPPORTED_FEATURE.SUBQUERY",
        "a query cannot stand inside the text of an expression, only inside a query",
        hint: "Write the whole query with `session:sql`, or join with the other DataFrame.",
        details: SyntaxFailure.pointer(Array(text.utf8), at: peek.range.lowerBound),
        origin: origin)
    }
    let query = try nested { try subqueries.query(&$0) }
    try expect(sign: ")")
    return try make(.subquery(Subquery(use, values: values, query: query)))
  }
}
