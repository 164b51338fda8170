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
      if tokens.take("EXPLAIN") { return try explain() }
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
    "INSERT", "DELETE", "UPDATE", "MERGE", "ALTER", "TRUNCATE", "USE", "CACHE", "UNCACHE",
    "REFRESH", "ANALYZE", "LOAD", "MSCK", "REPAIR", "GRANT", "REVOKE", "ADD", "LIST",
    "DECLARE", "EXECUTE", "BEGIN", "CALL", "COMMENT", "CLEAR", "OPTIMIZE", "CREATE", "DROP", "SET",
    "RESET",
  ]

  private static func hint(for word: String) -> String? {
    switch word {
    case "INSERT", "UPDATE", "DELETE", "MERGE": "`df.write` and `df.writeStream` write."
    case "CACHE", "UNCACHE", "CREATE", "DROP", "SET", "RESET", "ALTER", "USE", "REFRESH", "CLEAR":
      "It stands alone: `session:sql(statement)`."
    default: nil
    }
  }

  /// `EXPLAIN [EXTENDED | FORMATTED | CODEGEN | COST] query`
  private mutating func explain() throws -> UnresolvedPlan {
    var mode = "simple"
    for word in ["EXTENDED", "FORMATTED", "CODEGEN", "COST", "LOGICAL"]
    where tokens.peek.isWord(word) && Self.beginsQuery(tokens.peek(1)) {
      tokens.advance()
      mode = word == "LOGICAL" ? "extended" : word.lowercased()
    }
    guard Self.beginsQuery(tokens.peek) else { throw tokens.unexpected("a query is expected") }
    return node("explain", [try query()], ["mode": .text(mode)])
  }

  /// `SHOW TABLES | VIEWS | DATABASES | FUNCTIONS | COLUMNS …`
  private mutating func show() throws -> UnresolvedPlan {
    let word = tokens.peek.keyword
    switch word {
    case "COLUMNS":
      tokens.advance()
      guard tokens.take("IN") || tokens.take("FROM") else { throw tokens.unexpected() }
      let name = try tableName()
      if tokens.take("IN") || tokens.take("FROM") { try knownDatabase(try tableName()) }
      return node("describeTable", ["name": .text(name), "form": .text("columns")])
    case "TABLES", "VIEWS":
      tokens.advance()
      if tokens.take("IN") || tokens.take("FROM") { try knownDatabase(try tableName()) }
      return try showing("showTables", ["isViews": .boolean(word == "VIEWS")])
    case "DATABASES", "SCHEMAS", "NAMESPACES":
      tokens.advance()
      return try showing("showNames", ["title": .text("namespace"), "names": texts(["default"])])
    case "CATALOGS":
      tokens.advance()
      return try showing(
        "showNames", ["title": .text("catalog"), "names": texts(["spark_catalog"])])
    case "FUNCTIONS": return try showFunctions("ALL")
    case "USER", "SYSTEM", "ALL":
      guard tokens.peek(1).isWord("FUNCTIONS") else { break }
      tokens.advance()
      return try showFunctions(word)
    case "CURRENT":
      guard
        tokens.take("CURRENT", "NAMESPACE") || tokens.take("CURRENT", "SCHEMA")
          || tokens.take("CURRENT", "DATABASE")
      else { break }
      let row = ["spark_catalog", "default"].map { make(.literal(.text($0), .string)) }
      let rows = node("inlineTable", ["rows": .list([expressions(row)])])
      return node("toDF", [rows], ["names": texts(["catalog", "namespace"])])
    default: break
    }
    throw unsupported("SQL_STATEMENT", "SHOW \(tokens.peek.source)")
  }

  private mutating func showFunctions(_ kind: String) throws -> UnresolvedPlan {
    tokens.advance()
    if tokens.take("IN") || tokens.take("FROM") { try knownDatabase(try tableName()) }
    return try showing("showFunctions", ["kind": .text(kind)])
  }

  private func knownDatabase(_ name: String) throws {
    guard ["default", "spark_catalog.default"].contains(name.lowercased()) else {
      throw Failure(
        "SCHEMA_NOT_FOUND", "there is no database `\(name)`, only `default`", origin: origin)
    }
  }

  /// `[[LIKE] 'pattern']`, or a bare name.
  private mutating func showing(
    _ name: String, _ arguments: [String: PlanArgument]
  ) throws -> UnresolvedPlan {
    var arguments = arguments
    let isLike = tokens.take("LIKE")
    if case .text(let pattern) = tokens.peek.kind {
      tokens.advance()
      arguments["pattern"] = .text(pattern)
    } else if !isLike, tokens.peek.kind == .word || tokens.peek.isQuoted {
      arguments["pattern"] = .text(try tableName())
    }
    return node(name, arguments)
  }

  /// `DESCRIBE [TABLE] [EXTENDED | FORMATTED] name [column]`, `DESCRIBE [QUERY] query`,
  /// `DESCRIBE FUNCTION [EXTENDED] name`
  private mutating func describe() throws -> UnresolvedPlan {
    if tokens.take("QUERY") || Self.beginsQuery(tokens.peek) {
      return node("describeQuery", [try query()])
    }
    let next = tokens.peek(1)
    if tokens.peek.isWord("FUNCTION"), next.kind != .end, !next.isSign(";") {
      return try describeFunction()
    }
    let words = ["DATABASE", "SCHEMA", "NAMESPACE", "CATALOG"]
    if next.kind == .word || next.isQuoted, words.contains(where: tokens.peek.isWord) {
      throw unsupported("SQL_STATEMENT", "DESCRIBE \(tokens.peek.keyword)")
    }
    if next.kind == .word || next.isQuoted { _ = tokens.take("TABLE") }
    if tokens.peek(1).kind == .word || tokens.peek(1).isQuoted {
      _ = tokens.take("EXTENDED") || tokens.take("FORMATTED")
    }
    let name = try tableName()
    guard tokens.peek.kind == .word || tokens.peek.isQuoted else {
      return node("describeTable", ["name": .text(name)])
    }
    return node(
      "describeTable",
      ["name": .text(name), "form": .text("column"), "column": .text(try tokens.identifier())])
  }

  private mutating func describeFunction() throws -> UnresolvedPlan {
    tokens.advance()
    let next = tokens.peek(1)
    let isExtended =
      tokens.peek.isWord("EXTENDED") && next.kind != .end && !next.isSign(";")
      && !next.isSign(".")
    if isExtended { tokens.advance() }
    var name: String
    switch tokens.peek.kind {
    case .word, .quoted: name = try tableName()
    case .text(let text):
      tokens.advance()
      name = text
    default: name = tokens.advance().source
    }
    name = name.split(separator: ".").last.map(String.init) ?? name
    return node(
      "describeFunction", ["name": .text(name), "isExtended": .boolean(isExtended)])
  }
}
