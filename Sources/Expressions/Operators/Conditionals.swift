import Columns
import Contract

/// CASE, IF, COALESCE and their kin: each branch is evaluated for the rows that reach it alone.
let conditionalFunctions: [FunctionSpec] = [
  .scalar(
    "when", category: "conditionals",
    summary: "The value behind the first condition that holds (CASE WHEN).",
    [
      .column("condition", .any, "a condition"), .value("value", .any, "its value"),
      .value("others", .any, default: "NULL", "further pairs, and a value for no match at last"),
    ], isVariadic: true, returns: "the common type of the values",
    examples: [
      Example("case when 1 > 2 then 'a' else 'b' end", "b"),
      Example("case 3 when 1 then 'one' end", "NULL"),
    ]
  ) { call in try caseWhen(call, .custom(caseText)) },
  .scalar(
    "if", category: "conditionals", summary: "One of two values, by a condition.",
    [
      .column("condition", .exactly(.boolean), "the condition"),
      .column("a", .any, "the value where it holds"),
      .column("b", .any, "the value elsewhere"),
    ], returns: "the common type of the values",
    examples: [
      Example("if(1 < 2, 'a', 'b')", "a"),
      Example("if(NULL, 1, -1)", "-1"),
    ]
  ) { call in
    // Other than CASE, it takes a bare NULL for its condition.
    let arguments = [call[0].implicitlyCast(to: .boolean), call[1], call[2]]
    return try caseWhen(call.with(arguments), .custom { "(IF(\($0.joined(separator: ", "))))" })
  },
  .scalar(
    "coalesce", category: "conditionals", summary: "The first value that is not NULL.",
    [.column("values", .any, "the values")], isVariadic: true,
    returns: "the common type of the values",
    examples: [
      Example("coalesce(null, 2, 3)", "2"), Example("coalesce(NULL, '', 'é')", ""),
      Example("coalesce(NULL, NULL)", "NULL"), Example("coalesce(-1, 1 / 0)", "-1.0"),
      Example("coalesce()", "error WRONG_NUM_ARGS.WITHOUT_SUGGESTION"),
      Example("coalesce(NULL, -1)", "-1"),
    ]
  ) { call in try coalesce(call) },
  .scalar(
    "nvl", aliases: ["ifnull"], category: "conditionals",
    summary: "The first value, or the second where it is NULL.",
    [.column("a", .any, "a value"), .column("b", .any, "what stands for NULL")],
    returns: "the common type of the values", examples: [Example("nvl(null, 'x')", "x")]
  ) { call in try coalesce(call) },
  .scalar(
    "nvl2", category: "conditionals",
    summary: "The second value where the first is not NULL, else the third.",
    [
      .column("a", .any, "what is looked at"), .column("b", .any, "the value where it is not NULL"),
      .column("c", .any, "the value where it is NULL"),
    ], returns: "the common type of the values", examples: [Example("nvl2(null, 1, 2)", "2")]
  ) { call in
    let names = call.arguments.map(\.automaticName)
    let test = call.with([call[0]]).result(.boolean, nullable: .never) { columns, _ in
      nullness(columns[0], isNull: false)
    }
    return try caseWhen(
      call.with([test, call[1], call[2]]),
      .custom { _ in "nvl2(\(names.joined(separator: ", ")))" })
  },
  .scalar(
    "nullif", category: "conditionals", summary: "NULL where both are equal, else the first.",
    [.column("a", .any, "a value"), .column("b", .any, "a value")], returns: "the type of `a`",
    examples: [Example("nullif(2, 2)", "NULL"), Example("nullif(2, 3)", "2")]
  ) { call in
    let names = call.arguments.map(\.automaticName)
    let compared = try comparable(call, "=", needsOrder: true)
    let arguments = compared.arguments + [call[0]]
    return call.with(arguments).result(
      call[0].type, nullable: .always,
      notation: .custom { _ in "nullif(\(names.joined(separator: ", ")))" }
    ) { columns, _ in
      let same = TruthBits(Expressions.compared(columns[0], columns[1], .equal))
      let rows = TruthBits.rows(without: same.isTrue, count: same.count)
      if rows.count == same.count { return columns[2] }
      return spread(columns[2].gathered(rows), rows, count: same.count)
    }
  },
]

/// `CASE WHEN a THEN b … ELSE c END`
private func caseText(_ parts: [String]) -> String {
  var text = "CASE"
  for index in stride(from: 0, to: parts.count - 1, by: 2) {
    text += " WHEN \(parts[index]) THEN \(parts[index + 1])"
  }
  if !parts.count.isMultiple(of: 2) { text += " ELSE \(parts[parts.count - 1])" }
  return text + " END"
}

/// Condition, value, condition, value, …, with the value for no match at last where there is one.
func caseWhen(
  _ call: FunctionCall, _ notation: ScalarFunction.Notation
) throws -> Expression {
  let count = call.arguments.count
  let hasElse = !count.isMultiple(of: 2)
  let conditions = stride(from: 0, to: count - 1, by: 2)
  let values = call.arguments.indices.filter {
    !$0.isMultiple(of: 2) || (hasElse && $0 == count - 1)
  }
  for index in conditions where call.types[index] != .boolean {
    throw call.unexpectedType(index, expected: "\"BOOLEAN\"")
  }
  guard let type = ImplicitCast.leastCommonType(values.map { call.types[$0] }) else {
    throw Failure(
      "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
      "the values of a CASE must be of one type, but they are "
        + values.map { "\"\(call.types[$0])\"" }.joined(separator: ", "), origin: call.origin)
  }
  var arguments = call.arguments
  for index in conditions { arguments[index] = arguments[index].implicitlyCast(to: .boolean) }
  for index in values { arguments[index] = arguments[index].implicitlyCast(to: type) }
  let isNullable = !hasElse || values.contains { arguments[$0].isNullable }
  return call.renamed("when").with(arguments).guarded(
    type, nullable: isNullable ? .always : .never, canFail: arguments.contains(where: \.canFail),
    notation: notation
  ) { branches, context in
    var rest = RowsLeft(context)
    var out = PieceCollector(type, count: context.count)
    for index in stride(from: 0, to: branches.count - 1, by: 2) {
      if rest.count == 0 { break }
      let holds = TruthBits(try rest.evaluate(branches[index]))
      let (taken, left) = rest.split(by: holds.isTrue)
      if taken.count > 0 { out.add(try taken.evaluate(branches[index + 1]), taken.rows) }
      rest = left
    }
    if hasElse, rest.count > 0 {
      out.add(try rest.evaluate(branches[branches.count - 1]), rest.rows)
    }
    return out.finish()
  }
}

private func coalesce(_ call: FunctionCall) throws -> Expression {
  try call.requireCount(1...Int.max)
  let call = try call.coercedToLeastCommonType()
  let type = call[0].type
  return call.guarded(
    type, nullable: call.arguments.allSatisfy(\.isNullable) ? .always : .never,
    canFail: call.arguments.contains(where: \.canFail)
  ) { branches, context in
    var rest = RowsLeft(context)
    var out = PieceCollector(type, count: context.count)
    for branch in branches where rest.count > 0 {
      let values = try rest.evaluate(branch)
      if values.nullCount == 0 {
        out.add(values, rest.rows)
        return out.finish()
      }
      let there = TruthBits(nullness(values, isNull: false)).isTrue
      let (taken, left) = rest.split(by: there)
      if taken.count > 0 { out.add(values.gathered(taken.within), taken.rows) }
      rest = left
    }
    return out.finish()
  }
}

/// Rows of a context that no branch has taken yet.
struct RowsLeft {
  private let context: EvaluationContext
  /// Rows of the context; nil: all.
  let rows: Selection?
  /// The same rows, counted in the set that was split.
  let within: Selection
  let count: Int

  init(_ context: EvaluationContext) {
    self.context = context
    rows = nil
    within = Selection(buffer: .empty, count: 0)
    count = context.count
  }

  private init(_ context: EvaluationContext, _ rows: Selection, within: Selection) {
    self.context = context
    self.rows = rows
    self.within = within
    count = rows.count
  }

  /// The value of an expression for these rows.
  func evaluate(_ expression: CompiledExpression) throws -> Vector {
    guard let rows else { return try expression.evaluate(context) }
    return try expression.evaluate(context, only: rows)
  }

  /// The rows whose bit is set, and the others.
  func split(by bits: Buffer) -> (RowsLeft, RowsLeft) {
    let chosen = Selection.whereTrue(Vector(.boolean, count: count, values: bits))
    let others = TruthBits.rows(without: bits, count: count)
    return (part(chosen), part(others))
  }

  private func part(_ within: Selection) -> RowsLeft {
    if within.count == count {
      return RowsLeft(context, rows ?? within, within: within)
    }
    return RowsLeft(context, rows.map { within.through($0) } ?? within, within: within)
  }
}

/// Puts the values of disjoint sets of rows together; rows of no set are NULL.
struct PieceCollector {
  private let type: DataType
  private let count: Int
  private var pieces: [Vector] = []
  private var positions: Buffer
  private var stored = 0

  init(_ type: DataType, count: Int) {
    self.type = type
    self.count = count
    positions = Buffer(capacity: count * 4)
    let out = positions.typed(UInt32.self)
    for row in 0..<count { out[row] = Selection.none }
  }

  /// Values for some rows (nil: all).
  mutating func add(_ values: Vector, _ rows: Selection?) {
    let out = positions.typed(UInt32.self)
    for index in 0..<values.count {
      let row = rows.map { Int($0.rows[index]) } ?? index
      out[row] = UInt32(truncatingIfNeeded: stored &+ index)
    }
    stored += values.count
    pieces.append(values)
  }

  func finish() -> Vector {
    if pieces.count == 1, stored == count { return pieces[0] }
    if pieces.isEmpty { return .nulls(type, count: count) }
    return Vector.concatenated(pieces, type: type)
      .gathered(Selection(buffer: positions, count: count), hasMissing: stored < count)
  }
}
