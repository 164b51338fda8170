import Columns
import Contract
import Glibc

private func outOfBounds(_ what: String) -> Failure {
  Failure(
    "DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", "there is no such date or time: \(what)")
}

/// A count of some unit as an instant.
private func sinceEpoch(
  _ name: String, _ unit: String, scale: Int64, _ examples: [Example]
) -> FunctionSpec {
  timeFunction(
    name, "The instant so many \(unit) after 1970-01-01 00:00:00 UTC.",
    [.column("count", .limited(to: .integral, as: .long), "how many")],
    returns: .timestamp, canFail: true, examples
  ) { columns, _ in
    try mapped(columns[0], to: .timestamp) { (count: Int64) in
      let (us, isLost) = count.multipliedReportingOverflow(by: scale)
      if isLost { throw Failure("DATETIME_OVERFLOW", "the instant lies beyond the range") }
      return us
    }
  }
}

/// An instant as a count of some unit.
private func asCount(_ name: String, _ unit: String, scale: Int64, _ examples: [Example])
  -> FunctionSpec
{
  timeFunction(
    name, "\(unit) from 1970-01-01 00:00:00 UTC to the instant, rounded down.",
    [.column("timestamp", .oneOf([.exactly(.timestamp), .exactly(.timestampNtz)]), "the instant")],
    returns: .long, examples
  ) { columns, _ in
    try mapped(columns[0], to: .long) { (us: Int64) in Calendar.floorQuotient(us, scale) }
  }
}

private func zoned(_ name: String, _ summary: String, isFromUTC: Bool, _ examples: [Example])
  -> FunctionSpec
{
  timeFunction(
    name, summary, [timestampParameter, .value("zone", .string, "the time zone")],
    returns: .timestamp, canFail: true, examples
  ) { columns, _ in
    var zones = ZoneColumn(columns[1])
    let (instants, shape) = (FixedReader<Int64>(columns[0]), KernelShape(of: columns))
    if shape.isAllNull { return .nulls(.timestamp, count: shape.count) }
    let values = Buffer.zeroed(capacity: shape.computed * 8)
    try shape.forEachRow { row in
      let zone = try zones[row]
      values.typed(Int64.self)[row] =
        isFromUTC ? zone.local(ofInstant: instants[row]) : zone.instant(ofLocal: instants[row])
    }
    return shape.vector(.timestamp, values)
  }
}

private let year = FunctionParameter.column("year", .int, "the year")
private let month = FunctionParameter.column("month", .int, "the month, from 1")
private let day = FunctionParameter.column("day", .int, "the day, from 1")
private let secondType = DataType.decimal(precision: 16, scale: 6)

/// A local time of its parts; `seconds` in microseconds. nil: there is none.
private func localTime(
  _ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ seconds: Int128
) -> Int64? {
  guard let days = Calendar.validDays(year: Int(year), month: Int(month), day: Int(day)),
    (0...23).contains(hour), (0...59).contains(minute), seconds >= 0, seconds <= 60_000_000
  else { return nil }
  let time = Int64(hour) * 3_600_000_000 + Int64(minute) * 60_000_000 + Int64(seconds)
  let (midnight, isLost) = Int64(days).multipliedReportingOverflow(by: Calendar.microsecondsPerDay)
  let (instant, isLostToo) = midnight.addingReportingOverflow(time)
  return isLost || isLostToo ? nil : instant
}

private func makeTimestamp(
  _ name: String, to type: DataType, isTry: Bool, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  var parameters = [
    year, month, day, FunctionParameter.column("hour", .int, "the hour"),
    FunctionParameter.column("minute", .int, "the minute"),
    FunctionParameter.column("second", .type(secondType), "the second, with its fraction"),
  ]
  if type == .timestamp {
    parameters.append(.column("zone", .string, default: "current_timezone()", "the time zone"))
  }
  let ofParts = FunctionSpec.scalar(
    name, category: "time", summary: summary, parameters, returns: "\(type)", examples: examples
  ) { call in
    call.result(type, nullable: isTry ? .always : .ofArguments, canFail: !isTry) {
      columns, context in
      let shape = KernelShape(of: columns)
      if shape.isAllNull { return .nulls(type, count: shape.count) }
      let parts = columns.prefix(5).map { FixedReader<Int32>($0) }
      let seconds = FixedReader<Int128>(columns[5])
      var zones = columns.count > 6 ? ZoneColumn(columns[6]) : nil
      let session = type == .timestampNtz ? .utc : try TimeZone.named(context.task.timeZoneId)
      let values = Buffer.zeroed(capacity: shape.computed * 8)
      let validity = try shape.validityOfRows { row in
        let zone = try zones?[row] ?? session
        let local = localTime(
          parts[0][row], parts[1][row], parts[2][row], parts[3][row], parts[4][row], seconds[row])
        let instant = local.map { zone.instant(ofLocal: $0) }
        // At the ends of time the zone's offset may lead beyond them.
        guard let local, let instant, (local < 0) == (instant < 0) || abs(instant) < 1 << 62 else {
          if isTry { return false }
          let text = parts.map { "\($0[row])" }.joined(separator: " ")
          throw outOfBounds("\(text) \(DecimalText.double(seconds[row], scale: 6))")
        }
        values.typed(Int64.self)[row] = instant
        return true
      }
      return shape.vector(type, values, validity: validity)
    }
  }
  // Also of a date with a time of day, of which there is no type but NULL.
  return FunctionSpec(ofParts.spec) { call in
    guard (1...3).contains(call.arguments.count), type == .timestamp || call.arguments.count == 2
    else { return try ofParts.bind(call) }
    guard call.types[0] == .date || call.types[0] == .null else {
      throw call.unexpectedType(0, expected: "\"DATE\"")
    }
    if call.arguments.count == 1 { return call[0].implicitlyCast(to: type) }
    guard call.types[1] == .null else { throw call.unexpectedType(1, expected: "\"TIME\"") }
    return call.result(type, nullable: .always) { columns, _ in
      .nulls(type, count: columns[0].count)
    }
  }
}

private func now(
  _ name: String, aliases: [String] = [], _ type: DataType, _ summary: String,
  _ value: @escaping @Sendable (Int64, TimeZone) -> Int64
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: "time", summary: summary, [], returns: "\(type)",
    examples: [
      Example("typeof(\(name)())", type == .timestampNtz ? "timestamp_ntz" : "\(type)".lowercased())
    ],
    notes: "The batch's clock: the same for all rows of a batch, and for its replay."
  ) { call in
    call.result(type, nullable: .never) { _, context in
      let zone = try TimeZone.named(context.task.timeZoneId)
      return .constant(
        .integer(value(context.task.batchTimeUs, zone)), type, count: context.count)
    }
  }
}

/// Dates, instants and intervals made of numbers, and back; the present time.
let timeMakingFunctions: [FunctionSpec] = [
  now("current_timestamp", aliases: ["now"], .timestamp, "The time of the batch.") { us, _ in us },
  now("localtimestamp", .timestampNtz, "The time of the batch by the session zone's clock.") {
    $1.local(ofInstant: $0)
  },
  now("current_date", aliases: ["curdate"], .date, "The date of the batch in the session zone.") {
    Int64($1.days(ofInstant: $0))
  },
  .scalar(
    "current_timezone", category: "time", summary: "The session's time zone.", [],
    returns: "STRING", examples: [Example("current_timezone()", "UTC")]
  ) { call in .literal(.text(call.session.timeZoneId), .string, origin: call.origin) },
  .scalar(
    "timestamp_seconds", category: "time",
    summary: "The instant so many seconds after 1970-01-01 00:00:00 UTC.",
    [.column("seconds", .exactly(.numeric), "how many, with a fraction")], returns: "TIMESTAMP",
    examples: [
      Example("timestamp_seconds(1230219000)", "2008-12-25 15:30:00"),
      Example("timestamp_seconds(1230219000.123)", "2008-12-25 15:30:00.123"),
      Example("timestamp_seconds(-0.5d)", "1969-12-31 23:59:59.5"),
      Example("timestamp_seconds(9223372036854775807)", "error DATETIME_OVERFLOW"),
      Example("timestamp_seconds(NULL)", "NULL"),
      Example("timestamp_seconds(-9223372036854775808)", "error DATETIME_OVERFLOW"),
    ]
  ) { call in
    let type = call.types[0]
    return call.result(.timestamp, nullable: .always, canFail: true) { columns, _ in
      if type.isFraction {
        return try mappedOrNull(columns[0].asDoubles(), to: .timestamp) { (x: Double) -> Int64? in
          x.isFinite ? saturated(x * 1_000_000) : nil
        }
      }
      func overflow() -> Failure {
        Failure("DATETIME_OVERFLOW", "the instant lies beyond the range of a timestamp")
      }
      if case .decimal(_, let scale) = type {
        return try mapped(columns[0], to: .timestamp) { (x: Int128) in
          let (scaled, isLost) = x.multipliedReportingOverflow(
            by: Decimals.powersOfTen[max(6 - scale, 0)])
          let (us, rest) = scaled.quotientAndRemainder(
            dividingBy: Decimals.powersOfTen[max(scale - 6, 0)])
          guard !isLost, rest == 0, let long = Int64(exactly: us) else { throw overflow() }
          return long
        }
      }
      return try mapped(columns[0].widened(), to: .timestamp) { (x: Int64) in
        let (us, isLost) = x.multipliedReportingOverflow(by: 1_000_000)
        if isLost { throw overflow() }
        return us
      }
    }
  },
  sinceEpoch(
    "timestamp_millis", "milliseconds", scale: 1000,
    [
      Example("timestamp_millis(1230219000123)", "2008-12-25 15:30:00.123"),
      Example("timestamp_millis(-1)", "1969-12-31 23:59:59.999"),
      Example("timestamp_millis(NULL)", "NULL"),
      Example("timestamp_millis(-9223372036854775808)", "error DATETIME_OVERFLOW"),
      Example("timestamp_millis(9223372036854775807)", "error DATETIME_OVERFLOW"),
    ]),
  sinceEpoch(
    "timestamp_micros", "microseconds", scale: 1,
    [
      Example("timestamp_micros(1230219000123123)", "2008-12-25 15:30:00.123123"),
      Example("timestamp_micros(NULL)", "NULL"),
      Example("timestamp_micros(-1)", "1969-12-31 23:59:59.999999"),
      Example("timestamp_micros(9223372036854775807)", "+294247-01-10 04:00:54.775807"),
    ]),
  asCount(
    "unix_seconds", "Seconds", scale: 1_000_000,
    [
      Example("unix_seconds(TIMESTAMP('1970-01-01 00:00:01Z'))", "1"),
      Example("unix_seconds(timestamp'1969-12-31 23:59:59.5')", "-1"),
      Example("unix_seconds(NULL)", "NULL"),
      Example("unix_seconds(timestamp'-0044-03-15 01:02:03.456789')", "-63549356277"),
      Example("unix_seconds(timestamp'9999-12-31 23:59:59.999999')", "253402300799"),
      Example("unix_seconds('2024-01-01')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]),
  asCount(
    "unix_millis", "Milliseconds", scale: 1000,
    [
      Example("unix_millis(TIMESTAMP('1970-01-01 00:00:01Z'))", "1000"),
      Example("unix_millis(NULL)", "NULL"),
      Example("unix_millis(timestamp'-0044-03-15 01:02:03.456789')", "-63549356276544"),
      Example("unix_millis(timestamp'9999-12-31 23:59:59.999999')", "253402300799999"),
      Example("unix_millis('2024-01-01')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]),
  asCount(
    "unix_micros", "Microseconds", scale: 1,
    [
      Example("unix_micros(TIMESTAMP('1970-01-01 00:00:01Z'))", "1000000"),
      Example("unix_micros(NULL)", "NULL"),
      Example("unix_micros(timestamp'-0044-03-15 01:02:03.456789')", "-63549356276543211"),
      Example("unix_micros(timestamp'9999-12-31 23:59:59.999999')", "253402300799999999"),
      Example("unix_micros('2024-01-01')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]),
  timeFunction(
    "unix_date", "Days from 1970-01-01 to the date.",
    [.column("date", .exactly(.date), "the date")], returns: .int,
    [
      Example("unix_date('2024-01-01')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("unix_date(DATE('1970-01-02'))", "1"), Example("unix_date(date'1969-12-31')", "-1"),
      Example("unix_date(NULL)", "NULL"),
      Example("unix_date(date'-0044-03-15')", "-735525"),
      Example("unix_date(date'9999-12-31')", "2932896"),
    ]
  ) { columns, _ in columns[0].reinterpreted(as: .int) },
  timeFunction(
    "date_from_unix_date", "The date so many days after 1970-01-01.",
    [.column("days", .int, "how many")], returns: .date,
    [
      Example("date_from_unix_date(1)", "1970-01-02"),
      Example("date_from_unix_date(-1)", "1969-12-31"),
      Example("date_from_unix_date(NULL)", "NULL"),
      Example("date_from_unix_date(-719529)", "-0001-12-31"),
      Example("date_from_unix_date(2932896)", "9999-12-31"),
    ]
  ) { columns, _ in columns[0].reinterpreted(as: .date) },
  timeFunction(
    "make_date", "The date of a year, month and day.", [year, month, day], returns: .date,
    canFail: true,
    [
      Example("make_date(2013, 7, 15)", "2013-07-15"),
      Example("make_date(2019, 2, 30)", "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_date(2019, 7, NULL)", "NULL"),
      Example("make_date(-44, 3, 15)", "-0044-03-15"),
      Example("make_date(9999, 12, 31)", "9999-12-31"),
      Example("make_date('x', 1, 1)", "error CAST_INVALID_INPUT"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], columns[2], to: .date) {
      (year: Int32, month: Int32, day: Int32) in
      guard let days = Calendar.validDays(year: Int(year), month: Int(month), day: Int(day)),
        let date = Int32(exactly: days)
      else { throw outOfBounds("\(year) \(month) \(day)") }
      return date
    }
  },
  makeTimestamp(
    "make_timestamp", to: .timestamp, isTry: false, "The instant of its parts.",
    [
      Example("make_timestamp(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"),
      Example("make_timestamp(2014, 12, 28, 6, 30, 45.887, 'CET')", "2014-12-28 05:30:45.887"),
      Example("make_timestamp(2019, 6, 30, 23, 59, 60)", "2019-07-01 00:00:00"),
      Example(
        "make_timestamp(2019, 13, 1, 10, 11, 12)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_timestamp(NULL, 7, 22, 15, 30, 0)", "NULL"),
      Example("make_timestamp(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example(
        "make_timestamp(2024, 2, 30, 0, 0, 0)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example(
        "make_timestamp(2024, 1, 1, 0, 0, -1)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_timestamp(2024, 1, 1, 0, 0, NULL)", "NULL"),
      Example("make_timestamp(2024, 1, 1, 0, 0, 0, '')", "error INVALID_TIMEZONE"),
      Example("make_timestamp(2024, 1, 1, 0, 0, 0, 'é')", "error INVALID_TIMEZONE"),
      Example("make_timestamp(date'2024-01-01')", "2024-01-01 00:00:00"),
      Example("make_timestamp(date'2024-01-01', NULL)", "NULL"),
      Example("make_timestamp('2024-01-01')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]),
  makeTimestamp(
    "try_make_timestamp", to: .timestamp, isTry: true,
    "As `make_timestamp`; NULL where there is none.",
    [
      Example("try_make_timestamp(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"),
      Example("try_make_timestamp(2019, 13, 1, 10, 11, 12)", "NULL"),
      Example("try_make_timestamp(NULL, 7, 22, 15, 30, 0)", "NULL"),
      Example("try_make_timestamp(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example("try_make_timestamp(2024, 2, 30, 0, 0, 0)", "NULL"),
      Example("try_make_timestamp(2024, 1, 1, 0, 0, -1)", "NULL"),
      Example("try_make_timestamp(2024, 1, 1, 0, 0, NULL)", "NULL"),
      Example("try_make_timestamp(2024, 1, 1, 0, 0, 0, '')", "error INVALID_TIMEZONE"),
      Example("try_make_timestamp(2024, 1, 1, 0, 0, 0, 'é')", "error INVALID_TIMEZONE"),
    ]),
  makeTimestamp(
    "make_timestamp_ntz", to: .timestampNtz, isTry: false, "The local time of its parts.",
    [
      Example("make_timestamp_ntz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"),
      Example(
        "make_timestamp_ntz(2014, 2, 30, 6, 30, 45.887)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_timestamp_ntz(NULL, 7, 22, 15, 30, 0)", "NULL"),
      Example("make_timestamp_ntz(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example(
        "make_timestamp_ntz(2024, 2, 30, 0, 0, 0)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example(
        "make_timestamp_ntz(2024, 1, 1, 0, 0, -1)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_timestamp_ntz(2024, 1, 1, 0, 0, NULL)", "NULL"),
    ]),
  makeTimestamp(
    "make_timestamp_ltz", to: .timestamp, isTry: false, "As `make_timestamp`.",
    [
      Example("make_timestamp_ltz(2014, 12, 28, 6, 30, 45.887, 'CET')", "2014-12-28 05:30:45.887"),
      Example("make_timestamp_ltz(NULL, 7, 22, 15, 30, 0)", "NULL"),
      Example("make_timestamp_ltz(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example(
        "make_timestamp_ltz(2024, 2, 30, 0, 0, 0)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example(
        "make_timestamp_ltz(2024, 1, 1, 0, 0, -1)",
        "error DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION"),
      Example("make_timestamp_ltz(2024, 1, 1, 0, 0, NULL)", "NULL"),
      Example("make_timestamp_ltz(2024, 1, 1, 0, 0, 0, '')", "error INVALID_TIMEZONE"),
      Example("make_timestamp_ltz(2024, 1, 1, 0, 0, 0, 'é')", "error INVALID_TIMEZONE"),
    ]),
  makeTimestamp(
    "try_make_timestamp_ltz", to: .timestamp, isTry: true, "As `try_make_timestamp`.",
    [
      Example("try_make_timestamp_ltz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"),
      Example("try_make_timestamp_ltz(2019, 13, 1, 10, 11, 12)", "NULL"),
      Example("try_make_timestamp_ltz(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example("try_make_timestamp_ltz(2024, 2, 30, 0, 0, 0)", "NULL"),
      Example("try_make_timestamp_ltz(2024, 1, 1, 0, 0, -1)", "NULL"),
      Example("try_make_timestamp_ltz(2024, 1, 1, 0, 0, NULL)", "NULL"),
    ]),
  makeTimestamp(
    "try_make_timestamp_ntz", to: .timestampNtz, isTry: true,
    "As `make_timestamp_ntz`; NULL where there is none.",
    [
      Example("try_make_timestamp_ntz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"),
      Example("try_make_timestamp_ntz(2019, 13, 1, 10, 11, 12)", "NULL"),
      Example("try_make_timestamp_ntz(-44, 3, 15, 1, 2, 3.5)", "-0044-03-15 01:02:03.5"),
      Example("try_make_timestamp_ntz(2024, 2, 30, 0, 0, 0)", "NULL"),
      Example("try_make_timestamp_ntz(2024, 1, 1, 0, 0, -1)", "NULL"),
      Example("try_make_timestamp_ntz(2024, 1, 1, 0, 0, NULL)", "NULL"),
    ]),
  zoned(
    "from_utc_timestamp", "The instant moved so that its text in UTC is that of the zone.",
    isFromUTC: true,
    [
      Example("from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-31 09:00:00"),
      Example("from_utc_timestamp('2016-08-31', 'Nowhere/Land')", "error INVALID_TIMEZONE"),
      Example("from_utc_timestamp(NULL, 'CET')", "NULL"),
      Example("from_utc_timestamp('', 'CET')", "error CAST_INVALID_INPUT"),
      Example("from_utc_timestamp('2024-01-01', '')", "error INVALID_TIMEZONE"),
      Example("from_utc_timestamp(timestamp'-0044-03-15', 'Asia/Seoul')", "-0044-03-15 08:27:52"),
      Example("from_utc_timestamp('2024-01-01', 'é')", "error INVALID_TIMEZONE"),
    ]),
  zoned(
    "to_utc_timestamp", "The other way: from the zone's text to UTC's.", isFromUTC: false,
    [
      Example("to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-30 15:00:00"),
      Example("to_utc_timestamp('2024-03-31 02:30:00', 'Europe/Berlin')", "2024-03-31 01:30:00"),
      Example("to_utc_timestamp(NULL, 'CET')", "NULL"),
      Example("to_utc_timestamp('', 'CET')", "error CAST_INVALID_INPUT"),
      Example("to_utc_timestamp('2024-01-01', '')", "error INVALID_TIMEZONE"),
      Example("to_utc_timestamp(timestamp'-0044-03-15', 'Asia/Seoul')", "-0044-03-14 15:32:08"),
      Example("to_utc_timestamp('2024-01-01', 'é')", "error INVALID_TIMEZONE"),
    ]),
  .scalar(
    "convert_timezone", category: "time", summary: "A local time of one zone as that of another.",
    [
      .value("source", .string, "the zone of the time, or with two arguments the new zone"),
      .column("target", .any, "the new zone, or with two arguments the local time"),
      .column("timestamp", .timestampNtz, default: "", "the local time"),
    ], returns: "TIMESTAMP_NTZ",
    examples: [
      Example(
        "convert_timezone('Europe/Brussels', 'Asia/Tokyo', timestamp_ntz'2021-12-06')",
        "2021-12-06 08:00:00"),
      Example(
        "convert_timezone('Europe/Brussels', timestamp_ntz'2021-12-06 00:00:00')",
        "2021-12-06 01:00:00"), Example("convert_timezone('CET', NULL)", "NULL"),
      Example("convert_timezone('', timestamp_ntz'2021-12-06')", "error INVALID_TIMEZONE"),
      Example("convert_timezone('é', timestamp_ntz'2021-12-06')", "error INVALID_TIMEZONE"),
      Example(
        "convert_timezone('-08:00', 'Asia/Tokyo', timestamp_ntz'-0044-03-15')",
        "-0044-03-15 17:18:59"),
      Example(
        "convert_timezone('UTC', '+19:00', timestamp_ntz'2021-12-06')", "error INVALID_TIMEZONE"),
    ]
  ) { call in
    var arguments = call.arguments
    if arguments.count == 2 {
      arguments.insert(.literal(.text(call.session.timeZoneId), .string), at: 0)
      guard let type = ImplicitCast.type(for: .timestampNtz, from: arguments[2].type) else {
        throw call.unexpectedType(1, expected: "\"TIMESTAMP_NTZ\"")
      }
      arguments[2] = arguments[2].implicitlyCast(to: type)
    }
    arguments[1] = arguments[1].implicitlyCast(to: .string)
    return call.with(arguments).result(.timestampNtz, canFail: true) { columns, _ in
      var (sources, targets) = (ZoneColumn(columns[0]), ZoneColumn(columns[1]))
      let (times, shape) = (FixedReader<Int64>(columns[2]), KernelShape(of: columns))
      if shape.isAllNull { return .nulls(.timestampNtz, count: shape.count) }
      let values = Buffer.zeroed(capacity: shape.computed * 8)
      try shape.forEachRow { row in
        let instant = try sources[row].instant(ofLocal: times[row])
        values.typed(Int64.self)[row] = try targets[row].local(ofInstant: instant)
      }
      return shape.vector(.timestampNtz, values)
    }
  },
  .scalar(
    "window_time", category: "windows",
    summary: "The event time of a window: its last instant, 1 microsecond before its end.",
    [.column("window", .anyStructure, "a window column")], returns: "TIMESTAMP",
    examples: [
      Example(
        "window_time(named_struct('start', 0, 'end', timestamp'2024-01-01 00:05:00'))",
        "2024-01-01 00:04:59.999999")
    ]
  ) { call in
    guard case .structure(let fields) = call.types[0],
      let end = fields.firstIndex(where: { $0.name.lowercased() == "end" }),
      fields[end].type == .timestamp || fields[end].type == .timestampNtz
    else { throw call.unexpectedType(0, expected: "a window") }
    let type = fields[end].type
    return call.result(type) { columns, _ in
      let window = columns[0].flat
      let ends = window.children[end].flat.restricted(to: window)
      return try mapped(ends, to: type) { (us: Int64) in us &- 1 }
    }
  },
]
