import Columns
import Contract

private func illegal(_ start: Int64, _ stop: Int64, _ step: Int64) -> Failure {
  Failure(
    "ILLEGAL_SEQUENCE_BOUNDARIES",
    "`sequence` cannot go from \(start) to \(stop) by steps of \(step)")
}

/// Numbers from `start` to `stop`, both included.
private func numbers(_ start: Int64, _ stop: Int64, _ step: Int64?) throws -> [Int64] {
  let step = step ?? (start <= stop ? 1 : -1)
  guard step > 0 && start <= stop || step < 0 && start >= stop || step == 0 && start == stop else {
    throw illegal(start, stop, step)
  }
  if step == 0 { return [start] }
  let count = (Int128(stop) - Int128(start)) / Int128(step) + 1
  try requireElements(count, function: "sequence")
  return (0..<Int64(count)).map { start + $0 * step }
}

/// Instants from `start` to `stop` by calendar steps.
private func instants(
  _ start: Int64, _ stop: Int64, by step: CalendarInterval, _ zone: TimeZone
) throws -> [Int64] {
  // Which way a step goes, and at least how far: the shortest month has 28 days.
  let days = Int128(step.months) * 28 + Int128(step.days)
  let length = days * Int128(Calendar.microsecondsPerDay) + Int128(step.microseconds)
  guard length > 0 && start <= stop || length < 0 && start >= stop || start == stop else {
    throw illegal(start, stop, Int64(clamping: length))
  }
  if length == 0 { return [start] }
  try requireElements(
    (Int128(stop) - Int128(start)) / length + 1, function: "sequence")
  var found: [Int64] = []
  var index: Int64 = 0
  while let next = zone.add(
    months: Int(index) * Int(step.months), days: Int(index) * Int(step.days),
    microseconds: index * step.microseconds, to: start),
    length > 0 ? next <= stop : next >= stop
  {
    found.append(next)
    index += 1
  }
  return found
}

/// Instants by steps of days and time: days are those of the zone's calendar.
private func instants(
  _ start: Int64, _ stop: Int64, microseconds step: Int64, _ zone: TimeZone
) throws -> [Int64] {
  let perDay = Calendar.microsecondsPerDay
  if step % perDay != 0 || zone.fixedOffsetUs != nil { return try numbers(start, stop, step) }
  let (first, last) = (zone.local(ofInstant: start), zone.local(ofInstant: stop))
  return try numbers(first, last, step).map { zone.instant(ofLocal: $0) }
}

@Sendable private func sequenceCall(_ call: FunctionCall) throws -> Expression {
  var call = call
  let types = call.types
  let isTime = types[0].isDatetime || types[1].isDatetime
  let hasStep = types.dropFirst(2).allSatisfy {
    $0.isInterval || $0 == .calendarInterval || $0 == .null
  }
  let common = ImplicitCast.leastCommonType(Array(isTime ? types.prefix(2) : types[...]))
  guard let common, isTime ? hasStep : common.isInteger else {
    throw Failure(
      "DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES",
      "`\(call.name)` takes integers, or dates and instants with an interval as the step, but they "
        + "are " + types.map { "\"\($0)\"" }.joined(separator: ", "), origin: call.origin)
  }
  call = call.with(
    call.arguments.enumerated().map { isTime && $0 > 1 ? $1 : $1.implicitlyCast(to: common) })
  let element = call.types[0]
  let type = DataType.array(element, containsNull: false)
  return call.result(type, canFail: true) { columns, context in
    let zone = element == .timestamp ? try TimeZone.named(context.task.timeZoneId) : .utc
    return try mappedRows(columns, to: type) { row, builder in
      let (start, stop) = (columns[0].integer(row), columns[1].integer(row))
      let step = columns.count > 2 ? Step(columns[2], row) : nil
      for value in try steps(start, stop, step, element, zone) {
        builder.children[0].append(integer: value)
      }
      builder.endList()
    }
  }
}

/// How far one step goes.
private enum Step {
  /// Numbers, or microseconds.
  case count(Int64)
  case calendar(CalendarInterval)

  init(_ vector: Vector, _ row: Int) {
    switch vector.type {
    case .calendarInterval:
      let interval = CalendarInterval(bits: vector.typed(Int128.self)[vector.position(row)])
      self = .calendar(interval)
    case .yearMonthInterval:
      self = .calendar(CalendarInterval(months: Int32(truncatingIfNeeded: vector.integer(row))))
    default: self = .count(vector.integer(row))
    }
  }
}

private func steps(
  _ start: Int64, _ stop: Int64, _ step: Step?, _ element: DataType, _ zone: TimeZone
) throws -> [Int64] {
  let perDay = Calendar.microsecondsPerDay
  let isDate = element == .date
  let scale = isDate ? perDay : 1
  let (from, to) = (start * scale, stop * scale)
  let found: [Int64]
  switch step {
  case .calendar(let interval): found = try instants(from, to, by: interval, isDate ? .utc : zone)
  case .count(let us) where element.isDatetime:
    found =
      isDate ? try numbers(from, to, us) : try instants(from, to, microseconds: us, zone)
  case nil where element.isDatetime:
    let day = from <= to ? perDay : -perDay
    found =
      isDate ? try numbers(from, to, day) : try instants(from, to, microseconds: day, zone)
  case .count(let count): return try numbers(start, stop, count)
  case nil: return try numbers(start, stop, nil)
  }
  return isDate ? found.map { Calendar.floorQuotient($0, perDay) } : found
}

/// SEQUENCE.
let sequenceFunctions: [FunctionSpec] = [
  collectionFunction(
    "sequence", "Numbers, dates or instants from one to another, both included, by equal steps.",
    [
      .column("start", .any, "the first"), .column("stop", .any, "the last"),
      .column("step", .any, default: "1 or -1, or a day", "how far one step goes"),
    ], returns: "ARRAY",
    [
      Example("sequence(1, 5)", "[1, 2, 3, 4, 5]"), Example("sequence(5, 1)", "[5, 4, 3, 2, 1]"),
      Example("sequence(1, 10, 4)", "[1, 5, 9]"), Example("sequence(1, 1, 0)", "[1]"),
      Example(
        "sequence(date'2018-01-01', date'2018-03-01', INTERVAL 1 MONTH)",
        "[2018-01-01, 2018-02-01, 2018-03-01]"),
      Example(
        "sequence(date'2018-01-31', date'2018-04-30', INTERVAL '0-1' YEAR TO MONTH)",
        "[2018-01-31, 2018-02-28, 2018-03-31, 2018-04-30]"),
      Example(
        "sequence(date'2018-01-01', date'2018-01-03')", "[2018-01-01, 2018-01-02, 2018-01-03]"),
      Example(
        "sequence(timestamp'2018-01-01', timestamp'2018-01-01 02:00', INTERVAL 45 MINUTES)",
        "[2018-01-01 00:00:00, 2018-01-01 00:45:00, 2018-01-01 01:30:00]"),
      Example(
        "sequence(timestamp'2018-01-03', timestamp'2018-01-01', INTERVAL '-1' DAY)",
        "[2018-01-03 00:00:00, 2018-01-02 00:00:00, 2018-01-01 00:00:00]"),
      Example("sequence(1, 9223372036854775807)", "error COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER"),
      Example("sequence('a', 'é')", "error DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES"),
      Example("sequence(-2, 2, 3)", "[-2, 1]"),
      Example("sequence(1, NULL)", "NULL"), Example("typeof(sequence(1, 3L))", "array<bigint>"),
      Example(
        "sequence(date'2024-01-31', date'2024-03-31', make_interval(0, 1))",
        "[2024-01-31, 2024-02-29, 2024-03-31]"),
    ], bind: sequenceCall)
]
