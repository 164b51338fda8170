import Columns
import Contract

/// `=`, `<` and their kin, BETWEEN and IN.
let comparisonFunctions: [FunctionSpec] =
  [
    comparison("=", .equal, aliases: ["=="], "Whether both are equal.", "2 = 2.0", "true"),
    comparison(
      "<", .less, "Whether the first is less.", "date'2024-01-01' < date'2024-01-02'", "true"),
    comparison("<=", .lessOrEqual, "Whether the first is less or equal.", "'a' <= 'b'", "true"),
    comparison(">", .greater, "Whether the first is greater.", "double('NaN') > 1", "true"),
    comparison(
      ">=", .greaterOrEqual, "Whether the first is greater or equal.", "1 >= null", "NULL"),
    .scalar(
      "!=", aliases: ["<>"], category: "operators", summary: "Whether both are different.",
      [.column("a", .any, "a value"), .column("b", .any, "a value")], returns: "BOOLEAN",
      examples: [Example("1 != 2", "true"), Example("1 != null", "NULL")]
    ) { call in
      call.negated(try compare(call.renamed("="), .equal))
    },
    .scalar(
      "<=>", aliases: ["equal_null"], category: "operators",
      summary: "Whether both are equal, or both NULL; never NULL.",
      [.column("a", .any, "a value"), .column("b", .any, "a value")], returns: "BOOLEAN",
      examples: [Example("null <=> null", "true"), Example("1 <=> null", "false")]
    ) { call in
      let notation: ScalarFunction.Notation = call.name == "<=>" ? .infix : .call
      return try comparable(call, "<=>", needsOrder: true).result(
        .boolean, nullable: .never, notation: notation
      ) { columns, _ in comparedNullSafe(columns[0], columns[1]) }
    },
    .scalar(
      "between", category: "operators", summary: "Whether a value lies between two, both included.",
      [
        .column("value", .any, "the value"), .value("lower", .any, "the least"),
        .value("upper", .any, "the greatest"),
      ], returns: "BOOLEAN",
      examples: [Example("2 between 1 and 2", "true"), Example("3 between 1 and null", "NULL")]
    ) { call in
      let low = try compare(call.renamed(">=").with([call[0], call[1]]), .greaterOrEqual)
      let high = try compare(call.renamed("<=").with([call[0], call[2]]), .lessOrEqual)
      let names = call.arguments.map(\.automaticName)
      let notation = ScalarFunction.Notation.custom { _ in
        "between(\(names.joined(separator: ", ")))"
      }
      if high.canFail {
        // As AND: a row below the least never comes to the greatest.
        return call.with([low, high]).guarded(.boolean, canFail: true, notation: notation) {
          try connected($0, $1, isAnd: true)
        }
      }
      return call.with([low, high]).result(.boolean, notation: notation) { columns, _ in
        TruthBits(columns[0]).and(TruthBits(columns[1])).vector
      }
    },
    .scalar(
      "in", category: "operators", summary: "Whether a value is one of some others.",
      [.column("value", .any, "the value"), .value("others", .any, "the others")],
      isVariadic: true, returns: "BOOLEAN",
      examples: [Example("2 in (1, 2)", "true"), Example("3 in (1, null)", "NULL")]
    ) { call in try membership(call) },
  ]

private func comparison(
  _ sign: String, _ comparison: Comparison, aliases: [String] = [], _ summary: String,
  _ code: String, _ result: String
) -> FunctionSpec {
  .scalar(
    sign, aliases: aliases, category: "operators", summary: summary,
    [.column("a", .any, "a value"), .column("b", .any, "a value")], returns: "BOOLEAN",
    examples: [Example(code, result)]
  ) { call in try compare(call.renamed(sign), comparison) }
}

private func compare(_ call: FunctionCall, _ comparison: Comparison) throws -> Expression {
  let call = try comparable(call, call.name, needsOrder: true)
  return call.result(.boolean, notation: .infix) { columns, _ in
    compared(columns[0], columns[1], comparison)
  }
}

/// The operands brought to one type that can be compared.
func comparable(_ call: FunctionCall, _ sign: String, needsOrder: Bool) throws -> FunctionCall {
  guard let type = ImplicitCast.comparisonType(call[0].type, call[1].type) else {
    throw differentOperands(call, sign)
  }
  guard type.isOrderable else { throw call.renamed(sign).notOrderable(type) }
  return call.with(call.arguments.map { $0.implicitlyCast(to: type) })
}

private func membership(_ call: FunctionCall) throws -> Expression {
  // Structs are compared by place, whatever their fields are called.
  let isOneShape = call.types.allSatisfy { $0.isNested && $0.nameless == call.types[0].nameless }
  guard let type = isOneShape ? call.types[0] : ImplicitCast.leastCommonType(call.types) else {
    throw Failure(
      "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
      "the values of IN must be of one type, but they are "
        + call.types.map { "\"\($0)\"" }.joined(separator: ", "), origin: call.origin)
  }
  guard type.isOrderable else { throw call.renamed("in").notOrderable(type) }
  let coerced = isOneShape ? call : call.with(call.arguments.map { $0.implicitlyCast(to: type) })
  return coerced.result(
    .boolean,
    notation: .custom { "(\($0[0]) IN (\($0.dropFirst().joined(separator: ", "))))" }
  ) { columns, _ in
    let value = columns[0]
    var found: TruthBits?
    for candidate in columns.dropFirst() {
      let bits = TruthBits(compared(value, candidate, .equal))
      found = found.map { $0.or(bits) } ?? bits
    }
    return found?.vector ?? .constant(.boolean(false), .boolean, count: value.count)
  }
}
