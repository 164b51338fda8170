import Columns
import Contract

/// Interval literals.
extension ExpressionParser {
  /// `INTERVAL 10 MINUTES`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '10 minutes'`.
  mutating func interval() throws -> UnresolvedExpression {
    let start = peek.range.lowerBound
    advance()
    var amounts: [String] = []
    var units: [String] = []
    // Behind the first amount only one with its unit goes on with the interval.
    while Self.isAmount(peek, peek(1)), units.isEmpty || isAmountWithUnit {
      let isNegated = takesMinus()
      let token = advance()
      guard peek.kind == .word, Self.field(ofUnit: peek.keyword) != nil else {
        guard units.isEmpty, case .text(let text) = token.kind, !isNegated else {
          throw peek.kind == .word
            ? unexpected("an interval's unit is expected") : malformed(start)
        }
        return try located(start, typed: text) { try Self.sum(text, Self.units(in: text)) }
      }
      let unit = advance().keyword
      if units.isEmpty, take("TO") {
        return try range(start, Self.text(token), isNegated, from: unit, to: advance().keyword)
      }
      amounts.append("\(Self.amount(token, isNegated)) \(unit)")
      units.append(unit)
    }
    guard !units.isEmpty else { throw malformed(start) }
    return try located(start) { try Self.sum(amounts.joined(separator: " "), units) }
  }

  private mutating func takesMinus() -> Bool {
    if take(sign: "-") { return true }
    _ = take(sign: "+")
    return false
  }

  private static func text(_ token: Token) -> String {
    if case .text(let text) = token.kind { text } else { token.source }
  }

  /// The amount of one unit; a minus in front of the quotes and one within undo each other.
  private static func amount(_ token: Token, _ isNegated: Bool) -> String {
    let text = text(token)
    guard isNegated else { return text }
    let trimmed = text.trimmingBlanks
    return trimmed.hasPrefix("-") ? String(trimmed.dropFirst()) : "-" + trimmed
  }

  /// `'1-2' YEAR TO MONTH`, `'1 02:03:04.5' DAY TO SECOND` and what lies between.
  private mutating func range(
    _ start: Int, _ text: String, _ isNegated: Bool, from: String, to: String
  ) throws -> UnresolvedExpression {
    try located(start) {
      guard let first = IntervalUnit(named: from), let last = IntervalUnit(named: to),
        first < last, (last <= .month) == (first <= .month)
      else {
        throw Failure(
          "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION",
          "there are no intervals from \(from) to \(to)")
      }
      // The sign in front belongs to the number, since the smallest number has no positive twin.
      let signed = isNegated ? "INTERVAL -'\(text)' \(first.text) TO \(last.text)" : text
      let value = try IntervalLiteral.parse(signed, from: first, to: last)
      return Self.literal(value, first, last)
    }
  }

  private static func literal(
    _ value: Int64, _ first: IntervalUnit, _ last: IntervalUnit
  ) -> UnresolvedExpression.Node {
    .literal(
      .integer(value),
      last <= .month ? .yearMonthInterval(first, last) : .dayTimeInterval(first, last))
  }

  /// Amounts of units, of one kind.
  private static func sum(
    _ text: String, _ units: [String]
  ) throws -> UnresolvedExpression.Node {
    let interval = try IntervalText.parse(text)
    let fields = units.compactMap(field(ofUnit:))
    guard let first = fields.min(), let last = fields.max() else {
      throw Failure("INVALID_INTERVAL_FORMAT.INPUT_IS_EMPTY", "the interval is empty")
    }
    if last <= .month { return literal(Int64(interval.months), first, last) }
    guard first > .month else {
      throw Failure(
        "_LEGACY_ERROR_TEMP_0029", "an interval of years or months has no days or times",
        hint: "Add two intervals, one after the other, or use `make_interval`")
    }
    guard let us = interval.totalMicroseconds else {
      throw Failure("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "long overflow")
    }
    return literal(us, first, last)
  }

  /// The words of `1 day 2 hours` that are units.
  private static func units(in text: String) -> [String] {
    text.uppercased().split(whereSeparator: \.isWhitespace).map(String.init).filter {
      field(ofUnit: $0) != nil
    }
  }

  /// The field that a unit counts towards, by its name in capitals.
  private static func field(ofUnit name: String) -> IntervalUnit? {
    switch name {
    case "WEEK", "WEEKS": .day
    case "MILLISECOND", "MILLISECONDS", "MICROSECOND", "MICROSECONDS": .second
    default: IntervalUnit(named: name)
    }
  }

  private var isAmountWithUnit: Bool {
    let unit = peek.kind == .sign ? peek(2) : peek(1)
    return unit.kind == .word && Self.field(ofUnit: unit.keyword) != nil
  }

  private static func isAmount(_ token: Token, _ next: Token) -> Bool {
    switch token.kind {
    case .number, .text: return true
    case .sign where token.source == "-" || token.source == "+":
      switch next.kind {
      case .number, .text: return field(ofUnit: next.keyword) == nil
      default: return false
      }
    default: return false
    }
  }

  /// The literal that `body` makes; a failure of it points at the place in the text.
  private mutating func located(
    _ start: Int, typed text: String? = nil, _ body: () throws -> UnresolvedExpression.Node
  ) throws -> UnresolvedExpression {
    let node: UnresolvedExpression.Node
    do { node = try body() } catch let failure as Failure {
      let details = SyntaxFailure.pointer(Array(self.text.utf8), at: start)
      let isMixed = failure.condition == "_LEGACY_ERROR_TEMP_0029"
      if let text, !isMixed {
        throw Failure(
          "INVALID_TYPED_LITERAL",
          "the value of the typed literal \"INTERVAL\" is invalid: '\(text)'",
          hint: failure.hint, details: details, origin: origin)
      }
      throw Failure(
        failure.condition, failure.message, hint: failure.hint, details: details, origin: origin)
    }
    return try make(node)
  }

  private func malformed(_ start: Int) -> Failure {
    let failure = SyntaxFailure.make(Array(text.utf8), at: start, "this is no interval", origin)
    return Failure(
      "INVALID_INTERVAL_FORMAT", failure.message,
      hint: "Write e.g. INTERVAL 10 MINUTES or INTERVAL '1 02:03:04.5' DAY TO SECOND",
      details: failure.details, origin: origin)
  }
}
