import Columns
import Contract

private let days = FunctionParameter.column(
  "days", .limited(to: .oneOf([.int, .type(.short), .type(.byte), .string]), as: .int),
  "how many days")

private func dayFunction(
  _ name: String, aliases: [String] = [], sign: Int32, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  timeFunction(name, aliases: aliases, summary, [dateParameter, days], returns: .date, examples) {
    columns, _ in
    try mapped(columns[0], columns[1], to: .date) { (date: Int32, count: Int32) in
      date &+ sign &* count
    }
  }
}

/// Months from one instant to another, as Spark (and Hive) counts them.
private func monthsBetween(
  _ a: Int64, _ b: Int64, rounds: Bool, _ zone: TimeZone
) -> Double {
  let (firstDay, secondDay) = (zone.days(ofInstant: a), zone.days(ofInstant: b))
  let (first, second) = (
    Calendar.date(ofDays: firstDay), Calendar.date(ofDays: secondDay)
  )
  let months = Double(
    (first.year - second.year) * 12 + first.month - second.month)
  let bothEnd =
    Calendar.lastDay(firstDay) == firstDay
    && Calendar.lastDay(secondDay) == secondDay
  if first.day == second.day || bothEnd { return months }
  let seconds =
    Int64(first.day - second.day) * 86_400 + (a - zone.startOfDay(firstDay)) / 1_000_000
    - (b - zone.startOfDay(secondDay)) / 1_000_000
  let difference = months + Double(seconds) / Double(31 * 86_400)
  return rounds ? (difference * 1e8 + 0.5).rounded(.down) / 1e8 : difference
}

/// The unit of `timestampadd` and `timestampdiff`.
enum TimeUnit: Sendable {
  case months(Int)
  case days(Int)
  case microseconds(Int64)

  init?(named name: String) {
    switch name.uppercased() {
    case "YEAR": self = .months(12)
    case "QUARTER": self = .months(3)
    case "MONTH": self = .months(1)
    case "WEEK": self = .days(7)
    case "DAY", "DAYOFYEAR": self = .days(1)
    case "HOUR": self = .microseconds(3_600_000_000)
    case "MINUTE": self = .microseconds(60_000_000)
    case "SECOND": self = .microseconds(1_000_000)
    case "MILLISECOND": self = .microseconds(1000)
    case "MICROSECOND": self = .microseconds(1)
    default: return nil
    }
  }

  /// Whole units between two local times.
  func between(_ start: Int64, _ end: Int64) -> Int64 {
    switch self {
    case .microseconds(let size): return (end - start) / size
    case .days(let count):
      return (end - start) / Calendar.microsecondsPerDay / Int64(count)
    case .months(let count):
      let perDay = Calendar.microsecondsPerDay
      let startDay = Calendar.floorQuotient(start, perDay)
      var endDay = Calendar.floorQuotient(end, perDay)
      let (startTime, endTime) = (
        Calendar.floorModulo(start, perDay), Calendar.floorModulo(end, perDay)
      )
      if endDay > startDay, endTime < startTime { endDay -= 1 }
      if endDay < startDay, endTime > startTime { endDay += 1 }
      let (a, b) = (Calendar.date(ofDays: Int(startDay)), Calendar.date(ofDays: Int(endDay)))
      let packed =
        ((b.year - a.year) * 12 + b.month - a.month) * 32 + b.day - a.day
      return Int64(packed / 32 / count)
    }
  }
}

private func unit(_ call: FunctionCall) throws -> TimeUnit {
  let name = try call.constant(0).text ?? "NULL"
  guard let unit = TimeUnit(named: name) else {
    throw Failure(
      "INVALID_PARAMETER_VALUE.DATETIME_UNIT",
      "`\(call.name)` takes a unit such as DAY or HOUR, not `\(name)`", origin: call.origin)
  }
  return unit
}

/// Months or days, which Spark counts in 32 bits; nil: too many.
private func scaled(_ count: Int64, by size: Int) -> Int? {
  let (product, isLost) = Int(count).multipliedReportingOverflow(by: size)
  return isLost || Int32(exactly: product) == nil ? nil : product
}

@Sendable private func timestampAddCall(_ call: FunctionCall) throws -> Expression {
  let unit = try unit(call)
  let type = call.types[2]
  return call.with([call[1], call[2]]).result(type, canFail: true) { columns, context in
    let zone = type == .timestampNtz ? .utc : try TimeZone.named(context.task.timeZoneId)
    return try mapped(columns[0], columns[1], to: type) { (count: Int64, us: Int64) in
      let moved: Int64?
      switch unit {
      case .months(let size):
        moved = scaled(count, by: size).flatMap {
          zone.add(months: $0, days: 0, microseconds: 0, to: us)
        }
      case .days(let size):
        moved = scaled(count, by: size).flatMap {
          zone.add(months: 0, days: $0, microseconds: 0, to: us)
        }
      case .microseconds(let size):
        let (span, isLost) = count.multipliedReportingOverflow(by: size)
        moved = isLost ? nil : zone.add(months: 0, days: 0, microseconds: span, to: us)
      }
      guard let moved else {
        throw Failure("DATETIME_OVERFLOW", "the instant lies beyond the range of a timestamp")
      }
      return moved
    }
  }
}

@Sendable private func timestampDiffCall(_ call: FunctionCall) throws -> Expression {
  let unit = try unit(call)
  if try call.constant(0).text?.uppercased() == "DAYOFYEAR" {
    throw Failure(
      "INVALID_PARAMETER_VALUE.DATETIME_UNIT",
      "`timestampdiff` takes a unit such as DAY or HOUR, not `DAYOFYEAR`", origin: call.origin)
  }
  return call.with([call[1], call[2]]).result(.long) { columns, context in
    var clock = try ZoneClock(context)
    var other = clock
    return try mapped(columns[0], columns[1], to: .long) { (start: Int64, end: Int64) in
      unit.between(clock.local(start), other.local(end))
    }
  }
}

/// Dates and instants moved, and how far they lie apart.
let timeArithmeticFunctions: [FunctionSpec] = [
  dayFunction(
    "date_add", aliases: ["dateadd"], sign: 1, "The date so many days later.",
    [
      Example("date_add('2024-01-01', 1L)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("date_add('2024-01-01', '1')", "2024-01-02"),
      Example("date_add('2016-07-30', 1)", "2016-07-31"),
      Example("date_add(date'2024-02-28', 2)", "2024-03-01"),
      Example("date_add('2016-07-30', NULL)", "NULL"),
      Example("date_add('', 1)", "error CAST_INVALID_INPUT"),
      Example("date_add('é', 1)", "error CAST_INVALID_INPUT"),
      Example("date_add(date'0001-01-01', -1)", "0000-12-31"),
      Example("date_add(date'9999-12-31', 1)", "+10000-01-01"),
    ]),
  dayFunction(
    "date_sub", sign: -1, "The date so many days earlier.",
    [
      Example("date_sub('2016-07-30', 1)", "2016-07-29"),
      Example("date_sub('1970-01-01', 1)", "1969-12-31"), Example("date_sub(NULL, 1)", "NULL"),
      Example("date_sub('', 1)", "error CAST_INVALID_INPUT"),
      Example("date_sub('é', 1)", "error CAST_INVALID_INPUT"),
      Example("date_sub(date'0001-01-01', -1)", "0001-01-02"),
    ]),
  timeFunction(
    "datediff", aliases: ["date_diff"], "Days from the second date to the first.",
    [.column("end", .date, "the later date"), .column("start", .date, "the earlier date")],
    returns: .int,
    [
      Example("datediff('2009-07-31', '2009-07-30')", "1"),
      Example("datediff('2009-07-30', timestamp'2009-07-31 23:00:00')", "-1"),
      Example("datediff(NULL, '2009-07-30')", "NULL"),
      Example("datediff('', '2024-01-01')", "error CAST_INVALID_INPUT"),
      Example("datediff('é', '2024-01-01')", "error CAST_INVALID_INPUT"),
      Example("datediff(date'9999-12-31', date'-0044-03-15')", "3668421"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .int) { (end: Int32, start: Int32) in end &- start }
  },
  timeFunction(
    "add_months", "The date so many months later; a day that the month lacks becomes its last.",
    [dateParameter, .column("months", .int, "how many months")], returns: .date, canFail: true,
    [
      Example("add_months('2016-08-31', 1)", "2016-09-30"),
      Example("add_months('2024-03-31', -1)", "2024-02-29"),
      Example("add_months(NULL, 1)", "NULL"),
      Example("add_months(date'9999-12-31', 2147483647)", "error ARITHMETIC_OVERFLOW"),
      Example("add_months('', 1)", "error CAST_INVALID_INPUT"),
      Example("add_months('é', 1)", "error CAST_INVALID_INPUT"),
      Example("add_months(date'0001-01-31', -11)", "0000-02-29"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .date) { (date: Int32, months: Int32) in
      guard let moved = Int32(exactly: Calendar.addMonths(Int(date), Int(months))) else {
        throw Failure("ARITHMETIC_OVERFLOW", "integer overflow")
      }
      return moved
    }
  },
  timeFunction(
    "months_between",
    "Months from the second instant to the first, with a fraction by 31-day months.",
    [
      .column("end", .timestamp, "the later instant"),
      .column("start", .timestamp, "the earlier one"),
      .value(
        "roundOff", .boolean, default: "true", filler: (.boolean(true), .boolean),
        "whether the result is rounded to 8 digits"),
    ], returns: .double,
    [
      Example("months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677"),
      Example("months_between('1997-02-28 10:30:00', '1996-10-30', false)", "3.9495967741935485"),
      Example("months_between('2024-02-29', '2024-01-31')", "1.0"),
      Example("months_between('2024-01-15', '2024-03-20')", "-2.16129032"),
      Example("months_between(NULL, '2024-01-31')", "NULL"),
      Example("months_between('', '2024-01-31')", "error CAST_INVALID_INPUT"),
      Example("months_between('é', '2024-01-31')", "error CAST_INVALID_INPUT"),
      Example("months_between(date'9999-12-31', date'-0044-03-15')", "120525.51612903"),
    ]
  ) { columns, context in
    let zone = try TimeZone.named(context.task.timeZoneId)
    return try mapped(columns[0], columns[1], columns[2], to: .double) {
      (end: Int64, start: Int64, rounds: Bool) in monthsBetween(end, start, rounds: rounds, zone)
    }
  },
  timeFunction(
    "last_day", "The last day of the date's month.", [dateParameter], returns: .date,
    [
      Example("last_day('2009-01-12')", "2009-01-31"),
      Example("last_day('2024-02-01')", "2024-02-29"), Example("last_day(NULL)", "NULL"),
      Example("last_day(date'-0044-03-15')", "-0044-03-31"),
      Example("last_day(date'9999-12-31')", "9999-12-31"),
      Example("last_day('')", "error CAST_INVALID_INPUT"),
      Example("last_day('é')", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .date) { (date: Int32) in
      Int32(truncatingIfNeeded: Calendar.lastDay(Int(date)))
    }
  },
  timeFunction(
    "next_day", "The first date after this one that falls on a day of the week.",
    [dateParameter, .value("dayOfWeek", .string, "MO, MON, MONDAY …")], returns: .date,
    canFail: true,
    [
      Example("next_day('2015-01-14', 'TU')", "2015-01-20"),
      Example("next_day('2015-01-14', 'wednesday')", "2015-01-21"),
      Example("next_day('2015-01-14', 'xx')", "error ILLEGAL_DAY_OF_WEEK"),
      Example("next_day(NULL, 'TU')", "NULL"),
      Example("next_day('', 'TU')", "error CAST_INVALID_INPUT"),
      Example("next_day('2015-01-14', '')", "error ILLEGAL_DAY_OF_WEEK"),
      Example("next_day('2015-01-14', 'é')", "error ILLEGAL_DAY_OF_WEEK"),
      Example("next_day(date'9999-12-31', 'FRI')", "+10000-01-07"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .date) { (date: Int32, name: Bytes) in
      let word = String(decoding: name, as: UTF8.self)
      guard let weekday = Calendar.weekday(named: word) else {
        throw Failure(
          "ILLEGAL_DAY_OF_WEEK", "`\(word)` is no day of the week",
          hint: "Write MO, MON or MONDAY, and so on.")
      }
      return Int32(truncatingIfNeeded: Calendar.nextDay(Int(date), weekday: weekday))
    }
  },
  timeFunction(
    "trunc", "The start of the date's week, month, quarter or year; NULL for another unit.",
    [dateParameter, .value("unit", .string, "YEAR, QUARTER, MONTH or WEEK")], returns: .date,
    nullable: .always,
    [
      Example("trunc('2019-08-04', 'week')", "2019-07-29"),
      Example("trunc('2019-08-04', 'quarter')", "2019-07-01"),
      Example("trunc('2009-02-12', 'MM')", "2009-02-01"),
      Example("trunc('2015-10-27', 'YEAR')", "2015-01-01"),
      Example("trunc('2015-10-27', 'hour')", "NULL"), Example("trunc(NULL, 'YEAR')", "NULL"),
      Example("trunc(date'-0044-03-15', 'MM')", "-0044-03-01"),
      Example("trunc('', 'MM')", "error CAST_INVALID_INPUT"),
      Example("trunc(date'9999-12-31', 'é')", "NULL"),
      Example("trunc(date'9999-12-31', 'WEEK')", "9999-12-27"),
    ]
  ) { columns, _ in
    try mappedOrNull(columns[0], columns[1], to: .date) { (date: Int32, name: Bytes) -> Int32? in
      TruncationUnit(named: String(decoding: name, as: UTF8.self))?.truncate(days: Int(date))
        .map { Int32(truncatingIfNeeded: $0) }
    }
  },
  timeFunction(
    "date_trunc", "The start of the unit of time that the instant is in; NULL for an unknown unit.",
    [.value("unit", .string, "YEAR … MICROSECOND"), timestampParameter], returns: .timestamp,
    nullable: .always,
    [
      Example("date_trunc('YEAR', '2015-03-05T09:32:05.359')", "2015-01-01 00:00:00"),
      Example("date_trunc('WEEK', '2015-03-05T09:32:05.359')", "2015-03-02 00:00:00"),
      Example("date_trunc('dd', '2015-03-05T09:32:05.359')", "2015-03-05 00:00:00"),
      Example("date_trunc('HOUR', '2015-03-05T09:32:05.359')", "2015-03-05 09:00:00"),
      Example("date_trunc('MILLISECOND', '2015-03-05T09:32:05.123456')", "2015-03-05 09:32:05.123"),
      Example("date_trunc('nonsense', '2015-03-05')", "NULL"),
      Example("date_trunc('DAY', NULL)", "NULL"),
      Example("date_trunc('YEAR', timestamp'-0044-03-15 10:11:12')", "-0044-01-01 00:00:00"),
      Example("date_trunc('DAY', '')", "error CAST_INVALID_INPUT"),
      Example("date_trunc('é', timestamp'2024-01-01')", "NULL"),
      Example(
        "date_trunc('QUARTER', timestamp'9999-12-31 23:59:59.999999')", "9999-10-01 00:00:00"),
    ]
  ) { columns, context in
    let zone = try TimeZone.named(context.task.timeZoneId)
    if columns[0].isConstant, columns[0].nullCount == 0 {
      let name = String(decoding: columns[0].strings[0], as: UTF8.self)
      guard let unit = TruncationUnit(named: name) else {
        return .nulls(.timestamp, count: columns[1].count)
      }
      return try mapped(columns[1], to: .timestamp) { (us: Int64) in
        unit.truncate(us: us, in: zone)
      }
    }
    return try mappedOrNull(columns[0], columns[1], to: .timestamp) {
      (name: Bytes, us: Int64) -> Int64? in
      TruncationUnit(named: String(decoding: name, as: UTF8.self))?.truncate(us: us, in: zone)
    }
  },
  .scalar(
    "timestampadd", category: "time", summary: "The instant so many units later.",
    [
      .value("unit", .string, "YEAR … MICROSECOND"), .column("count", .long, "how many"),
      .column("timestamp", .anyTimestamp, "the instant"),
    ], returns: "the type of `timestamp`",
    examples: [
      Example("timestampadd(HOUR, 8, timestamp_ntz'2022-02-11 20:30:00')", "2022-02-12 04:30:00"),
      Example("timestampadd(MONTH, 1, timestamp'2022-01-31 00:00:00')", "2022-02-28 00:00:00"),
      Example("timestampadd(WEEK, -1, timestamp'2022-01-31 00:00:00')", "2022-01-24 00:00:00"),
      Example("timestampadd(DAY, NULL, timestamp'2022-01-31 00:00:00')", "NULL"),
      Example("timestampadd(YEAR, 2147483647, timestamp'2024-01-01')", "error DATETIME_OVERFLOW"),
      Example("timestampadd(MICROSECOND, -1, timestamp'1970-01-01')", "1969-12-31 23:59:59.999999"),
      Example("timestampadd(DAY, 1, '')", "error CAST_INVALID_INPUT"),
    ], bind: timestampAddCall),
  .scalar(
    "timestampdiff", category: "time", summary: "Whole units from one instant to another.",
    [
      .value("unit", .string, "YEAR … MICROSECOND"), .column("start", .timestamp, "the one"),
      .column("end", .timestamp, "the other"),
    ], returns: "BIGINT",
    examples: [
      Example(
        "timestampdiff(HOUR, timestamp'2022-02-11 20:30:00', timestamp'2022-02-12 04:30:00')", "8"),
      Example(
        "timestampdiff(MONTH, timestamp'2022-01-01', timestamp'2022-02-28')", "1"),
      Example(
        "timestampdiff(MONTH, timestamp'2022-03-31 12:00:00', timestamp'2022-01-31 13:00:00')", "-1"
      ),
      Example(
        "timestampdiff(YEAR, timestamp'2022-01-01', timestamp'2021-01-01')", "-1"),
      Example("timestampdiff(DAY, NULL, timestamp'2022-01-31 00:00:00')", "NULL"),
      Example("timestampdiff(DAY, '', timestamp'2024-01-01')", "error CAST_INVALID_INPUT"),
    ], bind: timestampDiffCall),
]
