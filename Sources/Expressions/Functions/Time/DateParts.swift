import Columns
import Contract

/// A part of a date or time: what YEAR, HOUR and EXTRACT give.
enum DatePart: Sendable {
  case year, yearOfWeek, quarter, month, week, day, dayOfWeek, isoDayOfWeek, weekday, dayOfYear
  case hour, minute, second

  /// By Spark's word for it, in any case.
  init?(named name: String) {
    switch name.uppercased() {
    case "YEAR", "Y", "YEARS", "YR", "YRS": self = .year
    case "YEAROFWEEK": self = .yearOfWeek
    case "QUARTER", "QTR": self = .quarter
    case "MONTH", "MON", "MONS", "MONTHS": self = .month
    case "WEEK", "W", "WEEKS": self = .week
    case "DAY", "D", "DAYS": self = .day
    case "DAYOFWEEK", "DOW": self = .dayOfWeek
    case "DAYOFWEEK_ISO", "DOW_ISO": self = .isoDayOfWeek
    case "DOY": self = .dayOfYear
    case "HOUR", "H", "HOURS", "HR", "HRS": self = .hour
    case "MINUTE", "M", "MIN", "MINS", "MINUTES": self = .minute
    case "SECOND", "S", "SEC", "SECONDS", "SECS": self = .second
    default: return nil
    }
  }

  /// The unit of intervals that the part is.
  var unit: IntervalUnit? {
    switch self {
    case .year: .year
    case .month: .month
    case .day: .day
    case .hour: .hour
    case .minute: .minute
    case .second: .second
    default: nil
    }
  }

  var isOfDate: Bool { self != .hour && self != .minute && self != .second }

  @inline(__always)
  func value(days: Int) -> Int32 {
    let value: Int
    switch self {
    case .year: value = Calendar.date(ofDays: days).year
    case .yearOfWeek: value = Calendar.isoWeek(days).year
    case .quarter: value = Calendar.quarter(days)
    case .month: value = Calendar.date(ofDays: days).month
    case .week: value = Calendar.isoWeek(days).week
    case .day: value = Calendar.date(ofDays: days).day
    case .dayOfWeek: value = Calendar.dayOfWeek(days)
    case .isoDayOfWeek: value = Calendar.weekday(days) + 1
    case .weekday: value = Calendar.weekday(days)
    case .dayOfYear: value = Calendar.dayOfYear(days)
    case .hour, .minute, .second: value = 0
    }
    return Int32(truncatingIfNeeded: value)
  }

  /// Of a local time.
  @inline(__always)
  func value(local us: Int64) -> Int32 {
    let time = Calendar.floorModulo(us, Calendar.microsecondsPerDay)
    switch self {
    case .hour: return Int32(truncatingIfNeeded: time / 3_600_000_000)
    case .minute: return Int32(truncatingIfNeeded: time / 60_000_000 % 60)
    default: return Int32(truncatingIfNeeded: time / 1_000_000 % 60)
    }
  }
}

private func datePart(
  _ name: String, aliases: [String] = [], _ part: DatePart, _ summary: String,
  _ examples: [Example]
) -> FunctionSpec {
  timeFunction(
    name, aliases: aliases, summary, [dateParameter], returns: .int, examples
  ) { columns, _ in
    // Neighbouring rows mostly have the same day.
    var (lastDays, last) = (Int32.min, Int32(0))
    return try mapped(columns[0], to: .int) { (days: Int32) in
      if days != lastDays {
        lastDays = days
        last = part.value(days: Int(days))
      }
      return last
    }
  }
}

private func timePart(
  _ name: String, _ part: DatePart, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, category: "time", summary: summary,
    [.column("timestamp", .anyTimestamp, "the instant")], returns: "INT", examples: examples
  ) { call in call.result(.int) { columns, context in try timeValues(columns[0], part, context) } }
}

private func timeValues(
  _ vector: Vector, _ part: DatePart, _ context: EvaluationContext
) throws -> Vector {
  var clock = vector.type == .timestampNtz ? ZoneClock(.utc) : try ZoneClock(context)
  return try mapped(vector, to: .int) { (us: Int64) in part.value(local: clock.local(us)) }
}

@Sendable private func extractCall(_ call: FunctionCall) throws -> Expression {
  guard call.types[0] == .string || call.types[0] == .null,
    case .literal(let name) = fold(call[0]).kind
  else {
    throw Failure(
      "NON_FOLDABLE_ARGUMENT", "the field of `\(call.name)` must be a constant text",
      origin: call.origin)
  }
  guard let field = name.text else {
    return call.result(.double, nullable: .always) { columns, _ in
      .nulls(.double, count: columns[1].count)
    }
  }
  let source = call[1]
  func unknown() -> Failure {
    Failure(
      "INVALID_EXTRACT_FIELD", "`\(field)` is no part of \"\(source.type)\"", origin: call.origin)
  }
  guard let part = DatePart(named: field) else { throw unknown() }
  switch source.type {
  case .calendarInterval:
    guard let value = part.ofCalendarInterval(call.with([source])) else { throw unknown() }
    return value
  case .dayTimeInterval(let first, let last):
    guard let unit = part.unit, (first...last).contains(unit) else { throw unknown() }
    return try intervalPart(call, part, unknown)
  case .yearMonthInterval(let first, let last):
    guard let unit = part.unit, (first...last).contains(unit) else { throw unknown() }
    let type: DataType = part == .year ? .int : .byte
    return call.with([source]).result(type) { columns, _ in
      try mapped(columns[0].widened(), to: .long) { (months: Int64) in
        part == .year ? months / 12 : months % 12
      }.narrowed(to: type)
    }
  default: break
  }
  if part.isOfDate {
    guard let type = ImplicitCast.type(for: .date, from: source.type) else {
      throw call.unexpectedType(1, expected: "\"TIMESTAMP\"")
    }
    return call.with([source.implicitlyCast(to: type)]).result(.int) { columns, _ in
      try mapped(columns[0], to: .int) { (days: Int32) in part.value(days: Int(days)) }
    }
  }
  guard let type = ImplicitCast.type(for: .anyTimestamp, from: source.type) else {
    throw call.unexpectedType(1, expected: "\"TIMESTAMP\"")
  }
  let cast = call.with([source.implicitlyCast(to: type)])
  if part == .second {
    let result = DataType.decimal(precision: 8, scale: 6)
    return cast.result(result) { columns, _ in
      // No zone has an offset with a fraction of a minute that the seconds could feel today.
      try mapped(columns[0], to: result) { (us: Int64) in
        Int128(Calendar.floorModulo(us, 60_000_000))
      }
    }
  }
  return cast.result(.int) { columns, context in try timeValues(columns[0], part, context) }
}

private func intervalPart(
  _ call: FunctionCall, _ part: DatePart, _ unknown: () -> Failure
) throws -> Expression {
  let interval = call.with([call[1]])
  switch part {
  case .day:
    return interval.result(.int) { columns, _ in
      try mapped(columns[0], to: .int) { (us: Int64) in Int32(us / Calendar.microsecondsPerDay) }
    }
  case .hour, .minute:
    let isHour = part == .hour
    return interval.result(.byte) { columns, _ in
      try mapped(columns[0], to: .byte) { (us: Int64) in
        isHour
          ? Int8(us % Calendar.microsecondsPerDay / 3_600_000_000)
          : Int8(us % 3_600_000_000 / 60_000_000)
      }
    }
  case .second:
    let type = DataType.decimal(precision: 8, scale: 6)
    return interval.result(type) { columns, _ in
      try mapped(columns[0], to: type) { (us: Int64) in Int128(us % 60_000_000) }
    }
  default: throw unknown()
  }
}

/// Parts of dates and times.
let timePartFunctions: [FunctionSpec] = [
  datePart(
    "year", .year, "The year.",
    [
      Example("year('2016-07-30')", "2016"),
      Example("year(timestamp'2024-12-31 23:59:59')", "2024"), Example("year(NULL)", "NULL"),
      Example("year(date'-0044-03-15')", "-44"),
      Example("year(date'9999-12-31')", "9999"),
      Example("year('')", "error CAST_INVALID_INPUT"),
      Example("year('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "quarter", .quarter, "The quarter, 1 to 4.",
    [
      Example("quarter('2016-08-31')", "3"), Example("quarter(NULL)", "NULL"),
      Example("quarter(date'-0044-03-15')", "1"),
      Example("quarter(date'9999-12-31')", "4"),
      Example("quarter('')", "error CAST_INVALID_INPUT"),
      Example("quarter('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "month", .month, "The month, 1 to 12.",
    [
      Example("month('2016-07-30')", "7"), Example("month(NULL)", "NULL"),
      Example("month(date'-0044-03-15')", "3"),
      Example("month(date'9999-12-31')", "12"),
      Example("month('')", "error CAST_INVALID_INPUT"),
      Example("month('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "day", aliases: ["dayofmonth"], .day, "The day of the month.",
    [
      Example("day('2009-07-30')", "30"), Example("day(date'1969-12-31')", "31"),
      Example("day(NULL)", "NULL"),
      Example("day(date'-0044-03-15')", "15"),
      Example("day(date'9999-12-31')", "31"),
      Example("day('')", "error CAST_INVALID_INPUT"),
      Example("day('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "dayofweek", .dayOfWeek, "The day of the week, from 1 for Sunday.",
    [
      Example("dayofweek('2009-07-30')", "5"), Example("dayofweek(NULL)", "NULL"),
      Example("dayofweek(date'-0044-03-15')", "5"),
      Example("dayofweek(date'9999-12-31')", "6"),
      Example("dayofweek('')", "error CAST_INVALID_INPUT"),
      Example("dayofweek('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "weekday", .weekday, "The day of the week, from 0 for Monday.",
    [
      Example("weekday('2009-07-30')", "3"), Example("weekday(NULL)", "NULL"),
      Example("weekday(date'-0044-03-15')", "3"),
      Example("weekday(date'9999-12-31')", "4"),
      Example("weekday('')", "error CAST_INVALID_INPUT"),
      Example("weekday('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "dayofyear", .dayOfYear, "The day of the year.",
    [
      Example("dayofyear('2016-04-09')", "100"), Example("dayofyear(NULL)", "NULL"),
      Example("dayofyear(date'-0044-03-15')", "75"),
      Example("dayofyear(date'9999-12-31')", "365"),
      Example("dayofyear('')", "error CAST_INVALID_INPUT"),
      Example("dayofyear('é')", "error CAST_INVALID_INPUT"),
    ]),
  datePart(
    "weekofyear", .week, "The ISO week of the year.",
    [
      Example("weekofyear('2008-02-20')", "8"), Example("weekofyear('2021-01-03')", "53"),
      Example("weekofyear(NULL)", "NULL"),
      Example("weekofyear(date'-0044-03-15')", "11"),
      Example("weekofyear(date'9999-12-31')", "52"),
      Example("weekofyear('')", "error CAST_INVALID_INPUT"),
      Example("weekofyear('é')", "error CAST_INVALID_INPUT"),
    ]),
  timePart(
    "hour", .hour, "The hour.",
    [
      Example("hour('2018-02-14 12:58:59')", "12"),
      Example("hour(timestamp'1960-01-01 00:00:00.5')", "0"), Example("hour(NULL)", "NULL"),
      Example("hour(timestamp'-0044-03-15 10:11:12.9')", "10"),
      Example("hour(timestamp'9999-12-31 23:59:59.999999')", "23"),
      Example("hour('')", "error CAST_INVALID_INPUT"),
      Example("hour('é')", "error CAST_INVALID_INPUT"),
    ]),
  timePart(
    "minute", .minute, "The minute.",
    [
      Example("minute('2009-07-30 12:58:59')", "58"), Example("minute(NULL)", "NULL"),
      Example("minute(timestamp'-0044-03-15 10:11:12.9')", "11"),
      Example("minute(timestamp'9999-12-31 23:59:59.999999')", "59"),
      Example("minute('')", "error CAST_INVALID_INPUT"),
      Example("minute('é')", "error CAST_INVALID_INPUT"),
    ]),
  timePart(
    "second", .second, "The second, without its fraction.",
    [
      Example("second('2009-07-30 12:58:59.9')", "59"),
      Example("second(timestamp_ntz'1960-01-01 00:00:00.5')", "0"), Example("second(NULL)", "NULL"),
      Example("second(timestamp'-0044-03-15 10:11:12.9')", "12"),
      Example("second(timestamp'9999-12-31 23:59:59.999999')", "59"),
      Example("second('')", "error CAST_INVALID_INPUT"),
      Example("second('é')", "error CAST_INVALID_INPUT"),
    ]),
  .scalar(
    "extract", aliases: ["date_part", "datepart"], category: "time",
    summary: "A part of a date, instant or interval.",
    [
      .value("field", .any, "YEAR, MONTH, DOW, SECOND …"),
      .column("source", .any, "a date, an instant or an interval"),
    ], returns: "INT, or DECIMAL(8,6) for seconds",
    examples: [
      Example("extract(YEAR FROM TIMESTAMP '2019-08-12 01:00:00.123456')", "2019"),
      Example("extract(week FROM timestamp'2019-08-12 01:00:00.123456')", "33"),
      Example("extract(doy FROM DATE'2019-08-12')", "224"),
      Example("extract(DOW_ISO FROM DATE'2019-08-12')", "1"),
      Example("extract(SECONDS FROM timestamp'2019-10-01 00:00:01.000001')", "1.000001"),
      Example("extract(HOUR FROM INTERVAL '5 04:03:02.5' DAY TO SECOND)", "4"),
      Example("extract(SECOND FROM INTERVAL '5 04:03:02.5' DAY TO SECOND)", "2.500000"),
      Example("extract(MONTH FROM INTERVAL '2-11' YEAR TO MONTH)", "11"),
      Example("extract(YEAR FROM DATE'-0044-03-15')", "-44"),
      Example("extract(YEAR FROM DATE'9999-12-31')", "9999"),
      Example("extract(DAY FROM INTERVAL '-5 04:03:02.5' DAY TO SECOND)", "-5"),
      Example("extract(MONTH FROM INTERVAL '2' YEAR)", "error INVALID_EXTRACT_FIELD"),
      Example("extract(YEAR FROM '')", "error CAST_INVALID_INPUT"),
      Example("extract(YEAR FROM NULL)", "NULL"),
      Example("extract(DAY FROM make_interval(0, 1, 1, 2, 50))", "11"),
      Example("date_part('nonsense', DATE'2019-08-12')", "error INVALID_EXTRACT_FIELD"),
      Example("date_part('year', NULL)", "NULL"),
      Example("date_part('', DATE'2019-08-12')", "error INVALID_EXTRACT_FIELD"),
      Example("date_part('é', DATE'2019-08-12')", "error INVALID_EXTRACT_FIELD"),
      Example("date_part('year', DATE'-0044-03-15')", "-44"),
    ], bind: extractCall),
]
