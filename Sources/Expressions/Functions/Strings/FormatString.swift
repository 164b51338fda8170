import Columns
import Contract

/// One piece of a format in the notation of Java's `Formatter`.
private enum FormatPiece {
  case text([UInt8])
  case item(FormatItem)
}

private struct FormatItem {
  var index = 0
  var flags: Set<UInt8> = []
  var width = 0
  var precision: Int?
  var conversion: UInt8 = 0

  func has(_ flag: Character) -> Bool { flag.asciiValue.map { flags.contains($0) } ?? false }
  /// What Java would not take about this conversion.
  var fault: String? {
    if has("-") && has("0") || has("+") && has(" ") { return "two of its flags exclude each other" }
    if (has("-") || has("0")) && width == 0 { return "a flag needs a width" }
    switch kind {
    case "d", "x", "o", "c":
      if precision != nil { return "a whole number has no precision" }
    case "s", "b":
      if ["0", "+", " ", ",", "("].contains(where: { has($0) }) {
        return "a text has no such flag"
      }
    default: break
    }
    return nil
  }

  var isUpper: Bool { conversion >= 65 && conversion <= 90 }
  var kind: Character { Character(Unicode.Scalar(conversion | 0x20)) }
}

private func malformed(_ format: Bytes, _ what: String) -> Failure {
  Failure(
    "INVALID_PARAMETER_VALUE.FORMAT",
    "`\(String(decoding: format, as: UTF8.self))` is no format: \(what)")
}

private func parse(_ format: Bytes) throws -> [FormatPiece] {
  var pieces: [FormatPiece] = []
  var text: [UInt8] = []
  var (at, next, last) = (0, 0, 0)
  func number() throws -> Int? {
    var value: Int?
    while at < format.count, format[at] &- 48 < 10 {
      value = (value ?? 0) * 10 + Int(format[at] - 48)
      at += 1
      try requireLength(value ?? 0, function: "format_string")
    }
    return value
  }
  while at < format.count {
    let byte = format[at]
    at += 1
    guard byte == UInt8(ascii: "%") else {
      text.append(byte)
      continue
    }
    var item = FormatItem()
    var explicit: Int?
    let start = at
    if let index = try number(), at < format.count, format[at] == UInt8(ascii: "$") {
      explicit = index
      at += 1
    } else {
      at = start
    }
    while at < format.count, "-#+ 0,(<".utf8.contains(format[at]) {
      item.flags.insert(format[at])
      at += 1
    }
    if item.has("<") { explicit = last }
    item.width = try number() ?? 0
    if at < format.count, format[at] == UInt8(ascii: ".") {
      at += 1
      item.precision = try number()
    }
    guard at < format.count else { throw malformed(format, "it ends within a conversion") }
    item.conversion = format[at]
    at += 1
    if let fault = item.fault { throw malformed(format, fault) }
    if item.conversion == UInt8(ascii: "%") {
      text += pad([item.conversion], item)
    } else if item.conversion == UInt8(ascii: "n") {
      text.append(10)
    } else {
      if let explicit {
        item.index = explicit - 1
      } else {
        item.index = next
        next += 1
      }
      last = item.index + 1
      pieces.append(.text(text))
      text = []
      pieces.append(.item(item))
    }
  }
  pieces.append(.text(text))
  return pieces
}

/// Java counts a character beyond the first plane as two.
private func pad(_ bytes: [UInt8], _ item: FormatItem) -> [UInt8] {
  let pairs = bytes.count { $0 >= 0xF0 }
  let missing = item.width - bytes.withUnsafeBytes { Characters.count($0) } - pairs
  if missing <= 0 { return bytes }
  let blanks = [UInt8](repeating: 0x20, count: missing)
  return item.has("-") ? bytes + blanks : blanks + bytes
}

/// Sign, grouping and zeros around the digits of a number.
private func appendNumber(
  _ isNegative: Bool, _ digits: [UInt8], _ item: FormatItem, to out: inout [UInt8]
) {
  var (front, back): ([UInt8], [UInt8]) = ([], [])
  if isNegative {
    front = item.has("(") ? [UInt8(ascii: "(")] : [UInt8(ascii: "-")]
    if item.has("(") { back = [UInt8(ascii: ")")] }
  } else if item.has("+") {
    front = [UInt8(ascii: "+")]
  } else if item.has(" ") {
    front = [0x20]
  }
  var digits = digits
  if item.has("0") {
    let missing = item.width - front.count - digits.count - back.count
    digits = [UInt8](repeating: 48, count: max(missing, 0)) + digits
  }
  out += pad(front + digits + back, item)
}

private func appendFraction(_ number: PlainNumber, _ item: FormatItem, to out: inout [UInt8]) {
  var number = number
  var digits: [UInt8] = []
  let precision = item.precision ?? 6
  if item.kind == "e" {
    let exponent = number.normalize(digitsBehindPoint: precision)
    digits = number.whole + (precision > 0 ? [UInt8(ascii: ".")] + number.fraction : [])
    digits += [item.isUpper ? 69 : 101, exponent < 0 ? 45 : 43]
    if abs(exponent) < 10 { digits.append(48) }
    digits += "\(abs(exponent))".utf8
  } else {
    number.round(to: precision, .halfUp)
    number.appendWhole(to: &digits, grouping: item.has(",") ? 3 : 0)
    if precision > 0 { digits += [UInt8(ascii: ".")] + number.fraction }
  }
  appendNumber(number.isNegative, digits, item, to: &out)
}

extension DataType {
  /// An integer, or what Spark keeps as one: dates, times and intervals.
  fileprivate var isCount: Bool { isInteger || isDatetime || isInterval }
}

private func wrongArgument(_ item: FormatItem, _ type: DataType) -> Failure {
  Failure(
    "INVALID_PARAMETER_VALUE.FORMAT",
    "%\(String(UnicodeScalar(item.conversion))) cannot show a value of the type \(type)")
}

/// Appends one argument as its conversion says. `text` is its value as STRING.
private func append(
  _ item: FormatItem, _ vector: Vector, _ row: Int, text: Vector, to out: inout [UInt8]
) throws {
  let isNull = vector.isNull(row)
  var shown: [UInt8]
  switch item.kind {
  case "s":
    shown = isNull ? Array("null".utf8) : Array(text.strings[row])
    if let precision = item.precision {
      shown = shown.withUnsafeBytes {
        Array(Characters.slice($0, 0..<Characters.offset($0, precision)))
      }
    }
  case "b":
    let isFalse = isNull || vector.type == .boolean && !vector.boolean(row)
    shown = Array((isFalse ? "false" : "true").utf8)
  case _ where isNull: shown = Array("null".utf8)
  case "d":
    let number: PlainNumber
    if vector.type.isCount {
      number = PlainNumber(Int128(vector.integer(row)))
    } else {
      throw wrongArgument(item, vector.type)
    }
    var digits: [UInt8] = []
    number.appendWhole(to: &digits, grouping: item.has(",") ? 3 : 0)
    return appendNumber(number.isNegative, digits, item, to: &out)
  case "x", "o":
    guard case .fixed(let width) = vector.type.layout, vector.type.isCount else {
      throw wrongArgument(item, vector.type)
    }
    let bits =
      UInt64(bitPattern: vector.integer(row)) & (width == 8 ? .max : (1 << UInt64(width * 8)) - 1)
    var digits = String(bits, radix: item.kind == "x" ? 16 : 8)
    if item.has("#") { digits = (item.kind == "x" ? "0x" : "0") + digits }
    var plain = item
    plain.flags.remove(UInt8(ascii: "+"))
    appendNumber(false, Array((item.isUpper ? digits.uppercased() : digits).utf8), plain, to: &out)
    return
  case "c":
    guard vector.type.isInteger,
      let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: vector.integer(row)))
    else {
      throw wrongArgument(item, vector.type)
    }
    shown = Array(String(scalar).utf8)
  case "f", "e", "g":
    if case .decimal(_, let scale) = vector.type {
      let value = vector.typed(Int128.self)[vector.position(row)]
      return appendFraction(PlainNumber(value, scale: scale), item, to: &out)
    }
    guard vector.type.isFraction else { throw wrongArgument(item, vector.type) }
    let value =
      vector.type == .double
      ? vector.typed(Double.self)[vector.position(row)]
      : Double(vector.typed(Float.self)[vector.position(row)])
    if value.isFinite {
      var number = PlainNumber(value)
      number.isNegative = value.sign == .minus
      return appendFraction(number, item, to: &out)
    }
    shown = Array((value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity").utf8)
  default: throw malformedConversion(item)
  }
  if item.isUpper { shown = Array(String(decoding: shown, as: UTF8.self).uppercased().utf8) }
  out += pad(shown, item)
}

private func malformedConversion(_ item: FormatItem) -> Failure {
  Failure(
    "INVALID_PARAMETER_VALUE.FORMAT",
    "there is no conversion %\(String(UnicodeScalar(item.conversion)))")
}

/// FORMAT_STRING and FORMAT_NUMBER.
let formatFunctions: [FunctionSpec] = [
  .scalar(
    "format_string", aliases: ["printf"], category: "strings",
    summary: "The arguments shown by a format in the notation of C and Java.",
    [
      .value("format", .string, "such as '%s: %5.2f'"),
      .column("arguments", .any, default: "", "what is shown"),
    ], isVariadic: true, returns: "STRING",
    examples: [
      Example("format_string('Hello World %d %s', 100, 'days')", "Hello World 100 days"),
      Example(
        "format_string('%05d|%-5d|%+d|%,d', 42, 42, 42, 1234567)", "00042|42   |+42|1,234,567"),
      Example(
        "format_string('%.2f|%10.1f|%e', 3.14159d, 2.25d, 12345.678d)",
        "3.14|       2.3|1.234568e+04"), Example("format_string('%2$s %1$s', 'a', 'é')", "é a"),
      Example("format_string('%x %o %X %c', 255, 8, -1, 65)", "ff 10 FFFFFFFF A"),
      Example("format_string('%s %d', NULL, CAST(NULL AS INT))", "null null"),
      Example("format_string('%5s|%-5s|%%', 'é', 'ab')", "    é|ab   |%"),
      Example("format_string('%b', true)", "true"),
      Example("format_string('%5s|', '😀')", "   😀|"),
      Example("format_string('%s %d', DATE'2024-02-29', -1)", "19782 -1"),
      Example("format_string('', 1)", ""),
      Example("format_string(NULL, 1)", "NULL"),
    ]
  ) { call in
    // Spark hands over its inner values: a time is a number of days or microseconds.
    let texts = try call.arguments.dropFirst().map { argument in
      argument.type.isCount && !argument.type.isInteger
        ? call.with([argument]).result(.string) { columns, _ in
          try mappedRows(columns, to: .string) { row, builder in
            builder.append(text: String(columns[0].integer(row)))
          }
        } : try argument.cast(to: .string)
    }
    let values = call.arguments.count - 1
    let all = call.with(call.arguments + texts)
    return all.result(.string, nullable: call[0].isNullable ? .always : .never, canFail: true) {
      columns, _ in
      var pieces: [FormatPiece] = []
      var last: [UInt8]?
      let formats = columns[0].strings
      let shape = KernelShape(of: [columns[0]])
      if shape.isAllNull { return .nulls(.string, count: shape.count) }
      let flat = columns[0].flat
      return try mappedRows([flat], to: .string) { row, builder in
        let format = formats[row]
        if !(last?.elementsEqual(format) ?? false) {
          pieces = try parse(format)
          last = Array(format)
        }
        var out: [UInt8] = []
        for piece in pieces {
          switch piece {
          case .text(let text): out += text
          case .item(let item):
            guard item.index >= 0, item.index < values else {
              throw malformed(format, "it asks for argument \(item.index + 1) of \(values)")
            }
            try append(
              item, columns[1 + item.index], row, text: columns[1 + values + item.index], to: &out)
          }
        }
        out.withUnsafeBytes { builder.append(bytes: $0) }
      }
    }
  }
]
