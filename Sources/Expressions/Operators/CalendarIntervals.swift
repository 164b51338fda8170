import Columns
import Contract

// Arithmetic with the INTERVAL that keeps months, days and time apart.

/// Such an interval, with another operand.
func calendarArithmetic(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool
) throws -> Expression {
  let (left, right) = (call[0], call[1])
  switch (operation, left.type, right.type) {
  case (.add, _, .calendarInterval) where left.type.isDatetime || left.type == .string:
    return try moved(call, by: 1)
  case (.add, .calendarInterval, _) where right.type.isDatetime || right.type == .string:
    return try moved(call.with([right, left]), by: 1)
  case (.subtract, _, .calendarInterval) where left.type.isDatetime || left.type == .string:
    return try moved(call, by: -1)
  case (.add, .calendarInterval, .calendarInterval),
    (.subtract, .calendarInterval, .calendarInterval),
    (.add, .null, _), (.add, _, .null), (.subtract, .null, _), (.subtract, _, .null):
    return sum(call, operation, isTry: isTry)
  case (.multiply, .calendarInterval, _) where right.type.isFactor:
    return scaled(call, operation, isTry: isTry)
  case (.multiply, _, .calendarInterval) where left.type.isFactor:
    return scaled(call.with([right, left]), operation, isTry: isTry)
  case (.divide, .calendarInterval, _) where right.type.isFactor:
    return scaled(call, operation, isTry: isTry)
  case (.add, _, _), (.subtract, _, _):
    throw call.unexpectedType(1, expected: "\"INTERVAL\"")
  default: throw differentOperands(call, operation.sign)
  }
}

private func sum(_ call: FunctionCall, _ operation: Arithmetic, isTry: Bool) -> Expression {
  let operands = call.renamed(operation.sign).with(
    call.arguments.map { $0.implicitlyCast(to: .calendarInterval) })
  let failure = intervalOverflow(operation)
  let isSum = operation == .add
  return operands.result(
    .calendarInterval, nullable: isTry ? .always : .ofArguments, canFail: !isTry, notation: .infix
  ) { columns, _ in
    try mappedOrNull(columns[0], columns[1], to: .calendarInterval) {
      (x: Int128, y: Int128) -> Int128? in
      let other = CalendarInterval(bits: y)
      if let second = isSum ? other : other.negated,
        let total = CalendarInterval.sum(CalendarInterval(bits: x), second)
      {
        return total.bits
      }
      if isTry { return nil }
      throw failure
    }
  }
}

private func scaled(_ call: FunctionCall, _ operation: Arithmetic, isTry: Bool) -> Expression {
  let factor = call[1].implicitlyCast(to: .double)
  let failure = Failure("ARITHMETIC_OVERFLOW", "integer overflow")
  let zero = Failure(
    "INTERVAL_DIVIDED_BY_ZERO", "division of an interval by zero",
    hint: "Use `try_divide` to tolerate a divisor of 0 and return NULL instead")
  let isProduct = operation == .multiply
  return call.renamed(isProduct ? "multiply_interval" : "divide_interval").with([call[0], factor])
    .result(.calendarInterval, nullable: isTry ? .always : .ofArguments, canFail: true) {
      columns, _ in
      try mappedOrNull(columns[0], columns[1], to: .calendarInterval) {
        (x: Int128, y: Double) -> Int128? in
        let interval = CalendarInterval(bits: x)
        if !isProduct, y == 0 {
          if isTry { return nil }
          throw zero
        }
        if let result = isProduct ? interval.scaled(by: y) : interval.divided(by: y) {
          return result.bits
        }
        if isTry { return nil }
        throw failure
      }
    }
}

/// A date or instant plus or minus an interval. A day is a calendar day of the session's zone.
private func moved(_ call: FunctionCall, by sign: Int64) throws -> Expression {
  if call[0].type == .string {
    let instant = call[0].implicitlyCast(to: .timestamp)
    return try moved(call.with([instant, call[1]]), by: sign).implicitlyCast(to: .string)
  }
  let base = call[0]
  let type = base.type
  let name = sign > 0 ? "+" : "-"
  let notation = ScalarFunction.Notation.custom { "\($0[0]) \(name) \($0[1])" }
  return call.renamed(name).with([base, call[1]]).result(type, canFail: true, notation: notation) {
    columns, context in
    if type == .date {
      return try mapped(columns[0], columns[1], to: type) { (days: Int32, bits: Int128) -> Int32 in
        try movedDate(days, CalendarInterval(bits: bits), sign)
      }
    }
    let zone = type == .timestamp ? try TimeZone.named(context.task.timeZoneId) : .utc
    return try mapped(columns[0], columns[1], to: type) { (us: Int64, bits: Int128) -> Int64 in
      let interval = CalendarInterval(bits: bits)
      let time = sign.multipliedReportingOverflow(by: interval.microseconds)
      guard !time.overflow,
        let value = zone.add(
          months: Int(sign) * Int(interval.months), days: Int(sign) * Int(interval.days),
          microseconds: time.partialValue, to: us)
      else { throw overflowed("add an interval to a timestamp") }
      return value
    }
  }
}

private func movedDate(
  _ days: Int32, _ interval: CalendarInterval, _ sign: Int64
) throws -> Int32 {
  guard interval.microseconds == 0 else {
    throw Failure(
      "INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION",
      "an interval with a time cannot be added to or subtracted from a date",
      hint: "Cast the date to TIMESTAMP")
  }
  let inMonth = Calendar.addMonths(Int(days), Int(sign) * Int(interval.months))
  guard let value = Int32(exactly: inMonth + Int(sign) * Int(interval.days)) else {
    throw overflowed("add an interval to a date")
  }
  return value
}

/// The intervals that undo a column of them.
func negatedIntervals(_ vector: Vector) throws -> Vector {
  try mapped(vector, to: .calendarInterval) { (bits: Int128) -> Int128 in
    guard let negated = CalendarInterval(bits: bits).negated else {
      throw Arithmetic.subtract.overflow
    }
    return negated.bits
  }
}

extension DatePart {
  /// EXTRACT of an interval that has months, days and time; nil where there is no such part.
  func ofCalendarInterval(_ call: FunctionCall) -> Expression? {
    let part = self
    let type: DataType
    switch self {
    case .year, .day: type = .int
    case .month, .hour, .minute: type = .byte
    case .second: type = .decimal(precision: 8, scale: 6)
    default: return nil
    }
    return call.result(type) { columns, _ in
      if part == .second {
        return try mapped(columns[0], to: type) { (bits: Int128) in
          Int128(CalendarInterval(bits: bits).microseconds % 60_000_000)
        }
      }
      return try mapped(columns[0], to: .long) { (bits: Int128) in
        part.value(CalendarInterval(bits: bits))
      }.narrowed(to: type)
    }
  }

  private func value(_ interval: CalendarInterval) -> Int64 {
    switch self {
    case .year: Int64(interval.months / 12)
    case .month: Int64(interval.months % 12)
    case .day: Int64(interval.days) + interval.microseconds / Calendar.microsecondsPerDay
    case .hour: interval.microseconds % Calendar.microsecondsPerDay / 3_600_000_000
    default: interval.microseconds % 3_600_000_000 / 60_000_000
    }
  }
}

extension DataType {
  /// Whether an interval can be multiplied by a value of this type.
  fileprivate var isFactor: Bool { isNumeric || self == .string || self == .null }
}
