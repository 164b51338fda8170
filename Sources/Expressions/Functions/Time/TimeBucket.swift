import Columns
import Contract

/// The start of the bucket that an instant is in: buckets of one length, side by side from an
/// origin. Months and whole days are those of the zone's calendar.
private func bucket(
  _ us: Int64, _ width: Int64, isMonths: Bool, from origin: Int64, _ zone: TimeZone
) -> Int64? {
  if isMonths {
    let local = (zone.local(ofInstant: origin), zone.local(ofInstant: us))
    let (first, last) = (
      Calendar.date(ofDays: Int(Calendar.floorQuotient(local.0, Calendar.microsecondsPerDay))),
      Calendar.date(ofDays: Int(Calendar.floorQuotient(local.1, Calendar.microsecondsPerDay)))
    )
    let months = Int64((last.year - first.year) * 12 + last.month - first.month)
    var index = Calendar.floorQuotient(months, width)
    func start(_ index: Int64) -> Int64? {
      zone.add(months: Int(index * width), days: 0, microseconds: 0, to: origin)
    }
    // The month may begin later than the instant in it.
    guard let found = start(index) else { return nil }
    if found <= us { return found }
    index -= 1
    return start(index)
  }
  let isDays = width % Calendar.microsecondsPerDay == 0
  let (time, base) =
    isDays ? (zone.local(ofInstant: us), zone.local(ofInstant: origin)) : (us, origin)
  let (distance, isLost) = time.subtractingReportingOverflow(base)
  if isLost { return nil }
  let start = base &+ Calendar.floorQuotient(distance, width) &* width
  return isDays ? zone.instant(ofLocal: start) : start
}

@Sendable private func timeBucketCall(_ call: FunctionCall) throws -> Expression {
  let isMonths = call.types[0].isYearMonth
  let type = call.types[1] == .timestampNtz ? DataType.timestampNtz : .timestamp
  if call.arguments.count > 2, call.types[2] != type, call.types[2] != .null {
    throw call.unexpectedType(2, expected: "\"\(type)\"")
  }
  guard case .literal(let given) = fold(call[0]).kind else { throw call.notConstant(0) }
  var width: Int64 = 1
  if case .integer(let value) = given {
    guard value > 0 else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "the length of a bucket must be more than 0",
        origin: call.origin)
    }
    width = value
  }
  var arguments = call.arguments
  if arguments.count == 2 {
    let epoch = Expression.literal(.text("1970-01-01"), .string).implicitlyCast(to: type)
    arguments.append(fold(epoch, timeZoneId: call.session.timeZoneId))
  }
  let typed = [arguments[0]] + arguments[1...].map { $0.implicitlyCast(to: type) }
  let length = width
  return call.with(typed).result(type, canFail: true) { columns, context in
    let zone = type == .timestampNtz ? .utc : try TimeZone.named(context.task.timeZoneId)
    if columns[0].nullCount > 0 { return .nulls(type, count: columns[1].count) }
    return try mapped(columns[1], columns[2], to: type) { (us: Int64, origin: Int64) in
      guard let start = bucket(us, length, isMonths: isMonths, from: origin, zone) else {
        throw overflowed("find the bucket of a timestamp")
      }
      return start
    }
  }
}

/// Buckets of time with no window around them.
let timeBucketFunctions: [FunctionSpec] = [
  .scalar(
    "time_bucket", category: "time",
    summary: "The start of the bucket of time that the instant is in.",
    [
      .value(
        "width", .exactly(.oneOf([.dayTimeInterval, .yearMonthInterval])),
        "how long a bucket is; a constant interval of more than 0"),
      .column("timestamp", .exactly(.anyTimestamp), "the instant"),
      .value(
        "origin", .exactly(.anyTimestamp), default: "1970-01-01 00:00:00",
        "where one of the buckets begins"),
    ], returns: "the type of `timestamp`",
    examples: [
      Example(
        "time_bucket(INTERVAL 15 MINUTES, timestamp'2024-03-10 10:37:12')", "2024-03-10 10:30:00"),
      Example(
        "time_bucket(INTERVAL 15 MINUTES, timestamp'2024-03-10 10:37:12', "
          + "timestamp'2024-01-01 00:05:00')", "2024-03-10 10:35:00"),
      Example(
        "time_bucket(INTERVAL 15 MINUTES, timestamp'1969-12-31 23:52:00')", "1969-12-31 23:45:00"),
      Example(
        "time_bucket(INTERVAL 3 MONTH, timestamp'2024-03-10 10:37:12', "
          + "timestamp'2024-01-31 00:00:00')", "2024-01-31 00:00:00"),
      Example(
        "time_bucket(INTERVAL 7 DAYS, timestamp_ntz'2024-03-10 01:02:03')", "2024-03-07 00:00:00"),
      Example(
        "time_bucket(INTERVAL '-15' MINUTE, timestamp'2024-03-10 10:37:12')",
        "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("time_bucket(INTERVAL 15 MINUTES, NULL)", "NULL"),
      Example(
        "time_bucket(INTERVAL 15 MINUTES, '2024-03-10')",
        "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ], bind: timeBucketCall)
]
