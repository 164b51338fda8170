import Columns
import Contract

/// Arithmetic with dates, instants and intervals; nil where no rule for them fits the operands.
func dateArithmetic(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool
) throws -> Expression? {
  let (left, right) = (call[0].type, call[1].type)
  if left == .calendarInterval || right == .calendarInterval {
    return try calendarArithmetic(call, operation, isTry: isTry)
  }
  let swapped = call.with([call[1], call[0]])
  switch operation {
  case .add: return try dateSum(call, swapped, isTry: isTry)
  case .subtract: return try dateDifference(call, isTry: isTry)
  case .multiply where left.isInterval: return try scaled(call, .multiply, isTry: isTry)
  case .multiply where right.isInterval: return try scaled(swapped, .multiply, isTry: isTry)
  case .divide where left.isInterval: return try scaled(call, .divide, isTry: isTry)
  case .integralDivide:
    guard let type = ImplicitCast.tightestCommonType(left, right), type.isInterval else {
      return nil
    }
    return try intervalQuotient(call, type)
  default: return nil
  }
}

/// Which operand is the date or instant is settled in Spark's order, which decides the error too.
private func dateSum(
  _ call: FunctionCall, _ swapped: FunctionCall, isTry: Bool
) throws -> Expression? {
  let (left, right) = (call[0].type, call[1].type)
  switch (left, right) {
  case (_, .yearMonthInterval) where left.isDatetime:
    return try moved(call, by: 1, isTry: isTry)
  case (.yearMonthInterval, _) where right.isDatetime:
    return try moved(swapped, by: 1, isTry: isTry)
  case _ where areIntervals(left, right): return try intervalSum(call, .add, isTry: isTry)
  case (_, .dayTimeInterval): return try moved(call, by: 1, isTry: isTry)
  case (.dayTimeInterval, _): return try moved(swapped, by: 1, isTry: isTry)
  case (_, .null) where left.isDatetime: return nothing(left == .date ? .timestamp : left, call)
  case (.null, _) where right.isDatetime: return nothing(right == .date ? .timestamp : right, call)
  case (.date, _): return try moved(call, by: 1, isTry: isTry)
  case (_, .date): return try moved(swapped, by: 1, isTry: isTry)
  default: return nil
  }
}

private func dateDifference(_ call: FunctionCall, isTry: Bool) throws -> Expression? {
  let (left, right) = (call[0].type, call[1].type)
  switch (left, right) {
  case _ where areIntervals(left, right): return try intervalSum(call, .subtract, isTry: isTry)
  case (_, .yearMonthInterval) where left.isDatetime: return try moved(call, by: -1, isTry: isTry)
  case (_, .dayTimeInterval): return try moved(call, by: -1, isTry: isTry)
  case (.timestamp, _), (.timestampNtz, _), (_, .timestamp), (_, .timestampNtz), (_, .date),
    (.date, .string), (.date, .null):
    return try difference(call)
  case (.date, _): return try moved(call, by: -1, isTry: isTry)
  default: return nil
  }
}

/// Two intervals of one family, or one beside NULL.
private func areIntervals(_ left: DataType, _ right: DataType) -> Bool {
  ImplicitCast.tightestCommonType(left, right)?.isInterval ?? false
}

private func nothing(_ type: DataType, _ call: FunctionCall) -> Expression {
  .literal(.null, type, origin: call.origin)
}

func overflowed(_ what: String) -> Failure {
  Failure("DATETIME_OVERFLOW", "datetime operation overflow: \(what)")
}

/// A date or instant plus or minus days or an interval.
private func moved(_ call: FunctionCall, by sign: Int64, isTry: Bool) throws -> Expression {
  var (base, amount) = (call[0], call[1])
  switch (base.type, amount.type) {
  case (.date, .byte), (.date, .short), (.date, .int):
    amount = amount.implicitlyCast(to: .int)
    return movedByDays(call.with([base, amount]), by: sign, isTry: isTry)
  case (.date, .dayTimeInterval(.day, .day)):
    let notation = ScalarFunction.Notation.custom {
      let days = "extractansiintervaldays(\($0[0]))"
      return sign > 0 ? days : "(- \(days))"
    }
    let days = call.with([amount]).result(.int, notation: notation) { columns, _ in
      try mapped(columns[0], to: .int) { (us: Int64) in
        Int32(truncatingIfNeeded: sign &* (us / Calendar.microsecondsPerDay))
      }
    }
    return movedByDays(call.with([base, days]), by: 1, isTry: isTry)
  case (.date, .dayTimeInterval): base = base.implicitlyCast(to: .timestamp)
  case (.string, .dayTimeInterval):
    // The text of an instant, moved, is a text again.
    let instant =
      isTry ? try base.implicitlyTryCast(to: .timestamp) : base.implicitlyCast(to: .timestamp)
    return try moved(call.with([instant, amount]), by: sign, isTry: isTry)
      .implicitlyCast(to: .string)
  default: break
  }
  let type = base.type
  let name = sign > 0 ? "+" : "-"
  let notation = ScalarFunction.Notation.custom { "\($0[0]) \(name) \($0[1])" }
  let operands = call.renamed(name).with([base, amount])
  switch (type, amount.type) {
  case (.date, .yearMonthInterval):
    return operands.result(
      type, nullable: isTry ? .always : .ofArguments, canFail: !isTry, notation: notation
    ) { columns, _ in
      try mappedOrNull(columns[0], columns[1], to: type) { (days: Int32, months: Int32) -> Int32? in
        let moved = Calendar.addMonths(Int(days), Int(sign) * Int(months))
        if let value = Int32(exactly: moved) { return value }
        if isTry { return nil }
        throw Failure("ARITHMETIC_OVERFLOW", "integer overflow")
      }
    }
  case (.timestamp, .dayTimeInterval), (.timestampNtz, .dayTimeInterval),
    (.timestamp, .yearMonthInterval), (.timestampNtz, .yearMonthInterval):
    return movedInstant(operands, by: sign, isTry: isTry, notation)
  default:
    throw type == .date
      ? operands.unexpectedType(1, expected: "an \"INT\" or an interval")
      : operands.unexpectedType(0, expected: "a date or a timestamp")
  }
}

private func movedByDays(_ call: FunctionCall, by sign: Int64, isTry: Bool) -> Expression {
  call.renamed(sign > 0 ? "date_add" : "date_sub").result(.date, canFail: !isTry) { columns, _ in
    try mapped(columns[0], columns[1], to: .date) { (days: Int32, count: Int32) in
      Int32(truncatingIfNeeded: Int64(days) &+ sign &* Int64(count))
    }
  }
}

/// An instant plus or minus an interval. A day is a calendar day of the session's zone.
private func movedInstant(
  _ call: FunctionCall, by sign: Int64, isTry: Bool, _ notation: ScalarFunction.Notation
) -> Expression {
  let type = call.types[0]
  let isInMonths = call.types[1].layout == .fixed(width: 4)
  return call.result(
    type, nullable: isTry ? .always : .ofArguments, canFail: !isTry, notation: notation
  ) { columns, context in
    let zone = type == .timestamp ? try TimeZone.named(context.task.timeZoneId) : .utc
    if isInMonths {
      return try mappedOrNull(columns[0], columns[1], to: type) { (us: Int64, months: Int32) in
        let count = Int(sign) * Int(months)
        if let value = zone.add(months: count, days: 0, microseconds: 0, to: us) { return value }
        if isTry { return nil as Int64? }
        throw overflowed("add months to a timestamp")
      }
    }
    return try mappedOrNull(columns[0], columns[1], to: type) { (us: Int64, interval: Int64) in
      if let value = instant(us, movedBy: interval, sign, zone) { return value }
      if isTry { return nil as Int64? }
      throw overflowed("add an interval to a timestamp")
    }
  }
}

/// nil: beyond the range.
@inline(__always)
private func instant(
  _ us: Int64, movedBy interval: Int64, _ sign: Int64, _ zone: TimeZone
) -> Int64? {
  let amount = sign &* interval
  let days = amount / Calendar.microsecondsPerDay
  // Without a zone change a day is 24 hours, and the sum is enough.
  if days == 0 || zone.fixedOffsetUs != nil {
    let (sum, overflow) = us.addingReportingOverflow(amount)
    return overflow ? nil : sum
  }
  return zone.add(
    months: 0, days: Int(days), microseconds: amount % Calendar.microsecondsPerDay, to: us)
}

/// The time between two dates or instants.
private func difference(_ call: FunctionCall) throws -> Expression {
  let name = call.renamed("-")
  let types = call.types
  for (index, type) in types.enumerated()
  where !type.isDatetime && type != .string && type != .null {
    throw name.unexpectedType(index, expected: "a date or a timestamp")
  }
  if types.allSatisfy({ $0 == .date || $0 == .string || $0 == .null }) {
    let operands = name.with(call.arguments.map { $0.implicitlyCast(to: .date) })
    let type = DataType.dayTimeInterval(.day, .day)
    return operands.result(type, canFail: true, notation: .infix) { columns, _ in
      try mapped(columns[0], columns[1], to: type) { (x: Int32, y: Int32) in
        (Int64(x) &- Int64(y)) &* Calendar.microsecondsPerDay
      }
    }
  }
  // An instant less a wall clock's time is taken by the session's clock.
  let isInstant = types.contains(.timestamp) && !types.contains(.timestampNtz)
  let type: DataType = isInstant ? .timestamp : .timestampNtz
  let operands = name.with(call.arguments.map { $0.implicitlyCast(to: type) })
  return operands.result(.dayToSecond, canFail: true, notation: .infix) { columns, context in
    let zone = isInstant ? try TimeZone.named(context.task.timeZoneId) : .utc
    return try mapped(columns[0], columns[1], to: .dayToSecond) { (x: Int64, y: Int64) in
      // Spark subtracts the wall clocks, so that a day with 23 hours is still a day.
      let (value, overflow) = zone.local(ofInstant: x)
        .subtractingReportingOverflow(zone.local(ofInstant: y))
      if overflow { throw overflowed("subtract timestamps") }
      return value
    }
  }
}

private func intervalSum(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool
) throws -> Expression {
  guard let type = ImplicitCast.tightestCommonType(call.types[0], call.types[1]), type.isInterval
  else { throw call.unexpectedType(1, expected: "\"\(call.types[0])\"") }
  let operands = call.renamed(operation.sign).with(
    call.arguments.map { $0.implicitlyCast(to: type) })
  let failure = intervalOverflow(operation)
  let isSum = operation == .add
  return operands.result(
    type, nullable: isTry ? .always : .ofArguments, canFail: !isTry, notation: .infix
  ) { columns, _ in
    func sum<T: FixedWidthInteger & ColumnElement & ResultElement>(_ element: T.Type) throws
      -> Vector
    {
      try mappedOrNull(columns[0], columns[1], to: type) { (x: T, y: T) -> T? in
        let (value, overflow) =
          isSum ? x.addingReportingOverflow(y) : x.subtractingReportingOverflow(y)
        if !overflow { return value }
        if isTry { return nil }
        throw failure
      }
    }
    return type.layout == .fixed(width: 4) ? try sum(Int32.self) : try sum(Int64.self)
  }
}

func intervalOverflow(_ operation: Arithmetic) -> Failure {
  Failure(
    "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION",
    "integer overflow while operating with intervals",
    hint: "Use `\(operation.tolerantName)` to tolerate overflow and return NULL instead")
}

/// An interval times or divided by a number, rounded half up.
private func scaled(
  _ call: FunctionCall, _ operation: Arithmetic, isTry: Bool
) throws -> Expression {
  guard call.types[1].isNumeric || call.types[1] == .string || call.types[1] == .null else {
    throw call.renamed(operation.sign).unexpectedType(1, expected: "\"NUMERIC\"")
  }
  let isMonths = call.types[0].layout == .fixed(width: 4)
  let type: DataType = isMonths ? .yearToMonth : .dayToSecond
  let interval = call[0].implicitlyCast(to: type)
  let byInteger = call.types[1].isInteger
  if call.types[1].isDecimal {
    return scaledByDecimal(
      call.renamed(operation.sign).with([interval, call[1]]), operation, isTry)
  }
  let needed: DataType = byInteger ? .long : .double
  let factor =
    isTry && call.types[1] == .string
    ? try call[1].implicitlyTryCast(to: needed) : call[1].implicitlyCast(to: needed)
  let failure = intervalOverflow(operation)
  let zero = Failure(
    "INTERVAL_DIVIDED_BY_ZERO", "division of an interval by zero",
    hint: "Use `try_divide` to tolerate a divisor of 0 and return NULL instead")
  let isProduct = operation == .multiply
  @Sendable func exact(_ value: Int64, _ other: Int64) throws -> Int64? {
    if isProduct {
      let (product, overflow) = value.multipliedReportingOverflow(by: other)
      return overflow ? nil : product
    }
    if other == 0 { throw zero }
    let (quotient, overflow) = value.dividedReportingOverflow(by: other)
    if overflow { return nil }
    let rest = value.remainderReportingOverflow(dividingBy: other).partialValue
    let isUp = rest.magnitude >= other.magnitude &- rest.magnitude
    return isUp ? quotient + ((value < 0) == (other < 0) ? 1 : -1) : quotient
  }
  @Sendable func rounded(_ value: Int64, _ other: Double) throws -> Int64? {
    if !isProduct, other == 0 { throw zero }
    let result = isProduct ? Double(value) * other : Double(value) / other
    return Int64(exactly: result.rounded(.toNearestOrAwayFromZero))
  }
  return call.renamed(operation.sign).with([interval, factor]).result(
    type, nullable: isTry ? .always : .ofArguments, canFail: true, notation: .infix
  ) { columns, _ in
    func shaped(_ value: Int64?) throws -> Int64? {
      if let value, !isMonths || Int32(exactly: value) != nil { return value }
      if isTry { return nil }
      throw failure
    }
    let wide =
      isMonths
      ? try mapped(columns[0], to: .long) { (x: Int32) in Int64(x) }
      : columns[0].reinterpreted(as: .long)
    let result =
      byInteger
      ? try mappedOrNull(wide, columns[1], to: .dayToSecond) { (x: Int64, y: Int64) -> Int64? in
        if isTry, !isProduct, y == 0 { return nil }
        return try shaped(try exact(x, y))
      }
      : try mappedOrNull(wide, columns[1], to: .dayToSecond) { (x: Int64, y: Double) -> Int64? in
        if isTry, !isProduct, y == 0 { return nil }
        return try shaped(try rounded(x, y))
      }
    guard isMonths else { return result }
    return try mapped(result, to: type) { (x: Int64) in Int32(truncatingIfNeeded: x) }
  }
}

/// The same by a DECIMAL, exactly.
private func scaledByDecimal(
  _ call: FunctionCall, _ operation: Arithmetic, _ isTry: Bool
) -> Expression {
  guard case .decimal(_, let scale) = call.types[1] else {
    preconditionFailure("a factor that is no DECIMAL")
  }
  let type = call.types[0]
  let isMonths = type.isYearMonth
  let (failure, unit) = (intervalOverflow(operation), Decimals.powersOfTen[scale])
  let zero = Failure(
    "INTERVAL_DIVIDED_BY_ZERO", "division of an interval by zero",
    hint: "Use `try_divide` to tolerate a divisor of 0 and return NULL instead")
  @Sendable func exact(_ value: Int64, _ factor: Int128) throws -> Int64? {
    if operation == .divide, factor == 0 {
      if isTry { return nil }
      throw zero
    }
    let other = operation == .divide ? unit : factor
    let divisor = operation == .divide ? factor.magnitude : unit.magnitude
    let (product, isLost) = Int128(value).multipliedReportingOverflow(by: other)
    if isLost { return nil }
    let (quotient, rest) = product.magnitude.quotientAndRemainder(dividingBy: divisor)
    let rounded = Int128(quotient) + (rest >= divisor - rest ? 1 : 0)
    let isNegative = (product < 0) != (operation == .divide && factor < 0)
    guard let result = Int64(exactly: isNegative ? -rounded : rounded) else { return nil }
    return isMonths && Int32(exactly: result) == nil ? nil : result
  }
  return call.result(
    type, nullable: isTry ? .always : .ofArguments, canFail: true, notation: .infix
  ) { columns, _ in
    let result = try mappedOrNull(columns[0].widened(), columns[1], to: .long) {
      (x: Int64, y: Int128) -> Int64? in
      if let value = try exact(x, y) { return value }
      if isTry { return nil }
      throw failure
    }
    return result.narrowed(to: type)
  }
}

private func intervalQuotient(_ call: FunctionCall, _ type: DataType) throws -> Expression {
  let zero = Arithmetic.integralDivide.zeroDivisor
  let isMonths = type.layout == .fixed(width: 4)
  return call.with(call.arguments.map { $0.implicitlyCast(to: type) }).result(
    .long, canFail: true, notation: .infix
  ) { columns, _ in
    func quotient<T: FixedWidthInteger & ColumnElement>(_ element: T.Type) throws -> Vector {
      try mapped(columns[0], columns[1], to: .long) { (x: T, y: T) in
        if y == 0 { throw zero }
        let (value, overflow) = Int64(x).dividedReportingOverflow(by: Int64(y))
        if overflow { throw Arithmetic.integralDivide.overflow }
        return value
      }
    }
    return isMonths ? try quotient(Int32.self) : try quotient(Int64.self)
  }
}
