import Columns
import Contract
import ExpressionTesting
import Expressions
import Glibc
import Testing

/// Names, types and values that Spark answered for the same text.
@Suite struct OperatorTests {
  static let schema = """
    a INT NOT NULL, b BIGINT NOT NULL, s STRING NOT NULL, d DOUBLE NOT NULL, dc DECIMAL(10,2),
    xs ARRAY<INT>, m MAP<STRING, INT>, st STRUCT<f: INT, g: STRING>, ast ARRAY<STRUCT<f: INT>>,
    bo BOOLEAN, dt DATE, ts TIMESTAMP, fl FLOAT, ty TINYINT, bi BINARY, tn TIMESTAMP_NTZ, n INT,
    sn STRING, ns STRING, sh SMALLINT
    """
  static let row: [Scalar] = [
    .integer(1), .integer(2), .text("x"), .double(1.5), .decimal(125),
    .array([.integer(1), .integer(2)]), .map([.init(.text("k"), .integer(1))]),
    .structure([.integer(1), .text("y")]), .array([.structure([.integer(1)])]), .boolean(true),
    .integer(18262), .integer(1_577_872_800_000_000), .double(1.5), .integer(5),
    .bytes([0x41]), .integer(1_577_872_800_000_000), .null, .text("12"), .null, .integer(3),
  ]

  /// What one expression gives: name, type and value, or `error` and the class. `?` stands for the
  /// value of an aggregate, window or generator, which only its own operator computes.
  static func answer(_ sql: String) -> [String] {
    do {
      let (batch, plain) = try table(schema, [row])
      let input = plain.map {
        Attribute(id: $0.id, $0.name, $0.type, isNullable: $0.isNullable, qualifier: "t")
      }
      let parsed = try ExpressionParser.parse(sql)
      let items = try ExpressionResolver(scope: ColumnScope(input), functions: .builtIn)
        .resolveList([parsed])
      let column: NamedExpression
      switch items[0] {
      case .generator(let generator, _, _, _):
        return [generator.output[0].name, generator.output[0].type.simpleString, "?"]
      case .column(let found): column = found
      }
      let needsOperator = column.expression.contains {
        switch $0.kind {
        case .aggregate, .window: true
        default: false
        }
      }
      if needsOperator {
        return [column.attribute.name, column.expression.type.simpleString, "?"]
      }
      let vector = try CompiledExpression(column.expression, input: input)
        .evaluate(EvaluationContext(batch, task: TaskContext()))
      guard vector.type.hasSameShape(as: column.expression.type), vector.count == 1 else {
        return ["a vector of \(vector.type) where \(column.expression.type) was promised"]
      }
      var bytes: [UInt8] = []
      var text = ValueText(zone: .utc)
      text.append(vector, 0, to: &bytes)
      let value = vector.isNull(0) ? "NULL" : String(decoding: bytes, as: UTF8.self)
      return [column.attribute.name, column.expression.type.simpleString, value].map { part in
        part.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
      }
    } catch let failure as Failure {
      return ["error", failure.condition, ""]
    } catch let failure as RowFailure {
      return ["error", failure.failure.condition, ""]
    } catch {
      return ["error", "\(error)", ""]
    }
  }

  /// The lines of Tests/data/expressions/operators.tsv.
  static func recorded() throws -> [[String]] {
    let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = try #require(fopen("/\(here)/data/expressions/operators.tsv", "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
  }

  @Test func recordedAnswers() throws {
    let recorded = try Self.recorded()
    var wrong: [String] = []
    for expected in recorded {
      var found = Self.answer(expected[0])
      if found[2] == "?" { found[2] = expected[3] }
      if found != Array(expected.dropFirst()) {
        wrong.append("\(expected[0])\n    wanted \(expected.dropFirst())\n    found  \(found)")
      }
    }
    #expect(
      wrong.isEmpty,
      "\(wrong.count) of \(recorded.count):\n\(wrong.joined(separator: "\n"))")
  }
}
