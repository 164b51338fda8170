import Columns
import Contract
import Expressions
import ExpressionTesting
import Testing

/// Values and conditions that Spark 4.3 answered for the same text, ANSI mode, zone UTC.
@Suite struct OperatorTests {
  @Test(arguments: [
    ("1 + 2", "3"), ("a + b", "3"),
  ]) func answers(_ sql: String, _ result: String) {
    #expect(evaluate(sql, schema: "a INT, b BIGINT", rows: [[.integer(1), .integer(2)]]) == [result])
  }
}
