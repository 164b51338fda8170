import Columns
import Contract

/// The DECIMAL that a value does not fit.
func decimalOutOfRange(_ value: String, precision: Int, scale: Int, hint: String) -> Failure {
  Failure(
    "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
    "the value \(value) cannot be represented as DECIMAL(\(precision), \(scale))", hint: hint)
}

/// DECIMAL within 38 digits for a result that may need more: places behind the point give way, down
/// to six.
private func boundedForArithmetic(precision: Int, scale: Int) -> (precision: Int, scale: Int) {
  if precision <= 38 { return (precision, scale) }
  return (38, max(38 - (precision - scale), min(scale, 6)))
}

/// Arithmetic on two DECIMALs, with Spark's result types.
func decimalArithmetic(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool, _ notation: ScalarFunction.Notation
) throws -> Expression {
  guard case .decimal(let p1, let s1) = call.types[0], case .decimal(let p2, let s2) = call.types[1]
  else { preconditionFailure("decimal arithmetic on something else") }
  let precision: Int
  let scale: Int
  switch operation {
  case .add, .subtract:
    scale = max(s1, s2)
    precision = max(p1 - s1, p2 - s2) + scale + 1
  case .multiply:
    scale = s1 + s2
    precision = p1 + p2 + 1
  case .divide:
    scale = max(6, s1 + p2 + 1)
    precision = p1 - s1 + s2 + scale
  case .remainder:
    scale = max(s1, s2)
    precision = min(p1 - s1, p2 - s2) + scale
  case .integralDivide:
    return integralQuotient(call, s1, s2, isTry: isTry, notation)
  }
  let (digits, places) = boundedForArithmetic(precision: precision, scale: scale)
  let type = DataType.decimal(precision: digits, scale: places)
  let hint = "Use `\(operation.tolerantName)` to tolerate overflow and return NULL instead"
  // A divisor of zero is the reason that Spark gives its schemas.
  return call.result(
    type, nullable: isTry || operation.divides ? .always : .ofArguments, canFail: !isTry,
    notation: notation
  ) { columns, _ in
    try mappedOrNull(columns[0], columns[1], to: type) { (x: Int128, y: Int128) -> Int128? in
      if y == 0, operation.divides {
        if isTry { return nil }
        throw operation.zeroDivisor
      }
      let value: Int128?
      switch operation {
      case .add:
        value = Decimals.add(x, scale: s1, y, scale: s2, precision: digits, scale: places)
      case .subtract:
        value = Decimals.add(x, scale: s1, -y, scale: s2, precision: digits, scale: places)
      case .multiply:
        value = Decimals.multiply(x, scale: s1, y, scale: s2, precision: digits, scale: places)
      case .divide:
        value = Decimals.divide(x, scale: s1, y, scale: s2, precision: digits, scale: places)
      default:
        value = Decimals.remainder(x, scale: s1, y, scale: s2, precision: digits, scale: places)
      }
      if let value { return value }
      if isTry { return nil }
      throw decimalOutOfRange(
        "of \(decimalText(x, s1)) \(operation.sign) \(decimalText(y, s2))", precision: digits,
        scale: places, hint: hint)
    }
  }
}

private func integralQuotient(
  _ call: FunctionCall, _ s1: Int, _ s2: Int, isTry: Bool, _ notation: ScalarFunction.Notation
) -> Expression {
  let operation = Arithmetic.integralDivide
  return call.result(.long, nullable: .always, canFail: !isTry, notation: notation) { columns, _ in
    try mappedOrNull(columns[0], columns[1], to: .long) { (x: Int128, y: Int128) -> Int64? in
      if y == 0 {
        if isTry { return nil }
        throw operation.zeroDivisor
      }
      if let value = Decimals.integralQuotient(x, scale: s1, y, scale: s2) { return value }
      if isTry { return nil }
      throw operation.overflow
    }
  }
}

/// A DECIMAL as text.
func decimalText(_ unscaled: Int128, _ scale: Int) -> String {
  var bytes: [UInt8] = []
  DecimalText.append(unscaled, scale: scale, to: &bytes)
  return String(decoding: bytes, as: UTF8.self)
}
