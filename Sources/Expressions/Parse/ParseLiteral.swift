import Columns
import Contract

/// Literals that have a type of their own.
extension ExpressionParser {
  /// The number ahead: INT, BIGINT or DECIMAL by its size, or what its suffix says.
  mutating func number(isNegative: Bool) throws -> UnresolvedExpression {
    let source = peek.source
    let lower = source.lowercased()
    let sign = isNegative ? "-" : ""
    func digits(_ suffix: Int) -> String { sign + lower.dropLast(suffix) }
    func integer(_ name: String, _ range: ClosedRange<Int64>, _ type: DataType) throws
      -> UnresolvedExpression
    {
      guard let value = Int64(digits(1)), range.contains(value) else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(1)) is outside of the range of \(name), "
            + "\(range.lowerBound) to \(range.upperBound)", origin: origin)
      }
      advance()
      return try make(.literal(.integer(value), type))
    }
    if lower.hasSuffix("bd") { return try decimal(digits(2)) }
    switch lower.last {
    case "l": return try integer("bigint", Int64.min...Int64.max, .long)
    case "s": return try integer("smallint", -32768...32767, .short)
    case "y": return try integer("tinyint", -128...127, .byte)
    case "d", "f":
      let isDouble = lower.last == "d"
      guard let value = Double(digits(1)), value.isFinite, isDouble || Float(value).isFinite else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(1)) is outside of the range of \(isDouble ? "double" : "float")",
          origin: origin)
      }
      advance()
      return try make(
        .literal(.double(isDouble ? value : Double(Float(value))), isDouble ? .double : .float))
    default: break
    }
    if lower.contains("e") {
      guard let value = Double(digits(0)), value.isFinite else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(0)) is outside of the range of double", origin: origin)
      }
      advance()
      return try make(.literal(.double(value), .double))
    }
    if !lower.contains("."), let value = Int64(digits(0)) {
      advance()
      return try make(.literal(.integer(value), Int32(exactly: value) == nil ? .long : .int))
    }
    return try decimal(digits(0))
  }

  /// `-12.50`, `1e3`: as many digits and places as written.
  private mutating func decimal(_ written: String) throws -> UnresolvedExpression {
    let parts = written.split(separator: "e", omittingEmptySubsequences: false)
    let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let fraction = number.count > 1 ? String(number[1]) : ""
    let exponent = parts.count > 1 ? Int(parts[1]) ?? Int.max : 0
    var digits = number[0].filter { $0 != "-" } + fraction
    digits = String(digits.drop { $0 == "0" })
    var scale = fraction.count
    guard abs(exponent) <= 76 else { throw tooManyDigits(written) }
    scale -= exponent
    if scale < 0 {
      digits += digits.isEmpty ? "" : String(repeating: "0", count: -scale)
      scale = 0
    }
    guard digits.count <= 38, scale <= 38, let value = Int128(digits.isEmpty ? "0" : digits) else {
      throw tooManyDigits(written)
    }
    advance()
    return try make(
      .literal(
        .decimal(written.hasPrefix("-") ? -value : value),
        .decimal(precision: max(digits.count, scale, 1), scale: scale)))
  }

  private func tooManyDigits(_ written: String) -> Failure {
    Failure(
      "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
      "the number \(written) has more than 38 digits", origin: origin)
  }

  /// `DATE '2024-01-31'`, `TIMESTAMP '…'`, `X'1F'`.
  mutating func typedLiteral(_ word: Token, _ text: String) throws -> UnresolvedExpression {
    let types: [String: DataType] = [
      "DATE": .date, "TIMESTAMP": .timestamp, "TIMESTAMP_LTZ": .timestamp,
      "TIMESTAMP_NTZ": .timestampNtz,
    ]
    func invalid() -> Failure {
      Failure(
        "INVALID_TYPED_LITERAL",
        "the value of the typed literal \"\(word.keyword)\" is invalid: '\(text)'",
        details: SyntaxFailure.pointer(Array(self.text.utf8), at: word.range.lowerBound),
        origin: origin)
    }
    if word.keyword == "X" {
      guard let bytes = Self.bytes(ofHex: text) else { throw invalid() }
      position += 2
      return try make(.literal(.bytes(bytes), .binary))
    }
    guard let type = types[word.keyword] else {
      // `a 'text'`: the word is a name and the string begins something else.
      if word.keyword == "TIME" {
        throw Failure(
          "UNSUPPORTED_TYPED_LITERAL", "literals of the type \"TIME\" are not supported",
          origin: origin)
      }
      advance()
      return try make(.name([word.source]))
    }
    let literal = Expression.literal(.text(text), .string)
    guard case .literal(let value) = fold(try literal.cast(to: type), timeZoneId: timeZoneId).kind,
      !value.isNull
    else { throw invalid() }
    position += 2
    return try make(.literal(value, type))
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let padded = Array((text.utf8.count.isMultiple(of: 2) ? text : "0" + text).utf8)
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: padded.count, by: 2) {
      let pair = String(decoding: padded[index..<(index + 2)], as: UTF8.self)
      guard padded[index] != UInt8(ascii: "+"), padded[index] != UInt8(ascii: "-"),
        let byte = UInt8(pair, radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// `INTERVAL 10 MINUTES`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '10 minutes'`.
  mutating func interval() throws -> UnresolvedExpression {
    let start = peek.range.lowerBound
    advance()
    var amounts: [(text: String, unit: String)] = []
    // Behind the first amount only one with its unit goes on with the interval.
    while Self.isAmount(peek, peek(1)), amounts.isEmpty || isAmountWithUnit {
      var sign = ""
      if take(sign: "-") { sign = "-" } else { _ = take(sign: "+") }
      let amount: String
      if case .text(let text) = peek.kind {
        amount = sign.isEmpty ? text : "-(" + text
      } else {
        amount = sign + peek.source
      }
      advance()
      guard peek.kind == .word, IntervalLiteral.unit(peek.keyword) != nil else {
        if amounts.isEmpty, case .literal(let value, let type)? = IntervalLiteral.whole(amount) {
          return try make(.literal(value, type))
        }
        throw peek.kind == .word ? unexpected("an interval's unit is expected") : malformed(start)
      }
      let unit = advance().keyword
      if amounts.isEmpty, take("TO") {
        let last = advance().keyword
        guard let node = IntervalLiteral.range(amount, from: unit, to: last) else {
          throw malformed(start)
        }
        return try make(node)
      }
      amounts.append((amount, unit))
    }
    guard let node = IntervalLiteral.sum(amounts) else { throw malformed(start) }
    return try make(node)
  }

  private var isAmountWithUnit: Bool {
    let unit = peek.kind == .sign ? peek(2) : peek(1)
    return unit.kind == .word && IntervalLiteral.unit(unit.keyword) != nil
  }

  private static func isAmount(_ token: Token, _ next: Token) -> Bool {
    switch token.kind {
    case .number, .text: return true
    case .sign where token.source == "-" || token.source == "+":
      switch next.kind {
      case .number, .text: return IntervalLiteral.unit(next.keyword) == nil
      default: return false
      }
    default: return false
    }
  }

  private func malformed(_ start: Int) -> Failure {
    let failure = SyntaxFailure.make(Array(text.utf8), at: start, "this is no interval", origin)
    return Failure(
      "INVALID_INTERVAL_FORMAT", failure.message,
      hint: "Write e.g. INTERVAL 10 MINUTES or INTERVAL '1 02:03:04.5' DAY TO SECOND",
      details: failure.details, origin: origin)
  }
}

/// Interval literals as months or microseconds.
enum IntervalLiteral {
  private struct Unit {
    let field: IntervalUnit
    /// Months for YEAR and MONTH, else microseconds.
    let size: Int64
  }

  /// A unit's name in capitals, one or many.
  static func unit(_ name: String) -> Bool? { units[name] == nil ? nil : true }

  private static let units: [String: Unit] = {
    let singular: [(String, IntervalUnit, Int64)] = [
      ("YEAR", .year, 12), ("MONTH", .month, 1), ("WEEK", .day, 604_800_000_000),
      ("DAY", .day, 86_400_000_000), ("HOUR", .hour, 3_600_000_000),
      ("MINUTE", .minute, 60_000_000), ("SECOND", .second, 1_000_000),
      ("MILLISECOND", .second, 1000), ("MICROSECOND", .second, 1),
    ]
    var units: [String: Unit] = [:]
    for (name, field, size) in singular {
      units[name] = Unit(field: field, size: size)
      units[name + "S"] = Unit(field: field, size: size)
    }
    return units
  }()

  /// The sum of amounts of units, of one kind.
  static func sum(_ amounts: [(text: String, unit: String)]) -> UnresolvedExpression.Node? {
    var total: Int64 = 0
    var fields: [IntervalUnit] = []
    for (text, name) in amounts {
      guard let unit = units[name], let value = amount(text, unit) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(value)
      if overflow { return nil }
      total = sum
      fields.append(unit.field)
    }
    guard let first = fields.min(), let last = fields.max() else { return nil }
    if last <= .month {
      guard let months = Int32(exactly: total) else { return nil }
      return .literal(.integer(Int64(months)), .yearMonthInterval(first, last))
    }
    return first <= .month ? nil : .literal(.integer(total), .dayTimeInterval(first, last))
  }

  /// A whole amount, or a fraction of seconds, in the unit's measure.
  private static func amount(_ text: String, _ unit: Unit) -> Int64? {
    var digits = text.filter { $0 != " " }[...]
    var isNegative = false
    if digits.hasPrefix("-(") {
      digits = digits.dropFirst(2)
      isNegative = true
    }
    if digits.hasPrefix("-") {
      digits = digits.dropFirst()
      isNegative.toggle()
    } else if digits.hasPrefix("+") {
      digits = digits.dropFirst()
    }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard let head = parts.first, parts.count <= 2,
      let whole = Int64(head.isEmpty ? "0" : head), whole >= 0
    else { return nil }
    var value = whole.multipliedReportingOverflow(by: unit.size)
    if parts.count == 2 {
      guard unit.size == 1_000_000, parts[1].count <= 9,
        let fraction = Int64(parts[1].isEmpty ? "0" : (parts[1] + "000000000").prefix(9))
      else { return nil }
      value = value.partialValue.addingReportingOverflow(fraction / 1000)
    }
    if value.overflow { return nil }
    return isNegative ? -value.partialValue : value.partialValue
  }

  /// `'10 minutes'`, `'1 day 2 hours'`, also with the word `interval` in front.
  static func whole(_ text: String) -> UnresolvedExpression.Node? {
    var words = text.uppercased().split(whereSeparator: \.isWhitespace).map(String.init)
    if words.first == "INTERVAL" { words.removeFirst() }
    var amounts: [(String, String)] = []
    var sign = ""
    for word in words {
      if word == "-" || word == "+" {
        sign = word
      } else if units[word] != nil {
        guard let last = amounts.last, last.1.isEmpty else { return nil }
        amounts[amounts.count - 1].1 = word
      } else {
        amounts.append((sign + word, ""))
        sign = ""
      }
    }
    return amounts.isEmpty ? nil : sum(amounts.map { (text: $0.0, unit: $0.1) })
  }

  /// `'1-2' YEAR TO MONTH`, `'1 02:03:04.5' DAY TO SECOND` and what lies between.
  static func range(_ text: String, from: String, to: String) -> UnresolvedExpression.Node? {
    guard let first = units[from]?.field, let last = units[to]?.field, first < last else {
      return nil
    }
    var digits = text[...]
    var isNegative = false
    if digits.hasPrefix("-(") {
      digits = digits.dropFirst(2)
      isNegative = true
    }
    while digits.first == " " { digits = digits.dropFirst() }
    if digits.hasPrefix("-") || digits.hasPrefix("+") {
      if digits.hasPrefix("-") { isNegative.toggle() }
      digits = digits.dropFirst()
    }
    let separators: [Character] = ["-", " ", ":", ":"]
    let order: [IntervalUnit] = [.year, .month, .day, .hour, .minute, .second]
    guard (first == .year && last == .month) || first >= .day else { return nil }
    var total: Int64 = 0
    var rest = digits
    for field in order where field >= first && field <= last {
      var part = rest
      if field < last {
        let separator = separators[[.year: 0, .day: 1, .hour: 2, .minute: 3][field] ?? 0]
        guard let end = rest.firstIndex(of: separator) else { return nil }
        part = rest[..<end]
        rest = rest[rest.index(after: end)...]
      }
      guard let unit = units[field.text], !part.isEmpty, part.first != "-",
        let value = amount(String(part), unit)
      else { return nil }
      let bounds: [IntervalUnit: Int64] = [.month: 12, .hour: 24, .minute: 60, .second: 60]
      if field != first, let bound = bounds[field], value >= bound &* unit.size { return nil }
      let (sum, overflow) = total.addingReportingOverflow(value)
      if overflow { return nil }
      total = sum
    }
    let value = Scalar.integer(isNegative ? -total : total)
    if last == .month { return .literal(value, .yearMonthInterval(first, last)) }
    return .literal(value, .dayTimeInterval(first, last))
  }
}
