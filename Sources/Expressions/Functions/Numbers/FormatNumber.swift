import Columns
import Contract
import Glibc

/// What a pattern of Java's `DecimalFormat` says of digits: `#,##0.00`.
private struct NumberPattern {
  var prefix: [UInt8] = []
  var suffix: [UInt8] = []
  var minimumWhole = 0
  var minimumFraction = 0
  var maximumFraction = 0
  var grouping = 0
  /// What the number is multiplied by, as a power of ten: 2 where the pattern has a `%`.
  var power = 0

  init(_ text: Bytes) {
    // Nothing written is `#,##0`.
    if text.isEmpty { (minimumWhole, grouping) = (1, 3) }
    var (seen, isBehindPoint, hasWhole, sinceComma) = (false, false, false, -1)
    for byte in text {
      switch byte {
      case UInt8(ascii: "#"), UInt8(ascii: "0"):
        seen = true
        let isZero = byte == UInt8(ascii: "0")
        if isBehindPoint {
          maximumFraction += 1
          if isZero { minimumFraction += 1 }
        } else {
          hasWhole = true
          if isZero { minimumWhole += 1 }
          if sinceComma >= 0 { sinceComma += 1 }
        }
      case UInt8(ascii: ","): sinceComma = 0
      case UInt8(ascii: "."): isBehindPoint = true
      case UInt8(ascii: "%"):
        power = 2
        if seen { suffix.append(byte) } else { prefix.append(byte) }
      default: if seen { suffix.append(byte) } else { prefix.append(byte) }
      }
    }
    if sinceComma >= 0 { grouping = sinceComma }
    // Of `#.#` one digit is always there, as if a 0 were written.
    if isBehindPoint, minimumWhole == 0, minimumFraction == 0, seen {
      if hasWhole { minimumWhole = 1 } else { minimumFraction = 1 }
    }
  }

  /// `#,###.##` with exactly so many digits behind the point.
  init(digits: Int) {
    (minimumWhole, minimumFraction, maximumFraction, grouping) = (1, digits, digits, 3)
  }

  func append(_ number: PlainNumber, to out: inout [UInt8]) {
    // As Java: what rounds to 0 from below is -0.
    if number.isNegative { out.append(UInt8(ascii: "-")) }
    out += prefix
    var fraction = number.fraction
    while fraction.count > minimumFraction, fraction.last == 48 { fraction.removeLast() }
    let start = out.count
    number.appendWhole(to: &out, grouping: grouping, minimum: minimumWhole)
    if out.count == start, fraction.isEmpty { out.append(48) }
    if !fraction.isEmpty { out += [UInt8(ascii: ".")] + fraction }
    out += suffix
  }
}

/// A DOUBLE at `scale` digits behind the point, of two nearest the even one, by its exact value.
private func exact(_ value: Double, scale: Int) -> PlainNumber {
  var bytes = [CChar](repeating: 0, count: 400 + scale)
  let count = withVaList([Int32(scale), value]) { vsnprintf(&bytes, bytes.count, "%.*f", $0) }
  let text = bytes.prefix(Int(count)).map { UInt8(bitPattern: $0) }
  return PlainNumber(text: String(decoding: text, as: UTF8.self))
}

private func append(
  _ vector: Vector, _ row: Int, _ pattern: NumberPattern, to out: inout [UInt8]
) {
  let at = vector.position(row)
  switch vector.type {
  case .double, .float:
    let value =
      vector.type == .double ? vector.typed(Double.self)[at] : Double(vector.typed(Float.self)[at])
    if value.isNaN {
      out += "NaN".utf8
    } else if value.isInfinite {
      out += (value < 0 ? "-∞" : "∞").utf8
    } else {
      var number = exact(value, scale: pattern.maximumFraction + pattern.power)
      number.shift(pattern.power)
      pattern.append(number, to: &out)
    }
  case .decimal(_, let scale):
    var number = PlainNumber(vector.typed(Int128.self)[at], scale: scale)
    number.shift(pattern.power)
    number.round(to: pattern.maximumFraction, .halfEven)
    pattern.append(number, to: &out)
  default:
    var number = PlainNumber(Int128(vector.integer(row)))
    number.shift(pattern.power)
    number.round(to: pattern.maximumFraction, .halfEven)
    pattern.append(number, to: &out)
  }
}

/// FORMAT_NUMBER.
let formatNumberFunctions: [FunctionSpec] = [
  .scalar(
    "format_number", category: "strings",
    summary:
      "The number with commas between thousands, at so many digits or by a pattern.",
    [
      .column("value", .exactly(.numeric), "the number"),
      .value(
        "digits", .exactly(.oneOf([.int, .string])),
        "how many digits, or a pattern such as '#,##0.0'"),
    ], returns: "STRING",
    examples: [
      Example("format_number(12332.123456, 4)", "12,332.1235"),
      Example("format_number(12332.123456d, '##################.###')", "12332.123"),
      Example("format_number(0.125d, 2)", "0.12"),
      Example("format_number(-1234567, 0)", "-1,234,567"), Example("format_number(-0.5d, 0)", "-0"),
      Example("format_number(-0.4, 0)", "-0"), Example("format_number(5, -1)", "NULL"),
      Example("format_number(1234.5, '#,##0.00')", "1,234.50"),
      Example("format_number(double('NaN'), 2)", "NaN"), Example("format_number(NULL, 2)", "NULL"),
      Example("format_number(-1234.5, 2)", "-1,234.50"),
      Example("format_number(12332.123456, '')", "12,332"),
      Example("format_number(0, '#')", "0"),
      Example(
        "format_number(99999999999999999999999999999999999999, 0)",
        "99,999,999,999,999,999,999,999,999,999,999,999,999"),
      Example("format_number('1', 2)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]
  ) { call in
    let isPattern = call.types[1] == .string
    return call.result(.string, nullable: .always) { columns, _ in
      try mappedRows(columns, to: .string) { row, builder in
        let pattern: NumberPattern
        if isPattern {
          pattern = NumberPattern(columns[1].strings[row])
        } else {
          let digits = Int(columns[1].integer(row))
          if digits < 0 { return builder.appendNull() }
          guard digits <= 100_000 else {
            throw Failure(
              "STRING_TOO_LONG", "`format_number` makes at most 100000 digits behind the point")
          }
          pattern = NumberPattern(digits: digits)
        }
        var out: [UInt8] = []
        append(columns[0], row, pattern, to: &out)
        out.withUnsafeBytes { builder.append(bytes: $0) }
      }
    }
  }
]
