import Columns
import Contract
import Glibc

/// How a number is brought to fewer digits.
enum RoundingMode: Sendable {
  case halfUp, halfEven, up, down

  /// `value` divided by `divisor` (more than 0), rounded.
  @inline(__always)
  func divide<T: FixedWidthInteger & SignedInteger>(_ value: T, by divisor: T) -> T {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    if rest == 0 { return quotient }
    let isNegative = value < 0
    switch self {
    case .up: return isNegative ? quotient : quotient + 1
    case .down: return isNegative ? quotient - 1 : quotient
    case .halfUp, .halfEven:
      let twice = rest.magnitude &* 2
      let isTie = twice == divisor.magnitude
      let goesAway = isTie ? (self == .halfUp || quotient & 1 != 0) : twice > divisor.magnitude
      return goesAway ? (isNegative ? quotient - 1 : quotient + 1) : quotient
    }
  }

  /// What is left of a value far smaller than the unit it is rounded to.
  @inline(__always)
  func away(_ value: Int128) -> Int128 {
    self == .up && value > 0 ? 1 : self == .down && value < 0 ? -1 : 0
  }

  /// A DOUBLE at `scale` digits behind the point, rounded as its shortest text is.
  func round(_ value: Double, scale: Int) -> Double {
    if !value.isFinite { return value }
    // What is 0 has no sign, as in a DECIMAL.
    if value == 0 { return 0 }
    if (0...15).contains(scale) {
      let factor = Double(Int64(Decimals.powersOfTen[scale]))
      let scaled = value * factor
      if abs(scaled) < 4_503_599_627_370_496 {
        let low = scaled.rounded(.down)
        let part = scaled - low
        // Away from ties and from whole numbers the product's last bit decides nothing.
        if abs(part - 0.5) > 1e-4, part > 1e-4, part < 1 - 1e-4 {
          let isUp = self == .up ? true : (self == .down ? false : part > 0.5)
          let result = (isUp ? low + 1 : low) / factor
          return result == 0 ? 0 : result
        }
      }
    }
    return roundText(value, scale: scale)
  }

  private func roundText(_ value: Double, scale: Int) -> Double {
    var (digits, exponent) = Self.digits(value)
    // The value is digits × 10^exponent.
    let surplus = -exponent - scale
    if surplus <= 0 { return value }
    if surplus > 30 { return self == .up && digits > 0 ? DecimalText.double(1, scale: scale) : 0 }
    digits = divide(digits, by: Decimals.powersOfTen[surplus])
    exponent = -scale
    return strtod("\(digits)e\(exponent)", nil)
  }

  /// The shortest digits that stand for a DOUBLE.
  private static func digits(_ value: Double) -> (digits: Int128, exponent: Int) {
    var (digits, exponent): (Int128, Int) = (0, 0)
    var isNegative = false
    var afterPoint = false
    let text = Array("\(value)".utf8)
    var at = 0
    while at < text.count {
      let byte = text[at]
      at += 1
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): afterPoint = true
      case UInt8(ascii: "e"):
        exponent += Int(String(decoding: text[at...], as: UTF8.self)) ?? 0
        at = text.count
      default:
        digits = digits * 10 + Int128(byte - 48)
        if afterPoint { exponent -= 1 }
      }
    }
    return (isNegative ? -digits : digits, exponent)
  }
}

private func overflow(_ type: DataType) -> Failure {
  Failure("ARITHMETIC_OVERFLOW", "a rounded number does not fit \(type)")
}

/// Rounding of a column to a constant number of digits.
private func roundCall(_ call: FunctionCall, _ scale: Int, _ mode: RoundingMode) -> Expression {
  let type = call.types[0]
  let rounded = call.with([call[0], .literal(.integer(Int64(scale)), .int)])
  switch type {
  case .decimal(let precision, let from):
    let integers = precision - from + 1
    let to = max(min(from, scale), 0)
    let digits = scale < 0 ? max(integers, -scale + 1) : integers + to
    let result = DataType.decimal(precision: min(digits, 38), scale: to)
    return rounded.result(result, canFail: true) { columns, _ in
      try mapped(columns[0], to: result) { (value: Int128) in
        if scale >= from { return value }
        let short =
          from - scale > 38
          ? mode.away(value) : mode.divide(value, by: Decimals.powersOfTen[from - scale])
        if scale >= 0 { return short }
        let (wide, isLost) = short.multipliedReportingOverflow(
          by: Decimals.powersOfTen[min(-scale, 38)])
        if isLost || -scale > 38 && short != 0 || Decimals.checked(wide, min(digits, 38)) == nil {
          throw decimalOutOfRange(
            "of a rounded number", precision: min(digits, 38), scale: to,
            hint: "Round to fewer digits")
        }
        return wide
      }
    }
  case .float:
    return rounded.result(.float) { columns, _ in
      try mapped(columns[0], to: .float) { (value: Float) in
        Float(mode.round(Double(value), scale: scale))
      }
    }
  case .double, .null:
    return rounded.result(.double) { columns, _ in
      try mapped(columns[0], to: .double) { (value: Double) in mode.round(value, scale: scale) }
    }
  default:
    if scale >= 0 { return call[0] }
    return rounded.result(type, canFail: true) { columns, _ in
      let wide = try mapped(columns[0].widened(), to: .long) { (value: Int64) in
        let unit = Decimals.powersOfTen[min(-scale, 38)]
        let result = mode.divide(Int128(value), by: unit) * unit
        guard let long = Int64(exactly: result), type.holds(long) else { throw overflow(type) }
        return long
      }
      return wide.narrowed(to: type)
    }
  }
}

extension DataType {
  /// Whether an integer fits this integer type.
  func holds(_ value: Int64) -> Bool {
    switch layout {
    case .fixed(width: 1): Int8(exactly: value) != nil
    case .fixed(width: 2): Int16(exactly: value) != nil
    case .fixed(width: 4): Int32(exactly: value) != nil
    default: true
    }
  }
}

extension DataType {
  /// The DECIMAL that Spark reads this numeric type as.
  fileprivate var digitsAsDecimal: DataType {
    switch self {
    case .float: .decimal(precision: 14, scale: 7)
    case .double: .decimal(precision: 30, scale: 15)
    case .string, .null: .decimal(precision: 38, scale: 18)
    default: asDecimal ?? self
    }
  }
}

private func roundFunction(
  _ name: String, _ summary: String, _ mode: RoundingMode, _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, category: "numbers", summary: summary,
    [
      .column("value", .numeric, "the number"),
      .value(
        "scale", .int, default: "0", filler: (.integer(0), .int),
        "digits behind the point; negative: before it"),
    ], returns: "the type of `value`", examples: examples
  ) { call in
    guard case .integer(let scale) = try call.constant(1) else {
      // The type is that of no digits behind the point.
      return .literal(.null, roundCall(call, 0, mode).type, origin: call.origin)
    }
    return roundCall(call, Int(scale), mode)
  }
}

private func wholeFunction(
  _ name: String, aliases: [String], _ summary: String, _ mode: RoundingMode,
  _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: "numbers", summary: summary,
    [
      .column("value", .oneOf([.numeric, .string]), "the number"),
      .value("scale", .any, default: "", "digits behind the point; negative: before it"),
    ], returns: "BIGINT, DECIMAL, or with a scale the type of `value`", examples: examples
  ) { call in
    if call.arguments.count > 1 {
      guard call.types[1] == .int, case .literal(let given) = fold(call[1]).kind else {
        throw Failure(
          "NON_FOLDABLE_ARGUMENT", "the scale of `\(call.name)` must be a constant INT",
          origin: call.origin)
      }
      guard case .integer(let scale) = given else {
        return .literal(.null, call.types[0], origin: call.origin)
      }
      let exact = call[0].implicitlyCast(to: call.types[0].digitsAsDecimal)
      return roundCall(call.with([exact, call[1]]), Int(scale), mode)
    }
    var call = call
    if call.types[0] == .string { call = call.with([call[0].implicitlyCast(to: .double)]) }
    switch call.types[0] {
    case .decimal(let precision, let scale):
      let type = DataType.boundedDecimal(precision - scale + (scale == 0 ? 0 : 1), 0)
      return call.result(type) { columns, _ in
        try mapped(columns[0], to: type) { (value: Int128) in
          mode.divide(value, by: Decimals.powersOfTen[scale])
        }
      }
    case .double, .float, .null:
      return call.result(.long, canFail: true) { columns, _ in
        try mapped(columns[0].asDoubles(), to: .long) { (value: Double) -> Int64 in
          let whole = value.rounded(mode == .up ? .up : .down)
          if value.isNaN { return 0 }
          guard let long = Int64(exactly: whole) else { throw overflow(.long) }
          return long
        }
      }
    default: return call[0].implicitlyCast(to: .long)
    }
  }
}

/// A whole DOUBLE as BIGINT, as Java casts it: NaN is 0, what is too large the nearest end.
func saturated(_ value: Double) -> Int64 {
  if value.isNaN { return 0 }
  if value >= 9.223372036854775807e18 { return .max }
  if value <= -9.223372036854775808e18 { return .min }
  return Int64(value)
}

/// ROUND and its kin.
let roundingFunctions: [FunctionSpec] = [
  roundFunction(
    "round", "The number rounded to some digits behind the point, halves away from 0.", .halfUp,
    [
      Example("round(2.5)", "3"), Example("round(2.5d)", "3.0"), Example("round(-2.5d)", "-3.0"),
      Example("round(1.005d, 2)", "1.01"), Example("round(2.675, 2)", "2.68"),
      Example("round(12345, -3)", "12000"), Example("round(25, -1)", "30"),
      Example("round(tinyint(127), -1)", "error ARITHMETIC_OVERFLOW"),
      Example("round(1e300, 2)", "1.0E300"),
      Example("round(99.9, 0)", "100"), Example("round(99.9, -2)", "100"),
      Example("round(float(2.345), 2)", "2.35"), Example("round(0.15d, 1)", "0.2"),
      Example("round(NULL, 1)", "NULL"),
      Example("round(-0.0d)", "0.0"),
      Example("round(9223372036854775807, -1)", "error ARITHMETIC_OVERFLOW"),
      Example("round(double('NaN'), 2)", "NaN"),
      Example("round('x')", "error CAST_INVALID_INPUT"),
    ]),
  roundFunction(
    "bround", "The number rounded to some digits behind the point, halves to the even digit.",
    .halfEven,
    [
      Example("bround(2.5)", "2"), Example("bround(3.5d)", "4.0"), Example("bround(2.5d)", "2.0"),
      Example("bround(25, -1)", "20"), Example("bround(35, -1)", "40"),
      Example("bround(NULL)", "NULL"),
      Example("bround(-2.5)", "-2"),
      Example("bround(-25, -1)", "-20"),
      Example("bround(127Y, -1)", "error ARITHMETIC_OVERFLOW"),
      Example("bround(9223372036854775807, -1)", "error ARITHMETIC_OVERFLOW"),
    ]),
  wholeFunction(
    "ceil", aliases: ["ceiling"], "The least integer not below the number.", .up,
    [
      Example("ceil(-0.1)", "0"), Example("ceil(5)", "5"), Example("ceil(3.1411, 3)", "3.142"),
      Example("ceil(3.1411, -3)", "1000"), Example("ceil(2.1d)", "3"),
      Example("ceil(1e300)", "error ARITHMETIC_OVERFLOW"),
      Example("typeof(ceil(2.15d, 1))", "decimal(17,1)"),
      Example("typeof(ceil(5, -1))", "decimal(11,0)"),
      Example("ceil(2.15d, 1)", "2.2"), Example("ceil(NULL)", "NULL"),
      Example("ceil(-2.9)", "-2"),
      Example("ceil(9223372036854775807)", "9223372036854775807"),
      Example("ceil(double('NaN'))", "0"),
      Example("ceil(-0.5d)", "0"),
      Example("ceil('x')", "error CAST_INVALID_INPUT"),
    ]),
  wholeFunction(
    "floor", aliases: [], "The greatest integer not above the number.", .down,
    [
      Example("floor(-0.1)", "-1"), Example("floor(5)", "5"), Example("floor(3.1411, 3)", "3.141"),
      Example("floor(3.1411, -3)", "0"), Example("floor(-2.1d)", "-3"),
      Example("floor(NULL)", "NULL"),
      Example("floor(-0.5, -2)", "-100"),
      Example("floor(9223372036854775807)", "9223372036854775807"),
      Example("floor(double('NaN'))", "0"),
      Example("floor('-2.5')", "-3"),
    ]),
]
