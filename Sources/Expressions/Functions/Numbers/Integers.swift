import Columns
import Contract
import Glibc

/// PMOD of two DECIMALs, whose scales may differ.
private func positiveRemainder(
  _ call: FunctionCall, _ precision: Int, _ scale: Int
) -> Expression {
  guard case .decimal(_, let s1) = call.types[0], case .decimal(_, let s2) = call.types[1] else {
    preconditionFailure("a remainder of decimals of something else")
  }
  let type = DataType.decimal(precision: precision, scale: scale)
  return call.result(type, nullable: .always, canFail: true) { columns, _ in
    try mapped(columns[0], columns[1], to: type) { (x: Int128, n: Int128) in
      if n == 0 { throw remainderByZero() }
      let common = max(s1, s2)
      let rest = Decimals.remainder(x, scale: s1, n, scale: s2, precision: 38, scale: common)
      guard var rest else { throw Arithmetic.remainder.overflow }
      if rest < 0 {
        // The divisor is as large as the remainder, so its digits fit the common scale too where
        // the sum changes anything.
        let (divisor, isLost) = n.multipliedReportingOverflow(
          by: Decimals.powersOfTen[common - s2])
        if isLost { throw Arithmetic.remainder.overflow }
        rest = (rest + divisor) % divisor
      }
      guard
        let value = Decimals.rescale(rest, from: common, to: scale, precision: precision)
      else { throw Arithmetic.remainder.overflow }
      return value
    }
  }
}

/// Remainders, magnitudes, bits, notations.
let integerFunctions: [FunctionSpec] = [
  .scalar(
    "abs", category: "numbers", summary: "The magnitude of the number.",
    [.column("value", .oneOf([.numeric, .dayTimeInterval, .yearMonthInterval]), "the number")],
    returns: "the type of `value`",
    examples: [
      Example("abs(-1)", "1"), Example("abs(-1.5)", "1.5"),
      Example("abs(double('-Infinity'))", "Infinity"),
      Example("abs(int(-2147483648))", "error ARITHMETIC_OVERFLOW"),
      Example("abs(INTERVAL '-1' DAY)", "INTERVAL '1' DAY"), Example("abs(NULL)", "NULL"),
      Example("abs(byte('-128'))", "error UNRESOLVED_ROUTINE"),
      Example("abs('x')", "error CAST_INVALID_INPUT"),
      Example("abs(-9223372036854775808)", "error ARITHMETIC_OVERFLOW"),
    ]
  ) { call in
    let type = call.types[0]
    return call.result(type, canFail: !type.isFraction) { columns, _ in
      switch type {
      case .double: return try mapped(columns[0], to: type) { (x: Double) in x.magnitude }
      case .float: return try mapped(columns[0], to: type) { (x: Float) in x.magnitude }
      case .decimal:
        return try mapped(columns[0], to: type) { (x: Int128) in x < 0 ? -x : x }
      default:
        return try mapped(columns[0].widened(), to: .long) { (x: Int64) in
          let magnitude = x < 0 ? 0 &- x : x
          guard magnitude >= 0, type.holds(magnitude) else {
            throw Failure("ARITHMETIC_OVERFLOW", "the magnitude of \(x) does not fit \(type)")
          }
          return magnitude
        }.narrowed(to: type)
      }
    }
  },
  .scalar(
    "pmod", category: "numbers",
    summary: "The remainder of a division, with the sign of the divisor.",
    [.column("dividend", .any, "the dividend"), .column("divisor", .any, "the divisor")],
    returns: "the common type of both",
    examples: [
      Example("pmod(10, 3)", "1"), Example("pmod(-10, 3)", "2"), Example("pmod(-10, -3)", "-1"),
      Example("pmod(-7.5, 2)", "0.5"), Example("pmod(-7.5d, 2)", "0.5"),
      Example("pmod(1, 0)", "error REMAINDER_BY_ZERO"),
      Example("pmod(NULL, 3)", "NULL"),
      Example("pmod(-9223372036854775808, -1)", "0"),
      Example("pmod(double('NaN'), 2)", "NaN"),
      Example("pmod('x', 2)", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    // The types are those of `%`.
    let remainder = try bindArithmetic(call, .remainder, isTry: false, .call)
    if case .decimal(let precision, let scale) = remainder.type {
      return positiveRemainder(call.with(remainder.children), precision, scale)
    }
    guard let type = ImplicitCast.leastCommonType(remainder.children.map(\.type)) else {
      throw call.differentTypes(call.arguments)
    }
    let operands = call.with(remainder.children.map { $0.implicitlyCast(to: type) })
    let result = operands.result(type, nullable: .always, canFail: true) { columns, _ in
      switch type {
      case .double, .float:
        let (a, b) = (columns[0].asDoubles(), columns[1].asDoubles())
        let out = try mapped(a, b, to: .double) { (x: Double, n: Double) in
          if n == 0 { throw remainderByZero() }
          let rest = fmod(x, n)
          return rest < 0 ? fmod(rest + n, n) : rest
        }
        return type == .double
          ? out : try mapped(out, to: .float) { (x: Double) in Float(x) }
      default:
        return try mapped(columns[0].widened(), columns[1].widened(), to: .long) {
          (x: Int64, n: Int64) in try positiveRemainder(x, n)
        }.narrowed(to: type)
      }
    }
    return result.implicitlyCast(to: remainder.type)
  },
  extremeFunction(
    "greatest", "The greatest of the arguments that are not NULL.", isMax: true,
    [
      Example("greatest('a', 1)", "error DATATYPE_MISMATCH.DATA_DIFF_TYPES"),
      Example("greatest(10, 9, 2, 4, 3)", "10"), Example("greatest(1, NULL, 2.5)", "2.5"),
      Example("greatest('a', 'é')", "é"), Example("greatest(1d, double('NaN'))", "NaN"),
      Example("greatest(NULL, NULL)", "NULL"),
      Example("greatest(1)", "error WRONG_NUM_ARGS.WITHOUT_SUGGESTION"),
      Example("greatest(-1, -2)", "-1"),
      Example("greatest('', 'a')", "a"),
    ]),
  extremeFunction(
    "least", "The least of the arguments that are not NULL.", isMax: false,
    [
      Example("least(10, 9, 2, 4, 3)", "2"), Example("least(1, NULL, 2.5)", "1.0"),
      Example("least(date'2024-02-01', date'2024-01-31')", "2024-01-31"),
      Example("least(NULL, NULL)", "NULL"),
      Example("least(-1, -2)", "-2"),
      Example("least('', 'é')", ""),
      Example("least(1d, double('NaN'))", "1.0"),
      Example("least(9223372036854775807, -9223372036854775808)", "-9223372036854775808"),
    ]),
  numberFunction(
    "bin", "The number in binary digits, negative ones in two's complement.",
    [.column("value", .long, "the number")], returns: .string,
    [
      Example("bin(13)", "1101"),
      Example("bin(-13)", "1111111111111111111111111111111111111111111111111111111111110011"),
      Example("bin(0)", "0"), Example("bin(NULL)", "NULL"),
      Example(
        "bin(-9223372036854775808)",
        "1000000000000000000000000000000000000000000000000000000000000000"),
      Example("bin('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (value: Int64, out) in
      out.append(String(UInt64(bitPattern: value), radix: 2))
    }
  },
  numberFunction(
    "conv", "A number written with one base, written with another.",
    [
      .column("number", .string, "its digits"), .value("from", .int, "its base, 2 to 36"),
      .value("to", .int, "the new base; negative: signed"),
    ], returns: .string, nullable: .always, canFail: true,
    [
      Example("conv('100', 2, 10)", "4"), Example("conv(-10, 16, -10)", "-16"),
      Example("conv(-10, 16, 10)", "18446744073709551600"),
      Example("conv('ff', 16, 2)", "11111111"),
      Example("conv('1z', 10, 16)", "1"), Example("conv('z', 10, 16)", "0"),
      Example("conv('', 10, 16)", "NULL"),
      Example("conv('10', 1, 16)", "NULL"),
      Example("conv('ffffffffffffffffff', 16, 10)", "error ARITHMETIC_OVERFLOW"),
      Example("conv(NULL, 10, 16)", "NULL"),
      Example("conv('é', 16, 10)", "0"),
      Example("conv('-15', 10, -16)", "-F"),
      Example("conv('99999999999999999999', 10, 16)", "error ARITHMETIC_OVERFLOW"),
      Example("conv('1', 1, 10)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1], columns[2]) {
      (digits: Bytes, from: Int32, to: Int32, out) in
      if let text = try convert(digits, from: Int(from), to: Int(to)) {
        out.append(text)
      } else {
        out.isNull = true
      }
    }
  },
  numberFunction(
    "bit_count", "How many bits of the number are 1.",
    [.column("value", .exactly(.oneOf([.integral, .boolean])), "the number")], returns: .int,
    [
      Example("bit_count(7)", "3"), Example("bit_count(-1)", "64"), Example("bit_count(true)", "1"),
      Example("bit_count(NULL)", "NULL"),
      Example("bit_count(9223372036854775807)", "63"),
      Example("bit_count('1')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]
  ) { columns, _ in
    if columns[0].type == .boolean {
      return try mapped(columns[0], to: .int) { (x: Bool) in Int32(x ? 1 : 0) }
    }
    return try mapped(columns[0].widened(), to: .int) { (x: Int64) in Int32(x.nonzeroBitCount) }
  },
  numberFunction(
    "bit_get", aliases: ["getbit"], "One bit of the number, counted from the right.",
    [.column("value", .integral, "the number"), .column("position", .int, "which bit, from 0")],
    returns: .byte, canFail: true,
    [
      Example("bit_get(11, 0)", "1"), Example("bit_get(11, 2)", "0"),
      Example("bit_get(11, 40)", "error INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE"),
      Example("bit_get(NULL, 2)", "NULL"),
      Example("bit_get(-1, 63)", "error INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE"),
      Example("bit_get(1, 64)", "error INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE"),
      Example("bit_get(1, -1)", "error INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE"),
    ]
  ) { columns, _ in
    let bits: Int32
    if case .fixed(let width) = columns[0].type.layout {
      bits = Int32(width * 8)
    } else {
      bits = 64
    }
    return try mapped(columns[0].widened(), columns[1], to: .byte) { (x: Int64, at: Int32) in
      if at < 0 || at >= bits {
        throw Failure(
          "INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE",
          "the position of `bit_get` must be between 0 and \(bits - 1), not \(at)")
      }
      return Int8(x >> Int64(at) & 1)
    }
  },
]

private func remainderByZero() -> Failure {
  Failure(
    "REMAINDER_BY_ZERO", "the divisor of a remainder is 0",
    hint: "Use `try_mod` to get NULL instead.")
}

@inline(__always)
private func positiveRemainder<T: FixedWidthInteger & SignedInteger>(_ x: T, _ n: T) throws -> T {
  if n == 0 { throw remainderByZero() }
  if n == -1 { return 0 }
  let rest = x % n
  return rest < 0 ? (rest &+ n) % n : rest
}

private func extremeFunction(
  _ name: String, _ summary: String, isMax: Bool, _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, category: "numbers", summary: summary,
    [.column("first", .any, "a value"), .column("others", .any, "further values")],
    isVariadic: true, returns: "the common type of all", examples: examples
  ) { call in
    if call.arguments.count < 2 { throw call.wrongCount(expected: "at least 2") }
    let isNullable = call.arguments.allSatisfy(\.isNullable)
    var common: DataType? = .null
    for type in call.types {
      common = common.flatMap { ImplicitCast.commonTypeWithoutStrings($0, type) }
    }
    guard let type = common else { throw call.differentTypes(call.arguments) }
    guard type.isOrderable else { throw call.notOrderable(type) }
    let call = call.with(call.arguments.map { $0.implicitlyCast(to: type) })
    return call.result(type, nullable: isNullable ? .always : .never) { columns, _ in
      let builder = VectorBuilder(type, capacity: columns[0].count)
      for row in 0..<columns[0].count {
        var best: Vector?
        for column in columns where !column.isNull(row) {
          guard let held = best else {
            best = column
            continue
          }
          let order = ValueOrder.compareValues(
            held, held.position(row), column, column.position(row))
          if isMax ? order < 0 : order > 0 { best = column }
        }
        if let best { builder.append(best, row: row) } else { builder.appendNull() }
      }
      return builder.finish()
    }
  }
}

private func convert(_ digits: Bytes, from: Int, to: Int) throws -> String? {
  if !(2...36).contains(from) || !(2...36).contains(abs(to)) { return nil }
  var bytes = digits[...]
  while let first = bytes.first, first == 0x20 { bytes = bytes.dropFirst() }
  while let last = bytes.last, last == 0x20 { bytes = bytes.dropLast() }
  if bytes.isEmpty { return nil }
  let isNegative = bytes.first == UInt8(ascii: "-")
  if isNegative { bytes = bytes.dropFirst() }
  var value: UInt64 = 0
  for byte in bytes {
    let digit: Int
    switch byte {
    case 48...57: digit = Int(byte) - 48
    case 65...90: digit = Int(byte) - 55
    case 97...122: digit = Int(byte) - 87
    default: digit = 99
    }
    if digit >= from { break }
    let (product, isLost) = value.multipliedReportingOverflow(by: UInt64(from))
    let (sum, isTooLarge) = product.addingReportingOverflow(UInt64(digit))
    if isLost || isTooLarge {
      throw Failure("ARITHMETIC_OVERFLOW", "the number given to `conv` does not fit 64 bits")
    }
    value = sum
  }
  var isShownNegative = false
  if isNegative {
    value = Int64(bitPattern: value) < 0 && to > 0 ? .max : 0 &- value
  }
  if to < 0, Int64(bitPattern: value) < 0 {
    value = 0 &- value
    isShownNegative = true
  }
  return (isShownNegative ? "-" : "") + String(value, radix: abs(to), uppercase: true)
}
