import Columns
import Contract
import Expressions
import Plan

extension QueryParser {
  /// What stands behind FROM: relations, joined by commas or JOIN, then lateral views.
  mutating func relations() throws -> UnresolvedPlan {
    // The first of all has nothing before it that it could use.
    if tokens.peek.isWord("LATERAL"), tokens.peek(1).isSign("(") { tokens.advance() }
    var plan = try joined()
    while tokens.take(sign: ",") {
      if let lateral = try lateral(plan, kind: "cross") {
        plan = try joins(of: lateral)
      } else {
        plan = node("join", [plan, try joined()], ["kind": .text("cross")])
      }
    }
    while tokens.take("LATERAL", "VIEW") { plan = try lateralView(over: plan) }
    return plan
  }

  private mutating func joined() throws -> UnresolvedPlan { try joins(of: try relation()) }

  /// The joins behind a relation, from left to right.
  mutating func joins(of first: UnresolvedPlan) throws -> UnresolvedPlan {
    var left = first
    while let next = try joinKind() {
      if next.isNatural, tokens.peek.isWord("LATERAL") {
        throw Failure(
          "INCOMPATIBLE_JOIN_TYPES", "NATURAL and LATERAL do not go together", origin: origin)
      }
      if !next.isNatural, let lateral = try lateral(left, kind: next.kind) {
        left = lateral
        continue
      }
      let right = try relation()
      var arguments: [String: PlanArgument] = ["kind": .text(next.kind)]
      if next.isNatural {
        arguments["isNatural"] = .boolean(true)
      } else if tokens.take("ON") {
        arguments["condition"] = .expression(try tokens.expression())
      } else if tokens.take("USING") {
        guard tokens.peek.isSign("(") else { throw tokens.unexpected() }
        arguments["names"] = texts(try columnNames())
      } else if next.kind == "inner" {
        arguments["kind"] = .text("cross")
      } else if next.kind != "cross" {
        arguments["condition"] = .expression(make(.literal(.boolean(true), .boolean)))
      }
      left = node("join", [left, right], arguments)
    }
    return left
  }

  private mutating func joinKind() throws -> (kind: String, isNatural: Bool)? {
    let isNatural = tokens.take("NATURAL")
    if tokens.take("JOIN") || tokens.take("INNER", "JOIN") { return ("inner", isNatural) }
    if !isNatural, tokens.take("CROSS", "JOIN") { return ("cross", false) }
    let kinds = [
      ("LEFT", "SEMI", "leftSemi"), ("LEFT", "ANTI", "leftAnti"), ("LEFT", "OUTER", "leftOuter"),
      ("RIGHT", "OUTER", "rightOuter"), ("FULL", "OUTER", "fullOuter"),
    ]
    for (first, second, kind) in kinds where tokens.take(first, second, "JOIN") {
      return (kind, isNatural)
    }
    let short = [
      ("LEFT", "leftOuter"), ("RIGHT", "rightOuter"), ("FULL", "fullOuter"), ("SEMI", "leftSemi"),
      ("ANTI", "leftAnti"),
    ]
    for (first, kind) in short where tokens.take(first, "JOIN") { return (kind, isNatural) }
    if isNatural { throw tokens.unexpected("JOIN is expected") }
    return nil
  }

  /// `LATERAL f(…) [AS] t(a, b)` or `LATERAL (query) [AS] t(a, b)`, behind a comma or a join; nil
  /// where LATERAL is not next.
  private mutating func lateral(
    _ left: UnresolvedPlan, kind: String
  ) throws -> UnresolvedPlan? {
    guard tokens.peek.isWord("LATERAL"), !tokens.peek(1).isWord("VIEW") else { return nil }
    tokens.advance()
    guard ["inner", "cross", "leftOuter"].contains(kind) else {
      throw Failure(
        "INVALID_LATERAL_JOIN_TYPE", "LATERAL is for inner, cross and left outer joins",
        origin: origin)
    }
    if tokens.peek.isSign("(") { return try lateralQuery(left, kind: kind) }
    let call = try tokens.expression()
    _ = tokens.take("AS")
    var table: String?
    var names: [String] = []
    if tokens.peek.isQuoted || (tokens.peek.kind == .word && !wordBehindRelation) {
      table = try tokens.identifier()
      names = try columnNames()
    }
    if tokens.take("ON") {
      guard case .literal(.boolean(true), _) = try tokens.expression().node else {
        throw unsupported("LATERAL_JOIN_CONDITION", "a condition on LATERAL but ON true")
      }
    }
    return generated(left, call, isOuter: false, table: table, names: names)
  }

  /// The query that stands behind LATERAL, with its alias and condition.
  private mutating func lateralQuery(
    _ left: UnresolvedPlan, kind: String
  ) throws -> UnresolvedPlan {
    tokens.advance()
    let inner = try query()
    try tokens.expect(sign: ")")
    let query = make(.subquery(Subquery(.exists, query: try aliased(inner))))
    var arguments: [String: PlanArgument] = ["kind": .text(kind), "query": .expression(query)]
    if tokens.take("ON") {
      arguments["condition"] = .expression(try tokens.expression())
    } else if tokens.peek.isWord("USING") {
      throw unsupported("LATERAL_JOIN_USING", "USING with LATERAL", hint: "Write it with ON.")
    }
    return node("lateralJoin", [left], arguments)
  }

  /// A table, sub-query, VALUES or `range(…)`, with its watermark and alias.
  private mutating func relation() throws -> UnresolvedPlan {
    var plan: UnresolvedPlan
    if tokens.take(sign: "(") {
      plan = try bracketedRelation()
    } else if tokens.peek.isWord("VALUES") {
      plan = try inlineTable()
    } else if tokens.peek.isWord("RANGE"), tokens.peek(1).isSign("(") {
      plan = try rangeTable()
    } else if tokens.peek.isWord("STREAM"),
      tokens.peek(1).kind == .word || tokens.peek(1).isSign("(")
    {
      plan = try streamTable()
    } else if tokens.peek.kind != .end, tokens.peek(1).isSign("("),
      tokens.peek.kind == .word || tokens.peek.isQuoted
    {
      plan = try functionTable()
    } else {
      plan = try namedTable(try tableName())
    }
    plan = try sampled(plan)
    if tokens.take("WATERMARK") {
      let column = try tokens.expression()
      try tokens.expect("DELAY")
      try tokens.expect("OF")
      plan = node(
        "withWatermark", [plan],
        ["column": .expression(column), "delay": .text(try watermarkDelay())])
    }
    plan = try aliased(plan)
    while let turned = try turned(plan) { plan = try aliased(turned) }
    return plan
  }

  /// Behind a bracket: a query, or relations with their joins.
  private mutating func bracketedRelation() throws -> UnresolvedPlan {
    let start = tokens.position
    // A query may itself begin with brackets, so that only trying tells what stands here.
    if !tokens.peek.isSign("("), !isQueryNext {
      let plan = try relations()
      try tokens.expect(sign: ")")
      return plan
    }
    do {
      let plan = try query()
      try tokens.expect(sign: ")")
      return plan
    } catch let failure as Failure where failure.condition == "PARSE_SYNTAX_ERROR" {
      let reached = tokens.position
      tokens.position = start
      guard tokens.peek.isSign("("), let plan = try? relations(), tokens.take(sign: ")") else {
        tokens.position = reached
        throw failure
      }
      return plan
    }
  }

  private var isQueryNext: Bool {
    ["SELECT", "WITH", "VALUES", "FROM", "TABLE"].contains(tokens.peek.keyword)
      && tokens.peek.kind == .word
  }

  /// `explode(…)` as a table.
  private mutating func functionTable() throws -> UnresolvedPlan {
    let call = try tokens.expression()
    return node("select", [oneRow()], ["columns": expressions([call])])
  }

  /// `TABLESAMPLE (10 PERCENT | 5 ROWS | BUCKET 1 OUT OF 4)`, with `REPEATABLE (seed)`.
  private mutating func sampled(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    guard tokens.take("TABLESAMPLE") else { return plan }
    try tokens.expect(sign: "(")
    if tokens.take("BUCKET") {
      let first = try plainNumber()
      try tokens.expect("OUT")
      try tokens.expect("OF")
      let fraction = first / (try plainNumber())
      try tokens.expect(sign: ")")
      return try sample(plan, fraction)
    }
    let amount = try plainNumber()
    if tokens.take("ROWS") {
      try tokens.expect(sign: ")")
      return node("limit", [plan], ["count": .integer(Int64(amount))])
    }
    try tokens.expect("PERCENT")
    try tokens.expect(sign: ")")
    return try sample(plan, amount / 100)
  }

  private mutating func sample(
    _ plan: UnresolvedPlan, _ fraction: Double
  ) throws -> UnresolvedPlan {
    guard (0...1).contains(fraction) else {
      throw Failure(
        "INVALID_TABLESAMPLE_FRACTION", "a sample is from 0 to 100 percent", origin: origin)
    }
    var arguments: [String: PlanArgument] = [
      "fraction": .number(fraction), "withReplacement": .boolean(false),
    ]
    if tokens.take("REPEATABLE") {
      try tokens.expect(sign: "(")
      arguments["seed"] = .integer(Int64(try plainNumber()))
      try tokens.expect(sign: ")")
    }
    return node("sample", [plan], arguments)
  }

  private mutating func plainNumber() throws -> Double {
    switch try tokens.expression().node {
    case .literal(.integer(let value), _): return Double(value)
    case .literal(.double(let value), _): return value
    case .literal(.decimal(let value), .decimal(_, let scale)):
      return Double(value) / (0..<scale).reduce(1.0) { power, _ in power * 10 }
    default: throw tokens.unexpected("a number is expected")
    }
  }

  /// `INTERVAL 10 SECONDS`, as the text that `withWatermark` takes.
  private mutating func watermarkDelay() throws -> String {
    switch try tokens.expression().node {
    case .literal(.integer(let us), .dayTimeInterval): return "\(us) microseconds"
    case .literal(.integer(let months), .yearMonthInterval): return "\(months) months"
    default: throw tokens.unexpected("a watermark's delay is an interval")
    }
  }

  private mutating func aliased(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    let isAlias: Bool
    if tokens.peek.isWord("AS"), tokens.peek(1).isSign("(") {
      // `VALUES (1, 2) AS (a, b)`: names for the columns alone.
      tokens.advance()
      return node("toDF", [plan], ["names": texts(try columnNames())])
    }
    if !ExpressionParser.endsItem(tokens.peek(1)), tokens.take("AS") {
      isAlias = true
    } else {
      switch tokens.peek.kind {
      case .quoted: isAlias = true
      case .word: isAlias = !wordBehindRelation
      default: isAlias = false
      }
    }
    guard isAlias else { return plan }
    let name = try tokens.identifier()
    let columns = try columnNames()
    let renamed = columns.isEmpty ? plan : node("toDF", [plan], ["names": texts(columns)])
    return node("alias", [renamed], ["name": .text(name)])
  }

  /// Whether the next word goes on with the query, so that it is no alias.
  var wordBehindRelation: Bool {
    let word = tokens.peek.keyword
    guard Self.wordsBehindRelation.contains(word) else { return false }
    // Behind the last word there is nothing for a clause to say, so that it is a name; the words of
    // joins and of set operations are never names of relations.
    return Self.wordsNeverAlias.contains(word) || !ExpressionParser.endsItem(tokens.peek(1))
  }

  private static let wordsNeverAlias: Set<String> = [
    "ANTI", "CROSS", "EXCEPT", "FULL", "INNER", "INTERSECT", "JOIN", "LATERAL", "LEFT", "NATURAL",
    "ON", "RIGHT", "SEMI", "MINUS", "UNION", "USING",
  ]

  private static let wordsBehindRelation: Set<String> = [
    "WHERE", "GROUP", "HAVING", "ORDER", "SORT", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT",
    "MINUS", "LATERAL", "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI",
    "ANTI", "NATURAL", "WINDOW", "TABLESAMPLE", "PIVOT", "UNPIVOT", "WATERMARK",
    "SELECT", "QUALIFY", "CLUSTER", "DISTRIBUTE",
  ]

  /// A table by its name: a `WITH` query, or a `table` node.
  func namedTable(_ name: String) throws -> UnresolvedPlan {
    if let plan = commonTables[name.lowercased()] { return plan }
    return node("table", ["name": .text(name), "isStreaming": .boolean(false)])
  }

  /// `STREAM name` or `STREAM(name)`
  private mutating func streamTable() throws -> UnresolvedPlan {
    tokens.advance()
    let isBracketed = tokens.take(sign: "(")
    let name = try tableName()
    if isBracketed { try tokens.expect(sign: ")") }
    return node("table", ["name": .text(name), "isStreaming": .boolean(true)])
  }

  /// `range([start,] end [, step [, partitions]])`, of constant expressions.
  private mutating func rangeTable() throws -> UnresolvedPlan {
    tokens.position += 2
    var bounds: [UnresolvedExpression] = []
    if !tokens.take(sign: ")") {
      repeat { bounds.append(try tokens.expression()) } while tokens.take(sign: ",")
      try tokens.expect(sign: ")")
    }
    return node("range", ["bounds": expressions(bounds)])
  }

  /// What a SELECT without FROM selects from: a row without columns.
  func oneRow() -> UnresolvedPlan {
    node("localRows", ["rows": .rows(Schema([]), [Batch([], count: 1)])])
  }

  /// `VALUES (1, 'a'), (2, 'b')`: columns col1, col2, …
  mutating func inlineTable() throws -> UnresolvedPlan {
    try tokens.expect("VALUES")
    var rows: [PlanArgument] = []
    repeat {
      let isTuple = tokens.peek.isSign("(")
      let isCall = tokens.peek(1).isWord("NAMED_STRUCT")
      let row = try tokens.expression()
      // `(1, 'a')` reads as a struct with fields `col1`, …: a call that makes a struct has others.
      if isTuple, case .call("named_struct", let fields, _, _) = row.node, !fields.isEmpty,
        !isCall || fields[0].literalText == "col1"
      {
        rows.append(expressions(stride(from: 1, to: fields.count, by: 2).map { fields[$0] }))
      } else {
        rows.append(expressions([row]))
      }
    } while tokens.take(sign: ",")
    return node("inlineTable", ["rows": .list(rows)])
  }

  /// `LATERAL VIEW [OUTER] explode(x) t AS a, b`
  mutating func lateralView(over plan: UnresolvedPlan) throws -> UnresolvedPlan {
    let isOuter = tokens.take("OUTER")
    let generator = try tokens.expression()
    var table: String?
    if !tokens.peek.isWord("AS"), tokens.peek.isQuoted || tokens.peek.kind == .word {
      if !wordBehindRelation { table = try tokens.identifier() }
    }
    var names: [String] = []
    if tokens.take("AS") {
      repeat { names.append(try tokens.identifier()) } while tokens.take(sign: ",")
    } else if table == nil {
      throw tokens.unexpected("a name for the lateral view is expected")
    }
    return generated(plan, generator, isOuter: isOuter, table: table, names: names)
  }

  private func generated(
    _ plan: UnresolvedPlan, _ call: UnresolvedExpression, isOuter: Bool, table: String?,
    names: [String]
  ) -> UnresolvedPlan {
    var generator = call
    if isOuter, case .call(let name, let arguments, _, _) = call.node,
      !name.lowercased().hasSuffix("_outer")
    {
      generator = make(.call(name + "_outer", arguments, isDistinct: false, filter: nil))
    }
    let made = names.isEmpty ? generator : make(.alias(generator, names))
    var arguments: [String: PlanArgument] = ["generator": .expression(made)]
    if let table { arguments["table"] = .text(table) }
    return node("generate", [plan], arguments)
  }
}

extension UnresolvedExpression {
  /// The text of a text literal.
  fileprivate var literalText: String? {
    if case .literal(let value, _) = node { value.text } else { nil }
  }
}
