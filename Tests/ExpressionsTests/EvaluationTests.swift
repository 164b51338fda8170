import Columns
import Contract
import ExpressionTesting
import Expressions
import Testing

/// What holds over many rows, and the trees that text and the Column methods make.
@Suite struct EvaluationTests {
  let origin = Origin(file: "orders.lua", line: 14)

  static func numbers(_ values: [Int64?]) -> [[Scalar]] {
    values.map { [$0.map { .integer($0) } ?? .null] }
  }

  @Test func textAndTreeAgree() throws {
    let text = try ExpressionParser.parse("(a + 1) * 2 > 5 and not (a = 3)")
    let a = UnresolvedExpression(.name(["a"]))
    func int(_ value: Int64) -> UnresolvedExpression {
      UnresolvedExpression(.literal(.integer(value), .int))
    }
    let tree = UnresolvedExpression.call(
      "and",
      [
        .call(">", [.call("*", [.call("+", [a, int(1)]), int(2)]), int(5)]),
        .call("not", [.call("=", [a, int(3)])]),
      ])
    let rows = Self.numbers([1, 2, 3, 4, nil])
    let expected = ["false", "true", "false", "true", "NULL"]
    #expect(try values(text, "a INT", rows, "UTC") == expected)
    #expect(try values(tree, "a INT", rows, "UTC") == expected)
    let (_, input) = try table("a INT", rows)
    #expect(try resolve(text, input).fingerprint == resolve(tree, input).fingerprint)
    #expect(
      try resolve(text, input).fingerprint == "((((a + 1) * 2) > 5) AND (NOT (a = 3)))")
  }

  @Test func guardsKeepFailuresAway() {
    let rows = Self.numbers([0, 1, nil, 2, 0])
    #expect(
      evaluate("a = 0 or 10 / a > 5", schema: "a INT", rows: rows)
        == ["true", "true", "NULL", "false", "true"])
    #expect(
      evaluate("a <> 0 and 10 div a = 10", schema: "a INT", rows: rows)
        == ["false", "true", "NULL", "false", "false"])
    #expect(
      evaluate(
        "case when a = 0 then -1 when a is null then null else 10 div a end", schema: "a INT",
        rows: rows) == ["-1", "10", "NULL", "5", "-1"])
    #expect(
      evaluate("coalesce(a, 1 div 0)", schema: "a INT", rows: Self.numbers([1, 2])) == ["1", "2"])
    #expect(
      evaluate("if(a = 0, 0, 10 div a)", schema: "a INT", rows: rows)
        == ["0", "10", "NULL", "5", "0"])
  }

  /// The failing row is named in the rows of the whole batch, whatever guard it failed behind.
  @Test(arguments: [
    "10 div a", "a = 7 or 10 div a > 0", "case when a = 7 then 1 else 10 div a end",
  ])
  func failuresNameTheirRow(_ sql: String) throws {
    let rows = Self.numbers([7, 1, nil, 7, 2, 0, 0])
    let parsed = try ExpressionParser.parse(sql, origin: origin)
    do {
      _ = try evaluated(parsed, "a INT", rows, "UTC")
      Issue.record("no failure")
    } catch let error as RowFailure {
      #expect(error.row == 5)
      #expect(error.failure.condition == "DIVIDE_BY_ZERO")
      #expect(error.failure.origin == origin)
    }
  }

  /// A NULL's slot may hold anything: it must not overflow.
  @Test func nullsDoNotOverflow() {
    let rows: [[Scalar]] = (0..<200).map {
      $0 % 3 == 0
        ? [.null, .integer(1)] : [.integer($0 % 3 == 1 ? 5 : Int64(Int32.max) - 1), .integer(1)]
    }
    let sums = evaluate("a + b", schema: "a INT, b INT", rows: rows)
    #expect(sums.prefix(3) == ["NULL", "6", "2147483647"])
    #expect(sums.count == 200)
    #expect(evaluate("a + 2", schema: "a INT, b INT", rows: rows) == ["error ARITHMETIC_OVERFLOW"])
  }

  @Test func threeValuedLogicOverWords() {
    let three: [Scalar] = [.boolean(true), .boolean(false), .null]
    let rows = (0..<90).map { [three[$0 % 3], three[$0 / 3 % 3]] }
    let names = ["true", "false", "NULL"]
    func and(_ a: String, _ b: String) -> String {
      a == "false" || b == "false" ? "false" : a == "NULL" || b == "NULL" ? "NULL" : "true"
    }
    func or(_ a: String, _ b: String) -> String {
      a == "true" || b == "true" ? "true" : a == "NULL" || b == "NULL" ? "NULL" : "false"
    }
    let pairs = (0..<90).map { (names[$0 % 3], names[$0 / 3 % 3]) }
    let schema = "a BOOLEAN, b BOOLEAN"
    #expect(evaluate("a and b", schema: schema, rows: rows) == pairs.map { and($0.0, $0.1) })
    #expect(evaluate("a or b", schema: schema, rows: rows) == pairs.map { or($0.0, $0.1) })
    #expect(
      evaluate("a <=> b", schema: schema, rows: rows) == pairs.map { String($0.0 == $0.1) })
  }

  @Test func textEquality() {
    let texts = [
      "", "view", "views", "exactly 12 b", "a text of more than 12", "a text of more than 13",
    ]
    let rows: [[Scalar]] = texts.map { [.text($0)] } + [[.null]]
    for wanted in texts {
      #expect(
        evaluate("s = '\(wanted)'", schema: "s STRING", rows: rows)
          == texts.map { String($0 == wanted) } + ["NULL"])
      #expect(
        evaluate("'\(wanted)' < s", schema: "s STRING", rows: rows)
          == texts.map { String(Array(wanted.utf8).lexicographicallyPrecedes(Array($0.utf8))) } + [
            "NULL"
          ])
    }
  }

  @Test func foldingKeepsWhatFails() throws {
    func folded(_ sql: String) throws -> String {
      let (_, input) = try table("a INT", [])
      return fold(try resolve(try ExpressionParser.parse(sql), input)).fingerprint
    }
    #expect(try folded("a + (1 + 2)") == "(a + 3)")
    #expect(try folded("1L div 0L + a") == "((1L div 0L) + CAST(a AS BIGINT))")
    #expect(try folded("a > 1 and true") == "(a > 1)")
    #expect(try folded("a > 1 and 1 = 2") == "false")
    #expect(try folded("a > 1 or 1 = 1") == "true")
    #expect(try folded("case when 1 = 2 then a else 5 end") == "5")
    #expect(evaluate("a = 0 or 1 div 0 = 1", schema: "a INT", rows: Self.numbers([0])) == ["true"])
  }

  @Test func unknownColumnsAreSuggested() throws {
    let columns = ["order_id", "amount", "created_at"].map { Attribute($0, .int) }
    do {
      _ = try resolve(UnresolvedExpression(.name(["amout"]), origin: origin), columns)
      Issue.record("no failure")
    } catch let failure as Failure {
      #expect(
        failure.description == """
          orders.lua:14: UNRESOLVED_COLUMN.WITH_SUGGESTION: there is no column `amout` in this \
          DataFrame. Did you mean `amount`?
            columns: order_id, amount, created_at
          """)
    }
  }

  @Test func syntaxErrorsPointAtTheText() throws {
    do {
      _ = try ExpressionParser.parse("a +\n  b c d", origin: origin)
      Issue.record("no failure")
    } catch let failure as Failure {
      #expect(failure.condition == "PARSE_SYNTAX_ERROR")
      #expect(failure.message == "syntax error at or near 'd' (line 2, pos 6)")
      #expect(failure.details == ["  b c d", "------^^^"])
    }
  }

  @Test func depthHasALimit() throws {
    for text in [
      String(repeating: "(", count: 100_000) + "1", String(repeating: "- ", count: 100_000) + "a",
      String(repeating: "not ", count: 5000) + "true",
      Array(repeating: "1", count: 5000).joined(separator: "+"),
      String(repeating: "x -> ", count: 5000) + "1", "a" + String(repeating: "[0]", count: 5000),
      String(repeating: "case when ", count: 3000), String(repeating: "f(", count: 3000),
    ] {
      #expect(throws: Failure.self) { try ExpressionParser.parse(text) }
    }
    let long = Array(repeating: "a = 1", count: 20_000).joined(separator: " or ")
    #expect(evaluate(long, schema: "a INT", rows: [[.integer(1)]]) == ["true"])
    let deep = Array(repeating: "a", count: 900).joined(separator: " + ")
    #expect(evaluate(deep, schema: "a INT", rows: [[.integer(1)]]) == ["900"])
  }

  @Test func eventTimeSurvivesNames() throws {
    let time = Attribute("t", .timestamp, watermarkDelayUs: 600_000_000)
    let resolver = ExpressionResolver(scope: ColumnScope([time]), functions: .builtIn)
    let renamed = try resolver.resolveNamed(try ExpressionParser.parse("t AS time"))
    #expect(renamed.attribute.watermarkDelayUs == 600_000_000)
    let moved = try resolver.resolveNamed(try ExpressionParser.parse("t + interval 1 hour AS time"))
    #expect(moved.attribute.watermarkDelayUs == nil)
  }

  @Test func ambiguousNamesAreRefused() throws {
    let columns = [Attribute("k", .int, qualifier: "l"), Attribute("k", .int, qualifier: "r")]
    #expect(throws: Failure.self) { try resolve(UnresolvedExpression(.name(["k"])), columns) }
    let right = try resolve(UnresolvedExpression(.name(["R", "K"])), columns)
    #expect(right.references == [columns[1]])
  }

  @Test func sessionZoneDecides() {
    #expect(
      evaluate(
        "cast(cast('2024-07-01 00:30:00' as timestamp) as bigint)",
        timeZoneId: "Europe/Vienna") == ["1719786600"])
    #expect(
      evaluate("timestamp'2024-03-30 12:00:00' + interval 1 day", timeZoneId: "Europe/Vienna")
        == ["2024-03-31 12:00:00"])
    #expect(
      evaluate("timestamp'2024-03-30 12:00:00' + interval 24 hours", timeZoneId: "Europe/Vienna")
        == ["2024-03-31 12:00:00"])
  }

  @Test func starsExpand() throws {
    let inner = DataType.structure([Field("x", .int), Field("y", .string)])
    let columns = [Attribute("v", inner, qualifier: "t"), Attribute("w", .long, qualifier: "u")]
    let resolver = ExpressionResolver(scope: ColumnScope(columns), functions: .builtIn)
    func names(_ sql: String) throws -> [String] {
      try resolver.resolveList([try ExpressionParser.parse(sql)]).map { item in
        if case .column(let column) = item { column.attribute.name } else { "" }
      }
    }
    #expect(try names("*") == ["v", "w"])
    #expect(try names("v.*") == ["x", "y"])
    #expect(try names("u.*") == ["w"])
    #expect(try names("count(*)") == ["count(1)"])
  }

  @Test func windowsAreResolved() throws {
    let columns = [Attribute("a", .int), Attribute("b", .int)]
    let parsed = try ExpressionParser.parse(
      "lag(a, 1) over (partition by b order by a desc)")
    let resolved = try resolve(parsed, columns)
    guard case .window(let call) = resolved.kind else {
      Issue.record("no window")
      return
    }
    #expect(call.partition.count == 1 && call.order[0].order == .descending)
    #expect(
      try resolve(try ExpressionParser.parse("row_number() over (order by a)"), columns)
        .automaticName
        == "row_number() OVER (ORDER BY a ASC NULLS FIRST "
        + "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    #expect(throws: Failure.self) {
      try resolve(try ExpressionParser.parse("rank() over (partition by a)"), columns)
    }
  }
}
