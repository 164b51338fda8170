import Columns
import Contract
import Expressions
import Plan

/// Statements that are no queries, but give rows as queries do.
extension QueryParser {
  mutating func statement() throws -> UnresolvedPlan {
    if tokens.peek(1).kind == .word || tokens.peek(1).isQuoted {
      if tokens.take("SHOW") { return try show() }
      if tokens.take("DESCRIBE") || tokens.take("DESC") { return try describe() }
    }
    if Self.beginsQuery(tokens.peek) { return try query() }
    if tokens.peek.kind == .word, Self.otherStatements.contains(tokens.peek.keyword) {
      let word = tokens.peek.keyword
      throw unsupported(
        "SQL_STATEMENT", "the statement \(word)", hint: Self.hint(for: word))
    }
    throw tokens.unexpected()
  }

  private static func beginsQuery(_ token: Token) -> Bool {
    if token.isSign("(") { return true }
    return token.kind == .word
      && ["SELECT", "WITH", "VALUES", "FROM", "TABLE"].contains(token.keyword)
  }

  /// Statements of Spark's that this engine has not.
  private static let otherStatements: Set<String> = [
    "INSERT", "DELETE", "UPDATE", "MERGE", "ALTER", "TRUNCATE", "EXPLAIN", "USE", "CACHE",
    "UNCACHE", "REFRESH", "ANALYZE", "LOAD", "MSCK", "REPAIR", "GRANT", "REVOKE", "ADD", "LIST",
    "DECLARE", "EXECUTE", "BEGIN", "CALL", "COMMENT", "CLEAR", "OPTIMIZE", "CREATE", "DROP", "SET",
    "RESET",
  ]

  private static func hint(for word: String) -> String? {
    switch word {
    case "EXPLAIN": "`session:sql(query):explain()` shows the plan."
    case "INSERT", "UPDATE", "DELETE", "MERGE": "`df.write` and `df.writeStream` write."
    case "CACHE", "UNCACHE": "`df:persist()` keeps the rows of a DataFrame."
    case "CREATE", "DROP", "SET", "RESET": "It stands alone: `session:sql(statement)`."
    default: nil
    }
  }

  /// `SHOW TABLES | VIEWS [IN database] [[LIKE] 'pattern']`, `SHOW COLUMNS IN table`
  private mutating func show() throws -> UnresolvedPlan {
    if tokens.take("COLUMNS") {
      guard tokens.take("IN") || tokens.take("FROM") else { throw tokens.unexpected() }
      let name = try tableName()
      return node("describeTable", ["name": .text(name), "form": .text("columns")])
    }
    let isViews = tokens.take("VIEWS")
    guard isViews || tokens.take("TABLES") else {
      throw unsupported("SQL_STATEMENT", "SHOW \(tokens.peek.source)")
    }
    var arguments: [String: PlanArgument] = ["isViews": .boolean(isViews)]
    if tokens.take("IN") || tokens.take("FROM") {
      let name = try tableName()
      guard ["default", "spark_catalog.default"].contains(name.lowercased()) else {
        throw Failure(
          "SCHEMA_NOT_FOUND", "there is no database `\(name)`, only `default`", origin: origin)
      }
    }
    _ = tokens.take("LIKE")
    if case .text(let pattern) = tokens.peek.kind {
      tokens.advance()
      arguments["pattern"] = .text(pattern)
    }
    return node("showTables", arguments)
  }

  /// `DESCRIBE [TABLE] [EXTENDED | FORMATTED] name`, `DESCRIBE [QUERY] query`
  private mutating func describe() throws -> UnresolvedPlan {
    if tokens.take("QUERY") || Self.beginsQuery(tokens.peek) {
      return node("describeQuery", [try query()])
    }
    let next = tokens.peek(1)
    if tokens.peek.isWord("FUNCTION") || tokens.peek.isWord("DATABASE"),
      next.kind == .word || next.isQuoted
    {
      throw unsupported("SQL_STATEMENT", "DESCRIBE \(tokens.peek.keyword)")
    }
    if next.kind == .word || next.isQuoted { _ = tokens.take("TABLE") }
    if tokens.peek(1).kind == .word || tokens.peek(1).isQuoted {
      _ = tokens.take("EXTENDED") || tokens.take("FORMATTED")
    }
    return node("describeTable", ["name": .text(try tableName())])
  }
}

/// A statement that changes the session, which the session carries out.
public enum SQLCommand: Sendable {
  /// `CREATE [OR REPLACE] TEMP VIEW [IF NOT EXISTS] name [(columns)] AS query`
  case createView(
    name: String, columns: [String], query: String, replaces: Bool, unlessThere: Bool)
  case dropView(name: String, ifThere: Bool)
  /// `SET name = value`
  case set(name: String, value: String)
  /// `SET name`
  case show(name: String)
  case reset(name: String)

  /// The command in a text, or nil where the text is none of these.
  public static func parse(_ text: String, origin: Origin? = nil) throws -> SQLCommand? {
    var parser = try QueryParser(text, timeZoneId: "UTC", origin: origin)
    switch parser.tokens.peek.kind == .word ? parser.tokens.peek.keyword : "" {
    case "CREATE": return try parser.createView(text)
    case "DROP": return try parser.dropView()
    case "SET": return try parser.setting(text)
    case "RESET":
      parser.tokens.advance()
      let name = try parser.tableName()
      try parser.expectEnd()
      return .reset(name: name)
    default: return nil
    }
  }
}

extension QueryParser {
  fileprivate mutating func createView(_ text: String) throws -> SQLCommand {
    tokens.advance()
    let replaces = tokens.take("OR", "REPLACE")
    guard tokens.take("TEMP") || tokens.take("TEMPORARY"), tokens.take("VIEW") else {
      throw unsupported(
        "SQL_STATEMENT", "CREATE of anything but a TEMP VIEW",
        hint: "`df.write:saveAsTable(name)` makes a table.")
    }
    let unlessThere = tokens.take("IF", "NOT", "EXISTS")
    let name = try tableName()
    let columns = try columnNames()
    try tokens.expect("AS")
    let start = tokens.peek.range.lowerBound
    let query = String(decoding: Array(text.utf8)[start...], as: UTF8.self)
    return .createView(
      name: name, columns: columns, query: query, replaces: replaces, unlessThere: unlessThere)
  }

  fileprivate mutating func dropView() throws -> SQLCommand {
    tokens.advance()
    guard tokens.take("VIEW") || tokens.take("TABLE") else {
      throw unsupported("SQL_STATEMENT", "DROP of anything but a view")
    }
    let ifThere = tokens.take("IF", "EXISTS")
    let name = try tableName()
    try expectEnd()
    return .dropView(name: name, ifThere: ifThere)
  }

  /// The value of a setting is the text up to the end, as it stands.
  fileprivate mutating func setting(_ text: String) throws -> SQLCommand {
    tokens.advance()
    if tokens.take("TIME", "ZONE") {
      guard case .text(let zone) = tokens.advance().kind else {
        throw unsupported("SQL_STATEMENT", "SET TIME ZONE with anything but a text")
      }
      try expectEnd()
      return .set(name: "moontide.session.timeZone", value: zone)
    }
    let name = try tableName()
    if tokens.take(sign: ";") || tokens.peek.kind == .end { return .show(name: name) }
    try tokens.expect(sign: "=")
    let bytes = Array(text.utf8)
    var value = String(decoding: bytes[tokens.peek(-1).range.upperBound...], as: UTF8.self)
    while let last = value.last, last.isWhitespace || last == ";" { value.removeLast() }
    return .set(name: name, value: String(value.drop { $0.isWhitespace }))
  }
}
