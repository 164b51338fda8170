import Contract

extension DataType {
  /// A type in DDL text: `INT`, `ARRAY<STRING>`, `STRUCT<a: INT>`; a list of columns
  /// (`a INT, b STRING`) is a struct.
  public init(ddl text: String) throws {
    var parser = DDLParser(text)
    do {
      self = try parser.wholeType()
    } catch let failure as Failure {
      // Spark reads `a int` as a struct's columns where no type stands.
      guard let schema = try? Schema(ddl: text) else { throw failure }
      self = .structure(schema.fields)
    }
  }
}

extension Schema {
  /// Columns in DDL text: `id BIGINT NOT NULL, at STRUCT<x: DOUBLE>`, also `id: BIGINT`.
  public init(ddl text: String) throws {
    var parser = DDLParser(text)
    self.init(try parser.wholeSchema())
  }

  /// The columns as DDL: `a INT, b STRING`.
  public var ddl: String {
    fields.map { "\($0.quotedName) \($0.type)\($0.isNullable ? "" : " NOT NULL")" }
      .joined(separator: ", ")
  }
}

/// Reads types and column lists by recursive descent. Positions in errors count from 0, as Spark's.
private struct DDLParser {
  /// How deep types may nest.
  static let depthLimit = 256

  enum Token: Equatable {
    /// A bare word.
    case word(String)
    /// A name in back-quotes.
    case quoted(String)
    case number(Int)
    case text(String)
    case symbol(Character)
    case end
  }

  private let source: [Character]
  private var position = 0
  /// The token ahead and where it starts.
  private var token = Token.end
  private var start = 0
  private var failure: Failure?
  private var depth = 0

  init(_ text: String) {
    source = Array(text)
    do { try advance() } catch let error as Failure { failure = error } catch {}
  }

  // MARK: Grammar

  mutating func wholeType() throws -> DataType {
    try checkStart()
    let type = try dataType()
    if token != .end { throw syntaxError() }
    return type
  }

  mutating func wholeSchema() throws -> [Field] {
    try checkStart()
    var fields = [try field()]
    while token == .symbol(",") {
      try advance()
      fields.append(try field())
    }
    if token != .end { throw syntaxError() }
    return fields
  }

  private func checkStart() throws {
    if let failure { throw failure }
    if token == .end {
      throw Failure("PARSE_EMPTY_STATEMENT", "a schema or type is expected, and the text is empty")
    }
  }

  private mutating func field() throws -> Field {
    let name: String
    switch token {
    case .word(let word): name = word
    case .quoted(let quoted): name = quoted
    default: throw syntaxError()
    }
    try advance()
    if token == .symbol(":") { try advance() }
    let type = try dataType()
    var isNullable = true
    if try take(word: "NOT") {
      guard try take(word: "NULL") else { throw syntaxError() }
      isNullable = false
    }
    if try take(word: "COMMENT") {
      guard case .text = token else { throw syntaxError() }
      try advance()
    }
    return Field(name, type, isNullable: isNullable)
  }

  private mutating func dataType() throws -> DataType {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw Failure(
        "PARSE_SYNTAX_ERROR", "the type nests deeper than \(Self.depthLimit) levels",
        details: pointer(start))
    }
    let nameStart = start
    switch token {
    case .word(let word):
      try advance()
      return try dataType(named: word.uppercased(), at: nameStart)
    case .quoted(let name): throw unsupported("`\(name)`", at: nameStart, similarTo: name)
    default: throw syntaxError()
    }
  }

  private mutating func dataType(named name: String, at nameStart: Int) throws -> DataType {
    switch name {
    case "ARRAY":
      guard try take(symbol: "<") else { throw incomplete(name, "ARRAY<INT>", at: nameStart) }
      let element = try dataType()
      try expect(symbol: ">")
      return .array(element, containsNull: true)
    case "MAP":
      guard try take(symbol: "<") else { throw incomplete(name, "MAP<STRING, INT>", at: nameStart) }
      let key = try dataType()
      try expect(symbol: ",")
      let value = try dataType()
      try expect(symbol: ">")
      return .map(key, value, valueContainsNull: true)
    case "STRUCT":
      guard try take(symbol: "<") else {
        throw incomplete(name, "STRUCT<a: INT, b: STRING>", at: nameStart)
      }
      return .structure(try structureFields())
    case "INTERVAL": return try interval()
    case "TIMESTAMP": return try timestamp()
    default: return try simpleType(name, at: nameStart)
    }
  }

  private mutating func structureFields() throws -> [Field] {
    if try take(symbol: ">") { return [] }
    var fields = [try field()]
    while try take(symbol: ",") { fields.append(try field()) }
    try expect(symbol: ">")
    return fields
  }

  private mutating func timestamp() throws -> DataType {
    guard case .word(let word) = token else { return .timestamp }
    let isLocal: Bool
    switch word.uppercased() {
    case "WITHOUT": isLocal = true
    case "WITH": isLocal = false
    default: return .timestamp
    }
    try advance()
    if !isLocal { _ = try take(word: "LOCAL") }
    for expected in ["TIME", "ZONE"] where !(try take(word: expected)) { throw syntaxError() }
    return isLocal ? .timestampNtz : .timestamp
  }

  private mutating func interval() throws -> DataType {
    guard let from = try intervalUnit() else { return .calendarInterval }
    var to = from
    if case .word(let word) = token, word.uppercased() == "TO" {
      let toStart = start
      let saved = (position, token)
      try advance()
      guard let unit = try intervalUnit(), unit > from, (unit <= .month) == (from <= .month) else {
        (position, token) = saved
        start = toStart
        throw syntaxError()
      }
      to = unit
    }
    return from <= .month ? .yearMonthInterval(from, to) : .dayTimeInterval(from, to)
  }

  private mutating func intervalUnit() throws -> IntervalUnit? {
    guard case .word(let word) = token else { return nil }
    let units: [IntervalUnit] = [.year, .month, .day, .hour, .minute, .second]
    guard let unit = units.first(where: { $0.text == word.uppercased() }) else { return nil }
    try advance()
    return unit
  }

  private static let simpleTypes: [String: DataType] = [
    "BOOLEAN": .boolean, "TINYINT": .byte, "BYTE": .byte, "SMALLINT": .short, "SHORT": .short,
    "INT": .int, "INTEGER": .int, "BIGINT": .long, "LONG": .long, "FLOAT": .float, "REAL": .float,
    "DOUBLE": .double, "STRING": .string, "BINARY": .binary, "DATE": .date,
    "TIMESTAMP_NTZ": .timestampNtz, "TIMESTAMP_LTZ": .timestamp, "VOID": .null,
  ]

  /// Names from elsewhere, and the type that is meant.
  private static let foreignNames = [
    "TEXT": "STRING", "UUID": "STRING", "JSON": "STRING", "NVARCHAR": "STRING",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMP", "BOOL": "BOOLEAN", "INT8": "TINYINT", "INT16": "SMALLINT",
    "INT32": "INT", "INT64": "BIGINT", "FLOAT32": "FLOAT", "FLOAT64": "DOUBLE", "NUMBER": "DECIMAL",
    "BLOB": "BINARY", "BYTES": "BINARY", "LIST": "ARRAY", "OBJECT": "STRUCT", "NULL": "VOID",
  ]

  private mutating func simpleType(_ name: String, at nameStart: Int) throws -> DataType {
    let parameters = try numbers()
    let written =
      parameters.isEmpty
      ? name : name + "(" + parameters.map { String($0) }.joined(separator: ",") + ")"
    switch name {
    case "DECIMAL", "DEC", "NUMERIC":
      guard parameters.count <= 2 else { throw unsupported(written, at: nameStart) }
      return try decimal(parameters)
    case "CHAR", "CHARACTER", "VARCHAR":
      guard let length = parameters.first else {
        throw Failure(
          "DATATYPE_MISSING_SIZE", "\(name) needs a length, for example \(name)(10)",
          hint: "STRING has no length", details: pointer(nameStart))
      }
      guard parameters.count == 1, length > 0 else { throw unsupported(written, at: nameStart) }
      return .string
    case "VARIANT", "TIME", "GEOMETRY", "GEOGRAPHY":
      throw Failure(
        "UNSUPPORTED_DATATYPE", "the type \(written) is not supported",
        hint: name == "VARIANT" ? "Read it as STRING and use from_json or get_json_object" : nil,
        details: pointer(nameStart))
    default:
      guard parameters.isEmpty, let type = Self.simpleTypes[name] else {
        throw unsupported(written, at: nameStart, similarTo: name)
      }
      if type == .string, try take(word: "COLLATE") { try collation() }
      return type
    }
  }

  private mutating func collation() throws {
    let at = start
    guard case .word(let name) = token else { throw syntaxError() }
    try advance()
    guard name.uppercased() == "UTF8_BINARY" else {
      throw Failure(
        "UNSUPPORTED_DATATYPE",
        "strings are compared byte by byte; the collation \(name) is not supported",
        hint: "Compare lower(column) instead", details: pointer(at))
    }
  }

  private mutating func decimal(_ parameters: [Int]) throws -> DataType {
    let precision = parameters.first ?? 10
    let scale = parameters.count > 1 ? parameters[1] : 0
    guard precision <= 38 else {
      throw Failure(
        "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
        "a DECIMAL has 38 digits at most, not \(precision)", details: [text])
    }
    guard scale <= precision else {
      throw Failure(
        "DECIMAL_SCALE_EXCEEDS_PRECISION",
        "the scale of a DECIMAL (\(scale)) cannot be greater than its precision (\(precision))",
        details: [text])
    }
    return .decimal(precision: precision, scale: scale)
  }

  private mutating func numbers() throws -> [Int] {
    guard try take(symbol: "(") else { return [] }
    var numbers: [Int] = []
    repeat {
      guard case .number(let number) = token else { throw syntaxError() }
      numbers.append(number)
      try advance()
    } while try take(symbol: ",")
    try expect(symbol: ")")
    return numbers
  }

  // MARK: Errors

  private var text: String { String(source) }

  /// The text, and a mark under one place of it.
  private func pointer(_ at: Int) -> [String] {
    [text, String(repeating: "-", count: at) + "^"]
  }

  private func syntaxError() -> Failure {
    var near = "the end of the text"
    if token != .end { near = "`" + String(source[start..<position]) + "`" }
    return Failure(
      "PARSE_SYNTAX_ERROR", "the schema cannot be read at \(near) (position \(start))",
      hint: "A schema reads like `id BIGINT, name STRING, tags ARRAY<STRING>`",
      details: pointer(start))
  }

  private func incomplete(_ name: String, _ example: String, at: Int) -> Failure {
    Failure(
      "INCOMPLETE_TYPE_DEFINITION.\(name)", "\(name) does not say what it is made of",
      hint: "For example: \(example)", details: pointer(at))
  }

  private func unsupported(_ written: String, at: Int, similarTo name: String = "") -> Failure {
    let known =
      Array(Self.simpleTypes.keys) + ["ARRAY", "MAP", "STRUCT", "TIMESTAMP", "DECIMAL", "INTERVAL"]
    var hint: String?
    let bare = name.uppercased()
    if let meant = Self.foreignNames[bare] {
      hint = "Did you mean `\(meant)`?"
    } else if known.contains(bare) {
      hint =
        "Write \(bare)" + (written.hasPrefix("`") ? " without back-quotes" : " without a length")
    } else if !bare.isEmpty {
      hint = Suggestion.sentence(for: bare, among: known)
    }
    return Failure(
      "UNSUPPORTED_DATATYPE", "there is no type \(written)", hint: hint, details: pointer(at))
  }

  // MARK: Tokens

  private mutating func take(symbol: Character) throws -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  private mutating func expect(symbol: Character) throws {
    guard try take(symbol: symbol) else { throw syntaxError() }
  }

  private mutating func take(word wanted: String) throws -> Bool {
    guard case .word(let word) = token, word.uppercased() == wanted else { return false }
    try advance()
    return true
  }

  private mutating func advance() throws {
    skipBlanksAndComments()
    start = position
    guard position < source.count else {
      token = .end
      return
    }
    let first = source[position]
    if first == "`" || first == "'" || first == "\"" {
      let content = try delimited(by: first)
      token = first == "`" ? .quoted(content) : .text(content)
    } else if Self.isWordPart(first) {
      while position < source.count, Self.isWordPart(source[position]) { position += 1 }
      let word = String(source[start..<position])
      token = Int(word).map(Token.number) ?? .word(word)
      try checkIdentifier()
    } else {
      position += 1
      token = .symbol(first)
      if !"<>(),:".contains(first) {
        if first.isLetter { try checkIdentifier() }
        throw syntaxError()
      }
    }
  }

  /// Spark names the cure when a bare name goes on with a dash or a letter beyond ASCII.
  private mutating func checkIdentifier() throws {
    let goesOn = { (c: Character) in c == "-" || (!c.isASCII && c.isLetter) || Self.isWordPart(c) }
    guard
      position < source.count
        ? goesOn(source[position]) || !source[start].isASCII : !source[start].isASCII
    else { return }
    while position < source.count, goesOn(source[position]) { position += 1 }
    let name = String(source[start..<position])
    throw Failure(
      "INVALID_IDENTIFIER", "the name \(name) must stand in back-quotes",
      hint: "Write `\(name)`", details: pointer(start))
  }

  private mutating func skipBlanksAndComments() {
    while position < source.count {
      if source[position].isWhitespace {
        position += 1
      } else if source[position...].starts(with: "--") {
        while position < source.count, !source[position].isNewline { position += 1 }
      } else if source[position...].starts(with: "/*") {
        position += 2
        while position < source.count, !source[position...].starts(with: "*/") { position += 1 }
        position = min(position + 2, source.count)
      } else {
        return
      }
    }
  }

  /// Text in quotes; a doubled quote stands for one, and in comments a backslash escapes.
  private mutating func delimited(by quote: Character) throws -> String {
    var content = ""
    position += 1
    while position < source.count {
      let character = source[position]
      position += 1
      if character == quote {
        guard position < source.count, source[position] == quote else { return content }
        position += 1
      } else if character == "\\", quote != "`", position < source.count {
        content.append(source[position])
        position += 1
        continue
      }
      content.append(character)
    }
    throw Failure(
      "PARSE_SYNTAX_ERROR", "the text in \(quote) is not closed", details: pointer(start))
  }

  private static func isWordPart(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber) || character == "_"
  }
}
