import Columns
import Contract
import Glibc

let numberFunction = FunctionFamily(category: "numbers")

private let value = FunctionParameter.column("value", .double, "the number")

/// A function of one DOUBLE.
private func real(
  _ name: String, aliases: [String] = [], _ summary: String, _ examples: [Example],
  _ function: @escaping @Sendable (Double) -> Double
) -> FunctionSpec {
  numberFunction(name, aliases: aliases, summary, [value], returns: .double, examples) {
    columns, _ in try mapped(columns[0], to: .double) { (x: Double) in function(x) }
  }
}

/// A logarithm: NULL at or below the number at which it is not defined.
private func logarithm(
  _ name: String, _ summary: String, above least: Double, _ examples: [Example],
  _ function: @escaping @Sendable (Double) -> Double
) -> FunctionSpec {
  numberFunction(name, summary, [value], returns: .double, nullable: .always, examples) {
    columns, _ in
    try mappedOrNull(columns[0], to: .double) { (x: Double) in x <= least ? nil : function(x) }
  }
}

/// From logarithms, by the size of the number, so that no digit is lost.
private func inverseSinh(_ x: Double) -> Double {
  if !x.isFinite || x == 0 { return x }
  let y = abs(x)
  let result: Double
  if y > 0x1p28 {
    result = StrictMath.log(y) + 6.93147180559945286227e-01
  } else if y > 2 {
    result = StrictMath.log(2 * y + 1 / ((x * x + 1).squareRoot() + y))
  } else {
    let t = x * x
    result = log1p(y + t / (1 + (1 + t).squareRoot()))
  }
  return x < 0 ? -result : result
}

private func inverseCosh(_ x: Double) -> Double {
  if x < 1 { return .nan }
  if x > 0x1p28 { return StrictMath.log(x) + 6.93147180559945286227e-01 }
  if x > 2 { return StrictMath.log(2 * x - 1 / (x + (x * x - 1).squareRoot())) }
  let t = x - 1
  return log1p(t + (2 * t + t * t).squareRoot())
}

/// Functions over DOUBLE.
let mathematicsFunctions: [FunctionSpec] = [
  real(
    "sqrt", "The square root; NaN for a negative number.",
    [
      Example("sqrt(4)", "2.0"), Example("sqrt(2)", "1.4142135623730951"),
      Example("sqrt(-1)", "NaN"),
      Example("sqrt(NULL)", "NULL"),
      Example("sqrt(-2.5d)", "NaN"),
      Example("sqrt(double('inf'))", "Infinity"),
      Example("sqrt(double('NaN'))", "NaN"),
      Example("sqrt('x')", "error CAST_INVALID_INPUT"),
      Example("sqrt(1.7976931348623157E308d)", "1.3407807929942596E154"),
    ]
  ) { $0.squareRoot() },
  real(
    "cbrt", "The cube root.",
    [
      Example("cbrt(27.0)", "3.0"), Example("cbrt(-8)", "-2.0"), Example("cbrt(NULL)", "NULL"),
      Example("cbrt(-2.5d)", "-1.3572088082974532"),
      Example("cbrt(double('inf'))", "Infinity"),
      Example("cbrt(double('NaN'))", "NaN"),
      Example("cbrt('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.cbrt($0) },
  real(
    "exp", "e to the power of a number.",
    [
      Example("exp(0)", "1.0"), Example("exp(1)", "2.7182818284590455"),
      Example("exp(1000)", "Infinity"), Example("exp(NULL)", "NULL"),
      Example("exp(-2.5d)", "0.0820849986238988"),
      Example("exp(double('inf'))", "Infinity"),
      Example("exp(double('NaN'))", "NaN"),
      Example("exp('x')", "error CAST_INVALID_INPUT"),
      Example("exp(-1000)", "0.0"),
    ]
  ) { StrictMath.exp($0) },
  real(
    "expm1", "`exp` of a number, less 1.",
    [
      Example("expm1(0)", "0.0"), Example("expm1(1e-10)", "1.00000000005E-10"),
      Example("expm1(NULL)", "NULL"),
      Example("expm1(-2.5d)", "-0.9179150013761013"),
      Example("expm1(double('inf'))", "Infinity"),
      Example("expm1(double('NaN'))", "NaN"),
      Example("expm1('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.expm1($0) },
  logarithm(
    "ln", "The natural logarithm; NULL for 0 and less.", above: 0,
    [
      Example("ln(1)", "0.0"), Example("ln(10)", "2.302585092994046"), Example("ln(0)", "NULL"),
      Example("ln(NULL)", "NULL"),
      Example("ln(-2.5d)", "NULL"),
      Example("ln(double('inf'))", "Infinity"),
      Example("ln(double('NaN'))", "NaN"),
      Example("ln('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.log($0) },
  logarithm(
    "log10", "The logarithm with base 10; NULL for 0 and less.", above: 0,
    [
      Example("log10(10)", "1.0"), Example("log10(-1)", "NULL"), Example("log10(NULL)", "NULL"),
      Example("log10(-2.5d)", "NULL"),
      Example("log10(double('inf'))", "Infinity"),
      Example("log10(double('NaN'))", "NaN"),
      Example("log10('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.log10($0) },
  logarithm(
    "log2", "The logarithm with base 2; NULL for 0 and less.", above: 0,
    [
      Example("log2(2)", "1.0"), Example("log2(10)", "3.3219280948873626"),
      Example("log2(0)", "NULL"), Example("log2(NULL)", "NULL"),
      Example("log2(-2.5d)", "NULL"),
      Example("log2(double('inf'))", "Infinity"),
      Example("log2(double('NaN'))", "NaN"),
      Example("log2('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.log($0) / StrictMath.log(2) },
  logarithm(
    "log1p", "The natural logarithm of a number and 1; NULL for -1 and less.", above: -1,
    [
      Example("log1p(0)", "0.0"), Example("log1p(1e-10)", "9.999999999500001E-11"),
      Example("log1p(-1)", "NULL"), Example("log1p(NULL)", "NULL"),
      Example("log1p(-2.5d)", "NULL"),
      Example("log1p(double('inf'))", "Infinity"),
      Example("log1p(double('NaN'))", "NaN"),
      Example("log1p('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { log1p($0) },
  .scalar(
    "log", category: "numbers",
    summary: "The logarithm of the second argument with the first as base, or the natural one.",
    [
      .column("base", .double, "the base, or the number"),
      .column("value", .double, default: "", "the number"),
    ], returns: "DOUBLE",
    examples: [
      Example("log(10, 100)", "2.0"), Example("log(10)", "2.302585092994046"),
      Example("log(0, 100)", "NULL"),
      Example("log(2, 0)", "NULL"), Example("log(NULL)", "NULL"),
      Example("log(-2.5d)", "NULL"),
      Example("log(double('inf'))", "Infinity"),
      Example("log(double('NaN'))", "NaN"),
      Example("log('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    if call.arguments.count == 1 {
      return call.result(.double, nullable: .always) { columns, _ in
        try mappedOrNull(columns[0], to: .double) { (x: Double) in
          x <= 0 ? nil : StrictMath.log(x)
        }
      }
    }
    return call.result(.double, nullable: .always) { columns, _ in
      try mappedOrNull(columns[0], columns[1], to: .double) { (base: Double, x: Double) in
        base <= 0 || x <= 0 ? nil : StrictMath.log(x) / StrictMath.log(base)
      }
    }
  },
  numberFunction(
    "pow", aliases: ["power"], "A number to the power of another.",
    [.column("base", .double, "the base"), .column("exponent", .double, "the exponent")],
    returns: .double,
    [
      Example("pow(2, 3)", "8.0"), Example("pow(-8, 1.0d / 3)", "NaN"), Example("pow(0, 0)", "1.0"),
      Example("pow(1, double('NaN'))", "NaN"), Example("pow(2, NULL)", "NULL"),
      Example("pow(-2.5d, 3)", "-15.625"),
      Example("pow(double('inf'), -1)", "0.0"),
      Example("pow(double('NaN'), 1)", "NaN"),
      Example("pow('x', 1)", "error CAST_INVALID_INPUT"),
      Example("pow(1e200d, 2)", "Infinity"),
      Example("pow(-2, -3)", "-0.125"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .double) { (x: Double, y: Double) in
      StrictMath.pow(x, y)
    }
  },
  real(
    "sin", "The sine.",
    [
      Example("sin(0)", "0.0"), Example("sin(1)", "0.8414709848078965"),
      Example("sin(NULL)", "NULL"),
      Example("sin(double('inf'))", "NaN"),
      Example("sin(double('NaN'))", "NaN"),
      Example("sin('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { sin($0) },
  real(
    "cos", "The cosine.",
    [
      Example("cos(0)", "1.0"), Example("cos(1)", "0.5403023058681398"),
      Example("cos(NULL)", "NULL"),
      Example("cos(-2.5d)", "-0.8011436155469337"),
      Example("cos(double('inf'))", "NaN"),
      Example("cos(double('NaN'))", "NaN"),
      Example("cos('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { cos($0) },
  real(
    "tan", "The tangent.",
    [
      Example("tan(0)", "0.0"), Example("tan(1)", "1.5574077246549023"),
      Example("tan(NULL)", "NULL"),
      Example("tan(-2.5d)", "0.7470222972386603"),
      Example("tan(double('inf'))", "NaN"),
      Example("tan(double('NaN'))", "NaN"),
      Example("tan('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { tan($0) },
  real(
    "cot", "The cotangent.",
    [
      Example("cot(1)", "0.6420926159343306"), Example("cot(0)", "Infinity"),
      Example("cot(NULL)", "NULL"),
      Example("cot(-2.5d)", "1.3386481283041514"),
      Example("cot(double('inf'))", "NaN"),
      Example("cot(double('NaN'))", "NaN"),
      Example("cot('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { 1 / tan($0) },
  real(
    "sec", "The secant.",
    [
      Example("sec(0)", "1.0"), Example("sec(NULL)", "NULL"),
      Example("sec(-2.5d)", "-1.2482156514688179"),
      Example("sec(double('inf'))", "NaN"),
      Example("sec(double('NaN'))", "NaN"),
      Example("sec('x')", "error CAST_INVALID_INPUT"),
    ]
  ) {
    1 / cos($0)
  },
  real(
    "csc", "The cosecant.",
    [
      Example("csc(1)", "1.1883951057781212"), Example("csc(NULL)", "NULL"),
      Example("csc(double('inf'))", "NaN"),
      Example("csc(double('NaN'))", "NaN"),
      Example("csc('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { 1 / sin($0) },
  real(
    "asin", "The arc sine.",
    [
      Example("asin(0)", "0.0"), Example("asin(2)", "NaN"), Example("asin(NULL)", "NULL"),
      Example("asin(-2.5d)", "NaN"),
      Example("asin(double('inf'))", "NaN"),
      Example("asin(double('NaN'))", "NaN"),
      Example("asin('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.asin($0) },
  real(
    "acos", "The arc cosine.",
    [
      Example("acos(1)", "0.0"), Example("acos(2)", "NaN"), Example("acos(NULL)", "NULL"),
      Example("acos(-2.5d)", "NaN"),
      Example("acos(double('inf'))", "NaN"),
      Example("acos(double('NaN'))", "NaN"),
      Example("acos('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.acos($0) },
  real(
    "atan", "The arc tangent.",
    [
      Example("atan(1)", "0.7853981633974483"), Example("atan(NULL)", "NULL"),
      Example("atan(-2.5d)", "-1.1902899496825317"),
      Example("atan(double('inf'))", "1.5707963267948966"),
      Example("atan(double('NaN'))", "NaN"),
      Example("atan('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.atan($0) },
  real(
    "sinh", "The hyperbolic sine.",
    [
      Example("sinh(1)", "1.1752011936438014"), Example("sinh(NULL)", "NULL"),
      Example("sinh(-2.5d)", "-6.0502044810397875"),
      Example("sinh(double('inf'))", "Infinity"),
      Example("sinh(double('NaN'))", "NaN"),
      Example("sinh('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.sinh($0) },
  real(
    "cosh", "The hyperbolic cosine.",
    [
      Example("cosh(1)", "1.543080634815244"), Example("cosh(NULL)", "NULL"),
      Example("cosh(-2.5d)", "6.132289479663686"),
      Example("cosh(double('inf'))", "Infinity"),
      Example("cosh(double('NaN'))", "NaN"),
      Example("cosh('x')", "error CAST_INVALID_INPUT"),
      Example("cosh(1000)", "Infinity"),
    ]
  ) { StrictMath.cosh($0) },
  real(
    "tanh", "The hyperbolic tangent.",
    [
      Example("tanh(1)", "0.7615941559557649"), Example("tanh(NULL)", "NULL"),
      Example("tanh(-2.5d)", "-0.9866142981514303"),
      Example("tanh(double('inf'))", "1.0"),
      Example("tanh(double('NaN'))", "NaN"),
      Example("tanh('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { StrictMath.tanh($0) },
  real(
    "asinh", "The inverse hyperbolic sine.",
    [
      Example("asinh(1)", "0.881373587019543"), Example("asinh(NULL)", "NULL"),
      Example("asinh(-2.5d)", "-1.6472311463710958"),
      Example("asinh(double('inf'))", "Infinity"),
      Example("asinh(double('NaN'))", "NaN"),
      Example("asinh('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { inverseSinh($0) },
  real(
    "acosh", "The inverse hyperbolic cosine.",
    [
      Example("acosh(2)", "1.3169578969248166"), Example("acosh(0)", "NaN"),
      Example("acosh(NULL)", "NULL"),
      Example("acosh(-2.5d)", "NaN"),
      Example("acosh(double('inf'))", "Infinity"),
      Example("acosh(double('NaN'))", "NaN"),
      Example("acosh('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { inverseCosh($0) },
  real(
    "atanh", "The inverse hyperbolic tangent.",
    [
      Example("atanh(0.5)", "0.5493061443340548"), Example("atanh(2)", "NaN"),
      Example("atanh(NULL)", "NULL"),
      Example("atanh(-2.5d)", "NaN"),
      Example("atanh(double('inf'))", "NaN"),
      Example("atanh(double('NaN'))", "NaN"),
      Example("atanh('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { 0.5 * (log1p($0) - log1p(-$0)) },
  numberFunction(
    "atan2", "The angle of a point, from its `y` and `x`.",
    [.column("y", .double, "the ordinate"), .column("x", .double, "the abscissa")],
    returns: .double,
    [
      Example("atan2(0, 0)", "0.0"), Example("atan2(1, -1)", "2.356194490192345"),
      Example("atan2(NULL, 0)", "NULL"),
      Example("atan2(-2.5d, 3)", "-0.6947382761967033"),
      Example("atan2(double('inf'), -1)", "1.5707963267948966"),
      Example("atan2(double('NaN'), 1)", "NaN"),
      Example("atan2('x', 1)", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    // Adding 0 turns -0.0 into 0.0, as Spark does.
    try mapped(columns[0], columns[1], to: .double) { (y: Double, x: Double) in
      StrictMath.atan2(y + 0.0, x + 0.0)
    }
  },
  numberFunction(
    "hypot", "The hypotenuse: the root of the sum of both squares.",
    [.column("a", .double, "the one side"), .column("b", .double, "the other")], returns: .double,
    [
      Example("hypot(3, 4)", "5.0"), Example("hypot(NULL, 4)", "NULL"),
      Example("hypot(-2.5d, 3)", "3.905124837953327"),
      Example("hypot(double('inf'), -1)", "Infinity"),
      Example("hypot(double('NaN'), 1)", "NaN"),
      Example("hypot('x', 1)", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .double) { (a: Double, b: Double) in
      StrictMath.hypot(a, b)
    }
  },
  real(
    "degrees", "Radians as degrees.",
    [
      Example("degrees(3.141592653589793)", "180.0"), Example("degrees(NULL)", "NULL"),
      Example("degrees(-2.5d)", "-143.2394487827058"),
      Example("degrees(double('inf'))", "Infinity"),
      Example("degrees(double('NaN'))", "NaN"),
      Example("degrees('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { $0 * (180.0 / Double.pi) },
  real(
    "radians", "Degrees as radians.",
    [
      Example("radians(180)", "3.141592653589793"), Example("radians(NULL)", "NULL"),
      Example("radians(-2.5d)", "-0.04363323129985824"),
      Example("radians(double('inf'))", "Infinity"),
      Example("radians(double('NaN'))", "NaN"),
      Example("radians('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { $0 * (Double.pi / 180.0) },
  real(
    "rint", "The nearest integer; of two the even one.",
    [
      Example("rint(12.3456)", "12.0"), Example("rint(2.5)", "2.0"), Example("rint(-0.2)", "-0.0"),
      Example("rint(NULL)", "NULL"),
      Example("rint(-2.5d)", "-2.0"),
      Example("rint(double('inf'))", "Infinity"),
      Example("rint(double('NaN'))", "NaN"),
      Example("rint('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { $0.rounded(.toNearestOrEven) },
  numberFunction(
    "sign", aliases: ["signum"], "-1, 0 or 1, as the number is less than, equal to or more than 0.",
    [
      .column(
        "value", .oneOf([.double, .dayTimeInterval, .yearMonthInterval]), "a number or interval")
    ], returns: .double,
    [
      Example("sign(40)", "1.0"), Example("sign(-0.5)", "-1.0"), Example("sign(0)", "0.0"),
      Example("sign(INTERVAL '-100' YEAR)", "-1.0"), Example("sign(NULL)", "NULL"),
      Example("sign(-2.5d)", "-1.0"),
      Example("sign(double('inf'))", "1.0"),
      Example("sign(double('NaN'))", "NaN"),
      Example("sign('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    try mapped(columns[0].asDoubles(), to: .double) { (x: Double) in x > 0 ? 1 : (x < 0 ? -1 : x) }
  },
  .scalar(
    "e", category: "numbers", summary: "Euler's number.", [], returns: "DOUBLE",
    examples: [Example("e()", "2.718281828459045")]
  ) { call in .literal(.double(M_E), .double, origin: call.origin) },
  .scalar(
    "pi", category: "numbers", summary: "The ratio of a circle's circumference to its diameter.",
    [], returns: "DOUBLE", examples: [Example("pi()", "3.141592653589793")]
  ) { call in .literal(.double(Double.pi), .double, origin: call.origin) },
  numberFunction(
    "isnan", "Whether the number is NaN; false for NULL.",
    [.column("value", .oneOf([.double, .float]), "the number")], returns: .boolean,
    nullable: .never,
    [
      Example("isnan(double('NaN'))", "true"), Example("isnan(1)", "false"),
      Example("isnan(NULL)", "false"),
      Example("isnan('x')", "error CAST_INVALID_INPUT"),
      Example("isnan(-1)", "false"),
      Example("isnan('')", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    let (vector, out) = (columns[0], Buffer.zeroed(capacity: Bitmap.byteCount(columns[0].count)))
    let doubles = vector.asDoubles()
    vector.forEachValid(vector.count) { row in
      if doubles.typed(Double.self)[row * doubles.stride].isNaN { Bitmap.set(out.pointer, row) }
    }
    return Vector(.boolean, count: vector.count, values: out)
  },
  numberFunction(
    "factorial", "The factorial of a number from 0 to 20; NULL for others.",
    [.column("value", .int, "the number")], returns: .long, nullable: .always,
    [
      Example("factorial(5)", "120"), Example("factorial(20)", "2432902008176640000"),
      Example("factorial(21)", "NULL"),
      Example("factorial(-1)", "NULL"), Example("factorial(NULL)", "NULL"),
      Example("factorial(2147483647)", "NULL"),
    ]
  ) { columns, _ in
    try mappedOrNull(columns[0], to: .long) { (n: Int32) in
      n < 0 || n > 20 ? nil : (0..<Int64(n)).reduce(Int64(1)) { $0 * ($1 + 1) }
    }
  },
  numberFunction(
    "width_bucket", "Into which of so many equal parts of a range the number falls.",
    [
      .column("value", .double, "the number"), .column("low", .double, "where the range begins"),
      .column("high", .double, "where it ends"), .column("count", .long, "how many parts"),
    ], returns: .long, nullable: .always,
    [
      Example("width_bucket(5.3, 0.2, 10.6, 5)", "3"),
      Example("width_bucket(-2.1, 1.3, 3.4, 3)", "0"),
      Example("width_bucket(8.1, 0.0, 5.7, 4)", "5"),
      Example("width_bucket(-0.9, 5.2, 0.5, 2)", "3"),
      Example("width_bucket(1, 0, 10, 0)", "NULL"), Example("width_bucket(NULL, 0, 10, 2)", "NULL"),
      Example("width_bucket(-1, -10, 10, 5)", "3"),
      Example("width_bucket(1, 0, 10, 9223372036854775807)", "NULL"),
      Example("width_bucket(double('NaN'), 0, 10, 5)", "NULL"),
      Example("width_bucket('x', 0, 10, 5)", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    let counts = FixedReader<Int64>(columns[3])
    let (values, lows, highs) = (
      FixedReader<Double>(columns[0]), FixedReader<Double>(columns[1]),
      FixedReader<Double>(columns[2])
    )
    return try mappedRows(columns, to: .long) { row, builder in
      let bucket = bucket(values[row], lows[row], highs[row], counts[row])
      if let bucket { builder.append(integer: bucket) } else { builder.appendNull() }
    }
  },
]

private func bucket(_ value: Double, _ low: Double, _ high: Double, _ count: Int64) -> Int64? {
  if count <= 0 || count == .max || value.isNaN || low == high || !low.isFinite || !high.isFinite {
    return nil
  }
  let (lower, upper) = (min(low, high), max(low, high))
  if low < high {
    if value < lower { return 0 }
    if value >= upper { return count + 1 }
    return Int64(Double(count) * (value - lower) / (upper - lower)) + 1
  }
  if value > upper { return 0 }
  if value <= lower { return count + 1 }
  return Int64(Double(count) * (upper - value) / (upper - lower)) + 1
}
