import Columns
import Contract

/// The arithmetic operators.
enum Arithmetic: Sendable {
  case add, subtract, multiply, divide, remainder, integralDivide

  var sign: String {
    switch self {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .remainder: "%"
    case .integralDivide: "div"
    }
  }

  /// The function that gives NULL where this one raises.
  var tolerantName: String {
    switch self {
    case .add: "try_add"
    case .subtract: "try_subtract"
    case .multiply: "try_multiply"
    case .divide, .integralDivide: "try_divide"
    case .remainder: "try_mod"
    }
  }

  /// Whether it can have no result for a divisor of 0.
  var divides: Bool {
    switch self {
    case .divide, .remainder, .integralDivide: true
    default: false
    }
  }

  var overflow: Failure {
    Failure(
      "ARITHMETIC_OVERFLOW", "overflow",
      hint: "Use `\(tolerantName)` to tolerate overflow and return NULL instead")
  }

  var zeroDivisor: Failure {
    self == .remainder
      ? Failure(
        "REMAINDER_BY_ZERO", "remainder by zero",
        hint: "Use `try_mod` to tolerate a divisor of 0 and return NULL instead")
      : Failure(
        "DIVIDE_BY_ZERO", "division by zero",
        hint: "Use `try_divide` to tolerate a divisor of 0 and return NULL instead")
  }

  /// Of TINYINT and SMALLINT, whose failures name the operands.
  func narrowOverflow(_ a: Int64, _ b: Int64, _ type: DataType) -> Failure {
    let suffix = type == .byte ? "Y" : "S"
    return Failure(
      "BINARY_ARITHMETIC_OVERFLOW", "\(a)\(suffix) \(sign) \(b)\(suffix) caused overflow",
      hint: "Use `\(tolerantName)` to ignore the overflow and return NULL")
  }
}

let arithmeticFunctions: [FunctionSpec] = [
  arithmetic(
    .add, "+", "The sum.",
    [Example("1 + 2", "3"), Example("2147483647 + 1", "error ARITHMETIC_OVERFLOW")]),
  arithmetic(.subtract, "-", "The difference.", [Example("3 - 1.5", "1.5")]),
  arithmetic(.multiply, "*", "The product.", [Example("2 * 3", "6")]),
  arithmetic(
    .divide, "/", "The quotient, a fraction.",
    [Example("3 / 2", "1.5"), Example("1 / 0", "error DIVIDE_BY_ZERO")]),
  arithmetic(
    .remainder, "%", aliases: ["mod"], "The remainder, with the sign of the first.",
    [Example("-7 % 3", "-1")]),
  arithmetic(.integralDivide, "div", "The whole part of the quotient.", [Example("7 div 2", "3")]),
  arithmetic(
    .add, "try_add", isTry: true, "The sum, or NULL on overflow.",
    [Example("try_add(2147483647, 1)", "NULL")]),
  arithmetic(
    .subtract, "try_subtract", isTry: true, "The difference, or NULL on overflow.",
    [Example("try_subtract(-2147483648, 1)", "NULL")]),
  arithmetic(
    .multiply, "try_multiply", isTry: true, "The product, or NULL on overflow.",
    [Example("try_multiply(2147483647, 2)", "NULL")]),
  arithmetic(
    .divide, "try_divide", isTry: true, "The quotient, or NULL for a divisor of 0.",
    [Example("try_divide(1, 0)", "NULL")]),
  arithmetic(
    .remainder, "try_mod", isTry: true, "The remainder, or NULL for a divisor of 0.",
    [Example("try_mod(1, 0)", "NULL")]),
  .scalar(
    "negative", category: "operators", summary: "The number with the other sign.",
    [signed],
    returns: "the type of `a`", examples: [Example("negative(1)", "-1"), Example("-(2.5)", "-2.5")]
  ) { call in negation(call) },
  .scalar(
    "positive", category: "operators", summary: "The number itself.",
    [signed],
    returns: "the type of `a`", examples: [Example("positive(1)", "1")]
  ) { call in
    call.result(call.types[0], notation: .custom { "(+ \($0[0]))" }) { columns, _ in columns[0] }
  },
]

private let signed = FunctionParameter.column(
  "a", .oneOf([.numeric, .dayTimeInterval, .yearMonthInterval, .type(.calendarInterval)]),
  "a number or interval")

private func arithmetic(
  _ operation: Arithmetic, _ name: String, aliases: [String] = [], isTry: Bool = false,
  _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: isTry ? "numbers" : "operators", summary: summary,
    [.column("a", .any, "a number, date, time or interval"), .column("b", .any, "another")],
    returns: "by the operands' types", examples: examples
  ) { call in
    let isOperator = call.name.lowercased() == name && !isTry
    return try bindArithmetic(call, operation, isTry: isTry, isOperator ? .infix : .call)
  }
}

/// A string as the number that the other operand asks for; `isTry`: NULL where it is none.
private func number(_ text: Expression, besides other: DataType, isTry: Bool) throws -> Expression {
  let type: DataType = other.isInteger ? .long : .double
  return isTry ? try text.implicitlyTryCast(to: type) : text.implicitlyCast(to: type)
}

/// Settles the operands' types as Spark's ANSI coercion does.
func bindArithmetic(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool, _ notation: ScalarFunction.Notation
) throws -> Expression {
  if let result = try dateArithmetic(call, operation, isTry: isTry) { return result }
  var (left, right) = (call[0], call[1])
  if left.type == .null, right.type == .null {
    let type: DataType = operation == .integralDivide ? .long : .double
    left = left.implicitlyCast(to: type)
    right = right.implicitlyCast(to: type)
  }
  // Spark settles a quotient by its dividend.
  if operation == .divide, left.type == .null, right.type.isDecimal {
    right = right.implicitlyCast(to: .double)
  }
  // A string becomes what the other operand asks for.
  if left.type == .string, right.type.isNumeric {
    left = try number(left, besides: right.type, isTry: isTry)
  } else if right.type == .string, left.type.isNumeric {
    right = try number(right, besides: left.type, isTry: isTry)
  }
  if left.type == .null, right.type.isNumeric { left = left.implicitlyCast(to: right.type) }
  if right.type == .null, left.type.isNumeric { right = right.implicitlyCast(to: left.type) }
  guard left.type.isNumeric, right.type.isNumeric else {
    throw refusedOperands(call, operation.sign, wants: "numbers or intervals")
  }
  if left.type.isDecimal || right.type.isDecimal, !left.type.isFraction, !right.type.isFraction {
    return try decimalArithmetic(
      call.with([left.asDecimalOperand, right.asDecimalOperand]), operation, isTry: isTry, notation)
  }
  let type: DataType
  switch operation {
  case .divide: type = .double
  case .integralDivide:
    guard left.type.isInteger, right.type.isInteger else {
      throw refusedOperands(call, "div", wants: "whole numbers, decimals or intervals")
    }
    type = .long
  default:
    type =
      left.type.isDecimal || right.type.isDecimal
      ? .double : ImplicitCast.tightestCommonType(left.type, right.type) ?? .double
  }
  let operands = call.with([left.implicitlyCast(to: type), right.implicitlyCast(to: type)])
  return operands.result(
    type, nullable: operation.divides || isTry ? .always : .ofArguments,
    canFail: !isTry && (operation.divides || type.isInteger), notation: notation
  ) { columns, _ in
    switch type {
    case .byte: try integerKernel(Int8.self, columns, operation, type, isTry: isTry)
    case .short: try integerKernel(Int16.self, columns, operation, type, isTry: isTry)
    case .int: try integerKernel(Int32.self, columns, operation, type, isTry: isTry)
    case .long: try integerKernel(Int64.self, columns, operation, type, isTry: isTry)
    case .float: try fractionKernel(Float.self, columns, operation, type, isTry: isTry)
    default: try fractionKernel(Double.self, columns, operation, type, isTry: isTry)
    }
  }
}

extension Expression {
  /// An integer literal beside a DECIMAL counts only the digits it has.
  fileprivate var asDecimalOperand: Expression {
    if case .literal(.integer(let value)) = kind, type.isInteger {
      let digits = max(String(value.magnitude).count, 1)
      return implicitlyCast(to: .decimal(precision: digits, scale: 0))
    }
    return type.asDecimal.map { implicitlyCast(to: $0) } ?? self
  }
}

// MARK: Integers

private func integerKernel<T: FixedWidthInteger & SignedInteger & ColumnElement & ResultElement>(
  _ element: T.Type, _ columns: [Vector], _ operation: Arithmetic, _ type: DataType, isTry: Bool
) throws -> Vector {
  let (a, b) = (columns[0], columns[1])
  func exact(_ x: T, _ y: T) -> (partialValue: T, overflow: Bool) {
    switch operation {
    case .add: x.addingReportingOverflow(y)
    case .subtract: x.subtractingReportingOverflow(y)
    case .multiply: x.multipliedReportingOverflow(by: y)
    // The remainder of the least number by -1 is 0, though the quotient overflows.
    case .remainder: y == -1 ? (0, false) : x.remainderReportingOverflow(dividingBy: y)
    default: x.dividedReportingOverflow(by: y)
    }
  }
  if isTry || operation.divides {
    return try mappedOrNull(a, b, to: type) { (x: T, y: T) -> T? in
      if y == 0, operation.divides {
        if isTry { return nil }
        throw operation.zeroDivisor
      }
      let (value, overflow) = exact(x, y)
      if !overflow { return value }
      if isTry { return nil }
      throw operation.overflow
    }
  }
  let shape = KernelShape(a, b)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let out = Buffer(capacity: shape.computed &* MemoryLayout<T>.stride)
  let overflowed: Bool
  switch operation {
  case .add:
    overflowed = fill(T.self, a, b, out, shape.computed) { x, y in
      let sum = x &+ y
      return (sum, (x ^ sum) & (y ^ sum))
    }
  case .subtract:
    overflowed = fill(T.self, a, b, out, shape.computed) { x, y in
      let difference = x &- y
      return (difference, (x ^ y) & (x ^ difference))
    }
  default:
    overflowed = fill(T.self, a, b, out, shape.computed) { x, y in
      let (product, overflow) = x.multipliedReportingOverflow(by: y)
      return (product, overflow ? -1 : 0)
    }
  }
  // A NULL's value may be anything: only now is it worth a look whose overflow it was.
  if overflowed {
    let (x, y) = (FixedReader<T>(a), FixedReader<T>(b))
    try shape.forEachRow { row in
      if exact(x[row], y[row]).overflow {
        throw T.bitWidth < 32
          ? operation.narrowOverflow(Int64(x[row]), Int64(y[row]), type) : operation.overflow
      }
    }
  }
  return shape.vector(type, out)
}

/// Fills `out`; the second result of `body` has its sign bit set where the first overflowed.
@inline(__always)
private func fill<T: FixedWidthInteger & SignedInteger>(
  _ element: T.Type, _ a: Vector, _ b: Vector, _ out: Buffer, _ count: Int,
  _ body: (T, T) -> (T, T)
) -> Bool {
  let (x, y, z) = (a.typed(T.self), b.typed(T.self), out.typed(T.self))
  var bad: T = 0
  if b.isConstant, count > 0 {
    let right = y[0]
    for row in 0..<count {
      let (value, flag) = body(x[a.isConstant ? 0 : row], right)
      z[row] = value
      bad |= flag
    }
  } else if a.isConstant, count > 0 {
    let left = x[0]
    for row in 0..<count {
      let (value, flag) = body(left, y[row])
      z[row] = value
      bad |= flag
    }
  } else {
    for row in 0..<count {
      let (value, flag) = body(x[row], y[row])
      z[row] = value
      bad |= flag
    }
  }
  return bad < 0
}

// MARK: Fractions

private func fractionKernel<T: BinaryFloatingPoint & ColumnElement & ResultElement>(
  _ element: T.Type, _ columns: [Vector], _ operation: Arithmetic, _ type: DataType, isTry: Bool
) throws -> Vector {
  let (a, b) = (columns[0], columns[1])
  switch operation {
  case .add: return try mapped(a, b, to: type) { (x: T, y: T) in x + y }
  case .subtract: return try mapped(a, b, to: type) { (x: T, y: T) in x - y }
  case .multiply: return try mapped(a, b, to: type) { (x: T, y: T) in x * y }
  default: break
  }
  let divides = operation == .divide
  @inline(__always) func result(_ x: T, _ y: T) -> T {
    divides ? x / y : x.truncatingRemainder(dividingBy: y)
  }
  if isTry {
    return try mappedOrNull(a, b, to: type) { (x: T, y: T) -> T? in y == 0 ? nil : result(x, y) }
  }
  return try mapped(a, b, to: type) { (x: T, y: T) in
    if y == 0 { throw operation.zeroDivisor }
    return result(x, y)
  }
}

// MARK: Signs

private func negation(_ call: FunctionCall) -> Expression {
  let type = call.types[0]
  let overflow = Arithmetic.subtract.overflow
  return call.result(
    type, canFail: !type.isFraction && !type.isDecimal, notation: .custom { "(- \($0[0]))" }
  ) { columns, _ in
    func negated<T: FixedWidthInteger & SignedInteger & ColumnElement & ResultElement>(
      _ element: T.Type
    ) throws -> Vector {
      try mapped(columns[0], to: type) { (x: T) in
        if x == T.min { throw overflow }
        return 0 &- x
      }
    }
    if type == .calendarInterval { return try negatedIntervals(columns[0]) }
    switch type.layout {
    case .fixed(width: 1): return try negated(Int8.self)
    case .fixed(width: 2): return try negated(Int16.self)
    case .fixed(width: 4) where type == .float:
      return try mapped(columns[0], to: type) { (x: Float) in -x }
    case .fixed(width: 4): return try negated(Int32.self)
    case .fixed(width: 8) where type == .double:
      return try mapped(columns[0], to: type) { (x: Double) in -x }
    case .fixed(width: 8): return try negated(Int64.self)
    default: return try negated(Int128.self)
    }
  }
}
