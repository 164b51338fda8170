import Columns
import Contract
import Expressions
import Plan

extension QueryParser {
  /// What stands behind FROM: relations, joined by commas or JOIN, then lateral views.
  mutating func relations() throws -> UnresolvedPlan {
    var plan = try joined()
    while tokens.take(sign: ",") {
      plan = node("join", [plan, try joined()], ["kind": .text("cross")])
    }
    while tokens.take("LATERAL", "VIEW") { plan = try lateralView(over: plan) }
    return plan
  }

  private mutating func joined() throws -> UnresolvedPlan {
    var left = try relation()
    while let kind = try joinKind() {
      let right = try relation()
      var arguments: [String: PlanArgument] = ["kind": .text(kind)]
      if tokens.take("ON") {
        arguments["condition"] = .expression(try tokens.expression())
      } else if tokens.take("USING") {
        arguments["names"] = texts(try columnNames())
      } else if kind == "inner" {
        arguments["kind"] = .text("cross")
      } else if kind != "cross" {
        throw tokens.unexpected("ON or USING is expected")
      }
      left = node("join", [left, right], arguments)
    }
    return left
  }

  private mutating func joinKind() throws -> String? {
    if tokens.peek.isWord("NATURAL") {
      throw Failure(
        "UNSUPPORTED_FEATURE.NATURAL_JOIN", "NATURAL JOIN is not supported",
        hint: "Name the columns: JOIN … USING (a, b).", origin: origin)
    }
    if tokens.take("JOIN") { return "inner" }
    if tokens.take("INNER", "JOIN") { return "inner" }
    if tokens.take("CROSS", "JOIN") { return "cross" }
    let kinds = [
      ("LEFT", "SEMI", "leftSemi"), ("LEFT", "ANTI", "leftAnti"), ("LEFT", "OUTER", "leftOuter"),
      ("RIGHT", "OUTER", "rightOuter"), ("FULL", "OUTER", "fullOuter"),
    ]
    for (first, second, kind) in kinds where tokens.take(first, second, "JOIN") { return kind }
    for (first, kind) in [("LEFT", "leftOuter"), ("RIGHT", "rightOuter"), ("FULL", "fullOuter")]
    where tokens.take(first, "JOIN") {
      return kind
    }
    if tokens.take("SEMI", "JOIN") { return "leftSemi" }
    if tokens.take("ANTI", "JOIN") { return "leftAnti" }
    return nil
  }

  /// A table, sub-query, VALUES or `range(…)`, with its watermark and alias.
  private mutating func relation() throws -> UnresolvedPlan {
    var plan: UnresolvedPlan
    if tokens.take(sign: "(") {
      plan = try query()
      try tokens.expect(sign: ")")
    } else if tokens.peek.isWord("VALUES") {
      plan = try inlineTable()
    } else if tokens.peek.isWord("RANGE"), tokens.peek(1).isSign("(") {
      plan = try rangeTable()
    } else if tokens.peek.isWord("STREAM"),
      tokens.peek(1).kind == .word || tokens.peek(1).isSign("(")
    {
      plan = try streamTable()
    } else {
      plan = try namedTable(try tableName())
    }
    if tokens.take("WATERMARK") {
      let column = try tokens.expression()
      try tokens.expect("DELAY")
      try tokens.expect("OF")
      plan = node(
        "withWatermark", [plan],
        ["column": .expression(column), "delay": .text(try watermarkDelay())])
    }
    return try aliased(plan)
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
    if tokens.take("AS") {
      isAlias = true
    } else {
      switch tokens.peek.kind {
      case .quoted: isAlias = true
      case .word: isAlias = !Self.wordsBehindRelation.contains(tokens.peek.keyword)
      default: isAlias = false
      }
    }
    guard isAlias else { return plan }
    let name = try tokens.identifier()
    let columns = try columnNames()
    let renamed = columns.isEmpty ? plan : node("toDF", [plan], ["names": texts(columns)])
    return node("alias", [renamed], ["name": .text(name)])
  }

  private static let wordsBehindRelation: Set<String> = [
    "WHERE", "GROUP", "HAVING", "ORDER", "SORT", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT",
    "MINUS", "LATERAL", "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI",
    "ANTI", "NATURAL", "WINDOW", "TABLESAMPLE", "PIVOT", "UNPIVOT", "WATERMARK",
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

  /// `range([start,] end [, step])`
  private mutating func rangeTable() throws -> UnresolvedPlan {
    tokens.position += 2
    var numbers: [Int64] = []
    repeat {
      guard case .literal(.integer(let number), _) = try tokens.expression().node else {
        throw tokens.unexpected("range takes whole numbers")
      }
      numbers.append(number)
    } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    let start = numbers.count > 1 ? numbers[0] : 0
    let end = numbers.count > 1 ? numbers[1] : numbers[0]
    return range(start, end, step: numbers.count > 2 ? numbers[2] : 1)
  }

  private func range(_ start: Int64, _ end: Int64, step: Int64) -> UnresolvedPlan {
    node("range", ["start": .integer(start), "end": .integer(end), "step": .integer(step)])
  }

  /// What a SELECT without FROM selects from.
  func oneRow() -> UnresolvedPlan { range(0, 1, step: 1) }

  /// `VALUES (1, 'a'), (2, 'b')`: columns col1, col2, …
  mutating func inlineTable() throws -> UnresolvedPlan {
    try tokens.expect("VALUES")
    var rows: [UnresolvedPlan] = []
    repeat {
      var cells: [UnresolvedExpression] = []
      if tokens.peek.isSign("(") {
        tokens.advance()
        repeat { cells.append(try tokens.expression()) } while tokens.take(sign: ",")
        try tokens.expect(sign: ")")
      } else {
        cells = [try tokens.expression()]
      }
      let named = cells.enumerated().map { make(.alias($1, ["col\($0 + 1)"])) }
      rows.append(node("select", [oneRow()], ["columns": expressions(named)]))
    } while tokens.take(sign: ",")
    return rows.dropFirst().reduce(rows[0]) { node("union", [$0, $1]) }
  }

  /// `LATERAL VIEW [OUTER] explode(x) t AS a, b`
  private mutating func lateralView(over plan: UnresolvedPlan) throws -> UnresolvedPlan {
    let isOuter = tokens.take("OUTER")
    var generator = try tokens.expression()
    if isOuter, case .call(let name, let arguments, _, _) = generator.node {
      generator = make(.call(name + "_outer", arguments, isDistinct: false, filter: nil))
    }
    if !tokens.peek.isWord("AS"), tokens.peek.kind == .word { _ = try tokens.identifier() }
    var names: [String] = []
    if tokens.take("AS") {
      repeat { names.append(try tokens.identifier()) } while tokens.take(sign: ",")
    }
    let made = names.isEmpty ? generator : make(.alias(generator, names))
    return node("select", [plan], ["columns": expressions([make(.star([])), made])])
  }
}
