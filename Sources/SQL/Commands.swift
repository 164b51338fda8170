import Contract
import Expressions
import Plan

/// A statement that changes the session, which the session carries out.
public enum SQLCommand: Sendable {
  /// `CREATE [OR REPLACE] TEMP VIEW [IF NOT EXISTS] name [(columns)] AS query`
  case createView(
    name: String, columns: [String], query: String, replaces: Bool, unlessThere: Bool)
  case dropView(name: String, ifThere: Bool)
  /// `SET name = value`
  case set(name: String, value: String)
  /// `SET name`; without a name all settings, with `-v` what they mean too.
  case show(name: String?, isVerbose: Bool)
  /// `RESET name`; without a name all settings.
  case reset(name: String?)
  /// `ALTER VIEW name RENAME TO other`
  case renameView(name: String, newName: String)
  /// `CACHE [LAZY] TABLE name [AS query]`
  case cache(name: String, query: String?)
  case uncache(name: String, ifThere: Bool)
  case clearCache
  /// What means nothing where there is one database and nothing is cached behind one's back.
  case nothing

  /// The command in a text, or nil where the text is none of these.
  public static func parse(_ text: String, origin: Origin? = nil) throws -> SQLCommand? {
    var parser = try QueryParser(text, timeZoneId: "UTC", origin: origin)
    switch parser.tokens.peek.kind == .word ? parser.tokens.peek.keyword : "" {
    case "CREATE": return try parser.createView(text)
    case "DROP": return try parser.dropView()
    case "SET": return try parser.setting(text)
    case "RESET":
      parser.tokens.advance()
      let name = parser.isAtEnd ? nil : try parser.tableName()
      try parser.expectEnd()
      return .reset(name: name)
    case "ALTER": return try parser.alterView(text)
    case "CACHE", "UNCACHE", "CLEAR": return try parser.caching(text)
    case "USE": return try parser.use()
    case "REFRESH":
      guard parser.tokens.take("REFRESH", "TABLE") else { return nil }
      _ = try parser.tableName()
      try parser.expectEnd()
      return .nothing
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
    let columns = try describedNames()
    _ = try comment()
    let query = try textBehindAs(text)
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

  /// `(a COMMENT 'what it is', b)`, or nothing.
  private mutating func describedNames() throws -> [String] {
    guard tokens.take(sign: "(") else { return [] }
    var names: [String] = []
    repeat {
      names.append(try tokens.identifier())
      _ = try comment()
    } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    return names
  }

  /// `COMMENT 'text'`, which nothing shows.
  private mutating func comment() throws -> Bool {
    guard tokens.take("COMMENT") else { return false }
    guard case .text = tokens.advance().kind else { throw tokens.unexpected() }
    return true
  }

  /// The query behind AS, as it is written.
  private mutating func textBehindAs(_ text: String) throws -> String {
    try tokens.expect("AS")
    return String(decoding: Array(text.utf8)[tokens.peek.range.lowerBound...], as: UTF8.self)
  }

  var isAtEnd: Bool { tokens.peek.isSign(";") || tokens.peek.kind == .end }

  /// `ALTER VIEW name AS query`, `ALTER VIEW name RENAME TO other`
  fileprivate mutating func alterView(_ text: String) throws -> SQLCommand? {
    guard tokens.take("ALTER", "VIEW") else { return nil }
    let name = try tableName()
    if tokens.take("RENAME", "TO") {
      let newName = try tableName()
      try expectEnd()
      return .renameView(name: name, newName: newName)
    }
    guard tokens.peek.isWord("AS") else {
      throw unsupported("SQL_STATEMENT", "ALTER VIEW \(tokens.peek.source)")
    }
    return .createView(
      name: name, columns: [], query: try textBehindAs(text), replaces: true, unlessThere: false)
  }

  /// `CACHE [LAZY] TABLE name [AS query]`, `UNCACHE TABLE [IF EXISTS] name`, `CLEAR CACHE`
  fileprivate mutating func caching(_ text: String) throws -> SQLCommand? {
    if tokens.take("CLEAR", "CACHE") {
      try expectEnd()
      return .clearCache
    }
    if tokens.take("UNCACHE", "TABLE") {
      let ifThere = tokens.take("IF", "EXISTS")
      let name = try tableName()
      try expectEnd()
      return .uncache(name: name, ifThere: ifThere)
    }
    guard tokens.take("CACHE", "TABLE") || tokens.take("CACHE", "LAZY", "TABLE") else {
      return nil
    }
    let name = try tableName()
    if isAtEnd { return .cache(name: name, query: nil) }
    return .cache(name: name, query: try textBehindAs(text))
  }

  /// `USE default`: there is one database.
  fileprivate mutating func use() throws -> SQLCommand {
    tokens.advance()
    for word in ["DATABASE", "SCHEMA", "NAMESPACE"] where tokens.peek(1).kind != .end {
      _ = tokens.take(word)
    }
    let name = try tableName()
    try expectEnd()
    guard ["default", "spark_catalog", "spark_catalog.default"].contains(name.lowercased()) else {
      throw Failure(
        "SCHEMA_NOT_FOUND", "there is no database `\(name)`, only `default`", origin: origin)
    }
    return .nothing
  }

  /// What stands behind SET TIME ZONE.
  private mutating func zone() throws -> String {
    if tokens.peek.isWord("LOCAL") {
      throw unsupported("SQL_STATEMENT", "SET TIME ZONE LOCAL", hint: "Name the zone.")
    }
    if case .text(let zone) = tokens.peek.kind {
      tokens.advance()
      return zone
    }
    guard case .literal(.integer(let us), .dayTimeInterval) = try tokens.expression().node,
      us % 60_000_000 == 0, abs(us) <= 18 * 3_600_000_000
    else {
      throw Failure(
        "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE",
        "a time zone is up to 18 hours from UTC, in whole minutes", origin: origin)
    }
    let minutes = abs(us) / 60_000_000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(us < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  /// The value of a setting is the text up to the end, as it stands.
  fileprivate mutating func setting(_ text: String) throws -> SQLCommand {
    tokens.advance()
    if tokens.take("TIME", "ZONE") {
      let zone = try zone()
      try expectEnd()
      return .set(name: "spark.sql.session.timeZone", value: zone)
    }
    if isAtEnd { return .show(name: nil, isVerbose: false) }
    if tokens.peek.isSign("-"), tokens.peek(1).isWord("V"), tokens.peek(2).kind == .end {
      return .show(name: nil, isVerbose: true)
    }
    if tokens.peek(1).kind == .word || tokens.peek(1).isQuoted || tokens.peek(1).isSign("("),
      tokens.peek.isWord("VAR") || tokens.peek.isWord("VARIABLE")
    {
      throw unsupported(
        "SQL_STATEMENT", "SET VARIABLE",
        hint: "Give values as parameters: session:sql(text, { name = value }).")
    }
    let name = try tableName()
    if isAtEnd { return .show(name: name, isVerbose: false) }
    try tokens.expect(sign: "=")
    let bytes = Array(text.utf8)
    var value = String(decoding: bytes[tokens.peek(-1).range.upperBound...], as: UTF8.self)
    while let last = value.last, last.isWhitespace || last == ";" { value.removeLast() }
    return .set(name: name, value: String(value.drop { $0.isWhitespace }))
  }
}
