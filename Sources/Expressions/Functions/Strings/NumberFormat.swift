import Columns
import Contract

/// A format of `to_number` and `to_char`: `S$999,990.99`, `9999PR`.
struct NumberFormat {
  private enum Item {
    case digit(isZero: Bool)
    case comma
  }

  private var items: [Item] = []
  private(set) var fraction: [Bool] = []
  private var hasPoint = false
  private var hasDollar = false
  private var sign: Sign = .none

  private enum Sign { case none, leadingS, leadingMI, trailingS, trailingMI, brackets }

  var type: DataType {
    let whole = items.reduce(0) { if case .digit = $1 { $0 + 1 } else { $0 } }
    return .decimal(precision: max(whole + fraction.count, 1), scale: fraction.count)
  }

  private var wholeCount: Int {
    items.reduce(0) { if case .digit = $1 { $0 + 1 } else { $0 } }
  }

  init(_ text: String) throws {
    func malformed(_ what: String) -> Failure {
      Failure("INVALID_FORMAT.\(what)", "`\(text)` is no format of a number")
    }
    var rest = Array(text.uppercased().utf8)[...]
    if rest.isEmpty { throw malformed("EMPTY") }
    if rest.first == UInt8(ascii: "S") {
      sign = .leadingS
      rest = rest.dropFirst()
    } else if rest.starts(with: Array("MI".utf8)) {
      sign = .leadingMI
      rest = rest.dropFirst(2)
    }
    if rest.first == UInt8(ascii: "$") {
      hasDollar = true
      rest = rest.dropFirst()
    }
    if rest.suffix(2).elementsEqual("PR".utf8) {
      sign = .brackets
      rest = rest.dropLast(2)
    } else if rest.suffix(2).elementsEqual("MI".utf8) {
      sign = .trailingMI
      rest = rest.dropLast(2)
    } else if rest.last == UInt8(ascii: "S") {
      sign = .trailingS
      rest = rest.dropLast()
    }
    if !rest.contains(where: { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "9") }) {
      throw malformed("WRONG_NUM_DIGIT")
    }
    for byte in rest {
      switch byte {
      case UInt8(ascii: "0"), UInt8(ascii: "9"):
        let isZero = byte == UInt8(ascii: "0")
        if hasPoint { fraction.append(isZero) } else { items.append(.digit(isZero: isZero)) }
      case UInt8(ascii: ","), UInt8(ascii: "G"): items.append(.comma)
      case UInt8(ascii: "."), UInt8(ascii: "D"):
        if hasPoint { throw malformed("WRONG_NUM_TOKEN") }
        hasPoint = true
      case UInt8(ascii: "S"), UInt8(ascii: "$"): throw malformed("WRONG_NUM_TOKEN")
      default: throw malformed("UNEXPECTED_TOKEN")
      }
    }
    // Commas stand between digits before the point.
    for (index, item) in items.enumerated() {
      guard case .comma = item else { continue }
      guard index > 0, index + 1 < items.count, case .digit = items[index - 1],
        case .digit = items[index + 1]
      else { throw malformed("CONT_THOUSANDS_SEPS") }
    }
  }

  /// The unscaled digits that a text says; nil: it does not follow the format.
  func read(_ text: Bytes) -> Int128? {
    var rest = Array(text)[...]
    while rest.first == 0x20 { rest = rest.dropFirst() }
    while rest.last == 0x20 { rest = rest.dropLast() }
    var isNegative = false
    switch sign {
    case .leadingS, .leadingMI:
      if rest.first == UInt8(ascii: "-") || (sign == .leadingS && rest.first == UInt8(ascii: "+")) {
        isNegative = rest.first == UInt8(ascii: "-")
        rest = rest.dropFirst()
      }
    case .trailingS, .trailingMI:
      if rest.last == UInt8(ascii: "-") || (sign == .trailingS && rest.last == UInt8(ascii: "+")) {
        isNegative = rest.last == UInt8(ascii: "-")
        rest = rest.dropLast()
      }
    case .brackets:
      if rest.first == UInt8(ascii: "<"), rest.last == UInt8(ascii: ">") {
        isNegative = true
        rest = rest.dropFirst().dropLast()
      }
    case .none: break
    }
    if hasDollar {
      if rest.first != UInt8(ascii: "$") { return nil }
      rest = rest.dropFirst()
    }
    let parts = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count > 2 || (parts.count == 2 && !hasPoint) { return nil }
    guard let whole = readWhole(parts[0]) else { return nil }
    var value = whole
    let behind = parts.count == 2 ? Array(parts[1]) : []
    if behind.count > fraction.count || !behind.allSatisfy({ $0 &- 48 < 10 }) { return nil }
    if parts[0].isEmpty, behind.isEmpty { return nil }
    for index in fraction.indices {
      value = value * 10 + (index < behind.count ? Int128(behind[index] - 48) : 0)
    }
    return isNegative ? -value : value
  }

  /// The digits before the point, from the right, against the format's.
  private func readWhole(_ text: ArraySlice<UInt8>) -> Int128? {
    var (value, scale): (Int128, Int128) = (0, 1)
    var rest = text
    for item in items.reversed() {
      guard let byte = rest.last else {
        // A zero in the format asks for a digit.
        if case .digit(isZero: true) = item { return nil }
        continue
      }
      switch item {
      case .comma:
        if byte != UInt8(ascii: ",") { return nil }
      case .digit:
        guard byte &- 48 < 10 else { return nil }
        value += Int128(byte - 48) * scale
        scale *= 10
      }
      rest = rest.dropLast()
    }
    return rest.isEmpty ? value : nil
  }

  /// Appends a decimal's digits, or `#`s where they do not fit.
  func append(_ unscaled: Int128, scale: Int, to out: inout [UInt8]) {
    var number = PlainNumber(unscaled, scale: scale)
    // A number with more places than the format has does not fit it either.
    var places = number.fraction
    while places.last == 48 { places.removeLast() }
    number.round(to: fraction.count, .halfUp)
    let isNegative = number.isNegative && !number.isZero
    var digits = number.whole
    while digits.first == 48 { digits.removeFirst() }
    let isTooLong = digits.count > wholeCount || places.count > fraction.count
    var body: [UInt8] = []
    var seen = false
    var left = wholeCount
    for item in items {
      switch item {
      case .digit(let isZero):
        if isTooLong {
          body.append(UInt8(ascii: "#"))
        } else if left <= digits.count {
          body.append(digits[digits.count - left])
          seen = true
        } else if isZero || seen {
          body.append(48)
          seen = true
        } else {
          body.append(0x20)
        }
        left -= 1
      case .comma: body.append(seen ? UInt8(ascii: ",") : 0x20)
      }
    }
    if hasPoint {
      body.append(UInt8(ascii: "."))
      body += isTooLong ? fraction.map { _ in UInt8(ascii: "#") } : number.fraction
    }
    let blanks = body.prefix { $0 == 0x20 }.count
    var front: [UInt8] = []
    if hasDollar {
      // The currency stands in front of the blanks, unless a sign goes before it.
      if sign == .leadingS || sign == .leadingMI {
        front.append(UInt8(ascii: "$"))
      } else {
        out.append(UInt8(ascii: "$"))
      }
    }
    switch sign {
    case .leadingS: front.insert(isNegative ? 45 : 43, at: 0)
    case .leadingMI: front.insert(isNegative ? 45 : 0x20, at: 0)
    case .brackets: if isNegative { front.insert(UInt8(ascii: "<"), at: 0) }
    default: break
    }
    out += [UInt8](repeating: 0x20, count: blanks) + front + body[blanks...]
    switch sign {
    case .trailingS: out.append(isNegative ? 45 : 43)
    case .trailingMI: out.append(isNegative ? 45 : 0x20)
    case .brackets: out.append(isNegative ? UInt8(ascii: ">") : 0x20)
    default: break
    }
  }
}

private let format = FunctionParameter.value("format", .string, "such as 'S$999,990.00'")

private func toNumber(_ name: String, isTry: Bool, _ summary: String, _ examples: [Example])
  -> FunctionSpec
{
  .scalar(
    name, category: "strings", summary: summary, [textParameter, format], returns: "DECIMAL",
    examples: examples
  ) { call in
    guard let text = try call.constant(1).text else {
      let type = DataType.decimal(precision: 10, scale: 0)
      return call.result(type, nullable: .always) { columns, _ in
        .nulls(type, count: columns[0].count)
      }
    }
    let format = try NumberFormat(text)
    if case .decimal(let precision, _) = format.type, precision > 38 {
      throw Failure(
        "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
        "the format `\(text)` has more than 38 digits", origin: call.origin)
    }
    return call.with([call[0]]).result(
      format.type, nullable: isTry ? .always : .ofArguments, canFail: !isTry
    ) { columns, _ in
      try mappedOrNull(columns[0], to: format.type) { (bytes: Bytes) -> Int128? in
        if let value = format.read(bytes) { return value }
        if isTry { return nil }
        throw Failure(
          "INVALID_FORMAT.MISMATCH_INPUT",
          "`\(String(decoding: bytes, as: UTF8.self))` does not follow the format `\(text)`")
      }
    }
  }
}

/// TO_NUMBER and TO_CHAR.
let numberTextFunctions: [FunctionSpec] = [
  toNumber(
    "to_number", isTry: false, "The number that a text says by a format.",
    [
      Example("to_number('454', '999')", "454"), Example("to_number('$78.12', '$99.99')", "78.12"),
      Example("to_number('12,454.8-', '99,999.9S')", "-12454.8"),
      Example("to_number('<1,2>', '9,9PR')", "-12"),
      Example("to_number('4x', '99')", "error INVALID_FORMAT.MISMATCH_INPUT"),
      Example("to_number('12', '099')", "error INVALID_FORMAT.MISMATCH_INPUT"),
      Example("to_number(NULL, '999')", "NULL"),
    ]),
  toNumber(
    "try_to_number", isTry: true, "As `to_number`; NULL where the text does not follow the format.",
    [
      Example("try_to_number('$78.12', '$99.99')", "78.12"),
      Example("try_to_number('454', '99')", "NULL"), Example("try_to_number('x', '9')", "NULL"),
    ]),
  .scalar(
    "to_char", aliases: ["to_varchar"], category: "strings",
    summary: "A number by a format, or a date or instant by a pattern, as text.",
    [
      .column("value", .any, "a number, a date or an instant"),
      .value("format", .string, "such as '999.99' or 'yyyy-MM-dd'"),
    ], returns: "STRING",
    examples: [
      Example("to_char(454, '999')", "454"), Example("to_char(454.00, '000D00')", "454.00"),
      Example("to_char(12454, '99G999')", "12,454"), Example("to_char(78.12, '$99.99')", "$78.12"),
      Example("to_char(-12454.8, '99G999D9S')", "12,454.8-"),
      Example("concat('[', to_char(5, '999'), ']')", "[  5]"), Example("to_char(1234, '99')", "##"),
      Example("to_char(date'2016-04-08', 'y')", "2016"), Example("to_char(NULL, '99')", "NULL"),
      Example("to_char(-5, '9')", "5"),
      Example("to_char(12345, '999')", "###"),
    ]
  ) { call in
    if call.types[0].isDatetime {
      guard let function = FunctionCatalog.builtIn["date_format"] else {
        preconditionFailure("there is no date_format")
      }
      return try function.bind(call)
    }
    guard
      let type = ImplicitCast.type(for: .decimal, from: call.types[0])
        ?? (call.types[0].isFraction ? DataType.decimal(precision: 38, scale: 18) : nil),
      case .decimal(_, let scale) = type
    else { throw call.unexpectedType(0, expected: "\"DECIMAL\"") }
    guard let text = try call.constant(1).text else {
      return .literal(.null, .string, origin: call.origin)
    }
    let format = try NumberFormat(text)
    return call.with([call[0].implicitlyCast(to: type)]).result(.string) { columns, _ in
      try mappedText(columns[0]) { (value: Int128, out) in
        format.append(value, scale: scale, to: &out.bytes)
      }
    }
  },
]
