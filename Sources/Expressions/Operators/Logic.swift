import Columns
import Contract

/// Words of a BOOLEAN column: which rows are true, and which are false. NULL is neither.
struct TruthBits {
  let isTrue: Buffer
  let isFalse: Buffer
  let count: Int

  init(_ vector: Vector) {
    count = vector.count
    let flat = vector.flat
    let bytes = Bitmap.byteCount(count)
    isTrue = .zeroed(capacity: bytes)
    isFalse = .zeroed(capacity: bytes)
    if flat.nullCount == count { return }
    let bits = flat.values.typed(UInt64.self)
    let valid = flat.validity?.typed(UInt64.self)
    let (t, f) = (isTrue.typed(UInt64.self), isFalse.typed(UInt64.self))
    for word in 0..<(bytes >> 3) {
      let known = valid?[word] ?? ~0
      t[word] = bits[word] & known
      f[word] = ~bits[word] & known
    }
    masked(isTrue, count)
    masked(isFalse, count)
  }

  private init(count: Int, isTrue: Buffer, isFalse: Buffer) {
    self.count = count
    self.isTrue = isTrue
    self.isFalse = isFalse
  }

  /// Three-valued AND: false wins over NULL.
  func and(_ other: TruthBits) -> TruthBits {
    combined(other, isTrue: { $0 & $1 }, isFalse: { $0 | $1 })
  }

  /// Three-valued OR: true wins over NULL.
  func or(_ other: TruthBits) -> TruthBits {
    combined(other, isTrue: { $0 | $1 }, isFalse: { $0 & $1 })
  }

  @inline(__always)
  private func combined(
    _ other: TruthBits, isTrue combineTrue: (UInt64, UInt64) -> UInt64,
    isFalse combineFalse: (UInt64, UInt64) -> UInt64
  ) -> TruthBits {
    let bytes = Bitmap.byteCount(count)
    let out = TruthBits(
      count: count, isTrue: Buffer(capacity: bytes), isFalse: Buffer(capacity: bytes))
    let (t, f) = (out.isTrue.typed(UInt64.self), out.isFalse.typed(UInt64.self))
    let (t1, f1) = (isTrue.typed(UInt64.self), isFalse.typed(UInt64.self))
    let (t2, f2) = (other.isTrue.typed(UInt64.self), other.isFalse.typed(UInt64.self))
    for word in 0..<(bytes >> 3) {
      t[word] = combineTrue(t1[word], t2[word])
      f[word] = combineFalse(f1[word], f2[word])
    }
    return out
  }

  /// As a column: NULL where a row is neither true nor false.
  var vector: Vector {
    let bytes = Bitmap.byteCount(count)
    let known = Buffer(capacity: bytes)
    let (t, f, k) = (
      isTrue.typed(UInt64.self), isFalse.typed(UInt64.self), known.typed(UInt64.self)
    )
    for word in 0..<(bytes >> 3) { k[word] = t[word] | f[word] }
    return Vector(.boolean, count: count, validity: known, values: isTrue)
  }

  /// The rows that `bits` leaves out.
  static func rows(without bits: Buffer, count: Int) -> Selection {
    let inverted = Buffer.zeroed(capacity: Bitmap.byteCount(count))
    let (source, target) = (bits.typed(UInt64.self), inverted.typed(UInt64.self))
    for word in 0..<(Bitmap.byteCount(count) >> 3) { target[word] = ~source[word] }
    return .whereTrue(Vector(.boolean, count: count, values: masked(inverted, count)))
  }
}

/// AND and OR.
private func connective(_ name: String, isAnd: Bool) -> FunctionSpec {
  let summary =
    isAnd
    ? "True where both are true." : "True where at least one is true."
  return .scalar(
    name, category: "operators", summary: summary,
    [.column("a", .any, "a condition"), .column("b", .any, "a condition")], returns: "BOOLEAN",
    examples: isAnd
      ? [Example("true and null", "NULL"), Example("false and null", "false")]
      : [Example("true or null", "true"), Example("false or null", "NULL")]
  ) { call in
    let call = try booleanOperands(call)
    if !call[1].canFail {
      return call.result(.boolean, notation: .infix) { columns, _ in
        if columns.allSatisfy({ $0.nullCount == 0 && !$0.isConstant }) {
          return joined(columns[0], columns[1], isAnd: isAnd)
        }
        let (a, b) = (TruthBits(columns[0]), TruthBits(columns[1]))
        return (isAnd ? a.and(b) : a.or(b)).vector
      }
    }
    return call.guarded(.boolean, canFail: true, notation: .infix) { arguments, context in
      try connected(arguments, context, isAnd: isAnd)
    }
  }
}

/// AND or OR of two conditions, the second only for the rows that the first does not decide.
func connected(
  _ arguments: [CompiledExpression], _ context: EvaluationContext, isAnd: Bool
) throws -> Vector {
  let left = TruthBits(try arguments[0].evaluate(context))
  let decided = isAnd ? left.isFalse : left.isTrue
  let rows = TruthBits.rows(without: decided, count: left.count)
  if rows.count == 0 { return left.vector }
  if rows.count == left.count {
    let right = TruthBits(try arguments[1].evaluate(context))
    return (isAnd ? left.and(right) : left.or(right)).vector
  }
  let some = try arguments[1].evaluate(context, only: rows)
  let right = TruthBits(spread(some, rows, count: left.count))
  return (isAnd ? left.and(right) : left.or(right)).vector
}

/// AND or OR of two columns without a NULL.
private func joined(_ a: Vector, _ b: Vector, isAnd: Bool) -> Vector {
  let out = Buffer(capacity: Bitmap.byteCount(a.count))
  let (x, y, z) = (
    a.values.typed(UInt64.self), b.values.typed(UInt64.self), out.typed(UInt64.self)
  )
  for word in 0..<(Bitmap.byteCount(a.count) >> 3) {
    z[word] = isAnd ? x[word] & y[word] : x[word] | y[word]
  }
  return Vector(.boolean, count: a.count, values: out)
}

private func booleanOperands(_ call: FunctionCall) throws -> FunctionCall {
  let name = call.name.uppercased()
  if call.arguments.count == 2, call.types.contains(.string), !call.types.contains(.boolean) {
    throw refusedOperands(call, name, wants: "conditions")
  }
  var operands: [Expression] = []
  for operand in call.arguments {
    if operand.type == .boolean {
      operands.append(operand)
    } else if operand.type == .null || operand.type == .string {
      operands.append(operand.implicitlyCast(to: .boolean))
    } else {
      throw call.arguments.count == 2
        ? refusedOperands(call, name, wants: "conditions")
        : call.unexpectedType(0, expected: "\"BOOLEAN\"")
    }
  }
  return call.with(operands)
}

/// The values at their rows, NULL elsewhere.
func spread(_ values: Vector, _ rows: Selection, count: Int) -> Vector {
  let positions = Buffer(capacity: count * 4)
  let out = positions.typed(UInt32.self)
  for row in 0..<count { out[row] = Selection.none }
  for index in 0..<rows.count { out[Int(rows.rows[index])] = UInt32(truncatingIfNeeded: index) }
  return values.gathered(Selection(buffer: positions, count: count), hasMissing: true)
}

extension CompiledExpression {
  /// The values of some rows; a failed row is told by its number in the whole context.
  func evaluate(_ context: EvaluationContext, only rows: Selection) throws -> Vector {
    do { return try evaluate(context.narrowed(to: rows)) } catch let error as RowFailure {
      throw RowFailure(row: Int(rows.rows[error.row]), error.failure)
    }
  }
}

let logicFunctions: [FunctionSpec] = [
  connective("and", isAnd: true),
  connective("or", isAnd: false),
  .scalar(
    "not", aliases: ["!"], category: "operators", summary: "True where the condition is false.",
    [.column("a", .any, "a condition")], returns: "BOOLEAN",
    examples: [Example("not true", "false"), Example("not null", "NULL")]
  ) { call in
    FunctionCall(
      name: "not", arguments: try booleanOperands(call).arguments, origin: call.origin,
      session: call.session
    ).result(.boolean, notation: .prefix) { columns, _ in inverted(columns[0]) }
  },
  .scalar(
    "isnull", category: "conditionals", summary: "Whether the value is NULL.",
    [.column("a", .any, "any value")], returns: "BOOLEAN",
    examples: [
      Example("isnull(1)", "false"), Example("null is null", "true"),
      Example("isnull(NULL)", "true"),
    ]
  ) { call in
    call.result(.boolean, nullable: .never, notation: .custom { "(\($0[0]) IS NULL)" }) {
      columns, _ in
      nullness(columns[0], isNull: true)
    }
  },
  .scalar(
    "isnotnull", category: "conditionals", summary: "Whether the value is not NULL.",
    [.column("a", .any, "any value")], returns: "BOOLEAN",
    examples: [
      Example("isnotnull(1)", "true"), Example("null is not null", "false"),
      Example("isnotnull(NULL)", "false"),
    ]
  ) { call in
    call.result(.boolean, nullable: .never, notation: .custom { "(\($0[0]) IS NOT NULL)" }) {
      columns, _ in
      nullness(columns[0], isNull: false)
    }
  },
]

func inverted(_ a: Vector) -> Vector {
  let shape = KernelShape(a)
  if shape.isAllNull { return .nulls(.boolean, count: a.count) }
  let out = Buffer.zeroed(capacity: Bitmap.byteCount(shape.computed))
  let (source, target) = (a.values.typed(UInt64.self), out.typed(UInt64.self))
  for word in 0..<((shape.computed &+ 63) >> 6) { target[word] = ~source[word] }
  return shape.vector(.boolean, masked(out, shape.computed))
}

/// Which rows are NULL, or are not.
func nullness(_ a: Vector, isNull: Bool) -> Vector {
  if a.nullCount == 0 || a.nullCount == a.count {
    return .constant(.boolean((a.nullCount > 0) == isNull), .boolean, count: a.count)
  }
  guard let validity = a.validity else { preconditionFailure("NULLs without a bitmap") }
  if !isNull { return Vector(.boolean, count: a.count, values: validity) }
  let out = Buffer.zeroed(capacity: Bitmap.byteCount(a.count))
  let (source, target) = (validity.typed(UInt64.self), out.typed(UInt64.self))
  for word in 0..<((a.count &+ 63) >> 6) { target[word] = ~source[word] }
  return Vector(.boolean, count: a.count, values: masked(out, a.count))
}
