import Columns
import Contract

private let defaultPattern = "yyyy-MM-dd HH:mm:ss"

private func pattern(_ defaultText: String?) -> FunctionParameter {
  .value(
    "pattern", .string, default: defaultText, "a datetime pattern such as 'yyyy-MM-dd HH:mm:ss'")
}

private let text = FunctionParameter.column(
  "text", .oneOf([.string, .date, .timestamp, .timestampNtz]), "the text, a date or an instant")

private let textOrNumber = FunctionParameter.column(
  "text", .oneOf([.string, .date, .timestamp, .timestampNtz, .numeric]),
  "the text, a date, an instant or a count of seconds")

/// TO_TIMESTAMP and its kin: with a pattern, or as a cast reads the text.
private func toInstant(
  _ name: String, aliases: [String] = [], to type: DataType, isTry: Bool, _ summary: String,
  _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: "time", summary: summary,
    [type == .timestamp ? textOrNumber : text, pattern("")],
    returns: "\(type)", examples: examples
  ) { call in
    if call.arguments.count == 1 || call.types[0] != .string {
      return try call[0].cast(to: type, isTry: isTry && call.types[0] == .string)
    }
    return call.result(type, nullable: .always, canFail: !isTry) { columns, context in
      var patterns = PatternColumn(columns[1], for: .parsing)
      let zone = type == .timestampNtz ? .utc : try TimeZone.named(context.task.timeZoneId)
      let (texts, shape) = (columns[0].strings, KernelShape(of: columns))
      if shape.isAllNull { return .nulls(type, count: shape.count) }
      let isDate = type == .date
      let values = Buffer.zeroed(capacity: shape.computed * 8)
      let validity = try shape.validityOfRows { row in
        let pattern = try patterns.pattern(row, ofClock: type == .timestampNtz)
        let bytes = texts[row].octets
        if isDate {
          // A zone in the text makes it an instant, which has its date in the session's zone.
          let days =
            pattern.hasZone
            ? pattern.timestamp(bytes, zone: zone).map {
              Int32(truncatingIfNeeded: zone.days(ofInstant: $0))
            }
            : pattern.date(bytes)
          guard let days else {
            if isTry { return false }
            throw pattern.failure(bytes)
          }
          values.typed(Int32.self)[row] = days
          return true
        }
        let us =
          type == .timestampNtz
          ? pattern.timestampWithoutZone(bytes) : pattern.timestamp(bytes, zone: zone)
        guard let us else {
          if isTry { return false }
          throw pattern.failure(bytes)
        }
        values.typed(Int64.self)[row] = us
        return true
      }
      return shape.vector(type, values, validity: validity)
    }
  }
}

/// Seconds since the epoch of a text or instant.
private func toSeconds(_ name: String, _ parameters: [FunctionParameter], _ examples: [Example])
  -> FunctionSpec
{
  .scalar(
    name, category: "time", summary: "Seconds since 1970-01-01 00:00:00 UTC.", parameters,
    returns: "BIGINT",
    examples: examples
  ) { call in
    if call.arguments.isEmpty {
      return call.result(.long, nullable: .never) { _, context in
        .constant(
          .integer(Calendar.floorQuotient(context.task.batchTimeUs, 1_000_000)), .long,
          count: context.count)
      }
    }
    if call.types[0] != .string {
      let instant =
        call.types[0] == .timestampNtz ? call[0] : call[0].implicitlyCast(to: .timestamp)
      return call.with([instant]).result(.long) { columns, _ in
        // Towards 0, as Spark divides here.
        try mapped(columns[0], to: .long) { (us: Int64) in us / 1_000_000 }
      }
    }
    var arguments = call.arguments
    if arguments.count == 1 { arguments.append(.literal(.text(defaultPattern), .string)) }
    return call.with(arguments).result(.long, canFail: true) { columns, context in
      var patterns = PatternColumn(columns[1], for: .parsing)
      let zone = try TimeZone.named(context.task.timeZoneId)
      let (texts, shape) = (columns[0].strings, KernelShape(of: columns))
      if shape.isAllNull { return .nulls(.long, count: shape.count) }
      let values = Buffer.zeroed(capacity: shape.computed * 8)
      try shape.forEachRow { row in
        let pattern = try patterns[row]
        guard let us = pattern.timestamp(texts[row].octets, zone: zone) else {
          throw pattern.failure(texts[row].octets)
        }
        values.typed(Int64.self)[row] = Calendar.floorQuotient(us, 1_000_000)
      }
      return shape.vector(.long, values)
    }
  }
}

/// Instants as text by patterns.
private func formatted(
  _ instants: Vector, _ patterns: Vector, _ context: EvaluationContext
) throws -> Vector {
  let zone = try TimeZone.named(context.task.timeZoneId)
  var column = PatternColumn(patterns, for: .formatting)
  var printer: PatternPrinter?
  var last: DateTimePattern?
  let shape = KernelShape(instants, patterns)
  if shape.isAllNull { return .nulls(.string, count: shape.count) }
  let reader = FixedReader<Int64>(instants)
  var out = TextCollector(shape, .string)
  try shape.forEachRow { row in
    let pattern = try column[row]
    if pattern !== last {
      printer = PatternPrinter(pattern, zone: zone)
      last = pattern
    }
    try out.row(row) { writer in
      if !(printer?.append(reader[row], to: &writer.bytes) ?? false) {
        throw Failure(
          "INVALID_PARAMETER_VALUE.PATTERN",
          "the pattern `\(pattern.text)` cannot show this instant")
      }
    }
  }
  return out.finish()
}

/// Text ↔ dates and instants.
let timeTextFunctions: [FunctionSpec] = [
  toInstant(
    "to_timestamp", to: .timestamp, isTry: false, "The instant that a text says.",
    [
      Example("to_timestamp('2016-12-31 00:12:00')", "2016-12-31 00:12:00"),
      Example("to_timestamp('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00"),
      Example("to_timestamp('31/12/2016 23:05', 'dd/MM/yyyy HH:mm')", "2016-12-31 23:05:00"),
      Example("to_timestamp('2016-12-31T00:12:00+02:00')", "2016-12-30 22:12:00"),
      Example("to_timestamp('nonsense')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp('nonsense', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_timestamp(NULL)", "NULL"),
      Example("to_timestamp('')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp('é')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp('-0044-03-15')", "-0044-03-15 00:00:00"),
      Example("to_timestamp('9999-12-31')", "9999-12-31 00:00:00"),
      Example("to_timestamp('', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_timestamp('2024年', 'yyyy年')", "2024-01-01 00:00:00"),
      Example("to_timestamp('2024-02-30', 'yyyy-MM-dd')", "error CANNOT_PARSE_TIMESTAMP"),
      Example(
        "to_timestamp('2024', 'YYYY')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
    ]),
  toInstant(
    "to_timestamp_ltz", to: .timestamp, isTry: false, "As `to_timestamp`.",
    [
      Example("to_timestamp_ltz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00"),
      Example("to_timestamp_ltz(NULL)", "NULL"),
      Example("to_timestamp_ltz('')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp_ltz('é')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp_ltz('-0044-03-15')", "-0044-03-15 00:00:00"),
      Example("to_timestamp_ltz('9999-12-31')", "9999-12-31 00:00:00"),
      Example("to_timestamp_ltz('', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_timestamp_ltz('2024年', 'yyyy年')", "2024-01-01 00:00:00"),
      Example("to_timestamp_ltz('2024-02-30', 'yyyy-MM-dd')", "error CANNOT_PARSE_TIMESTAMP"),
      Example(
        "to_timestamp_ltz('2024', 'YYYY')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
    ]),
  toInstant(
    "to_timestamp_ntz", to: .timestampNtz, isTry: false, "The time of a clock with no zone.",
    [
      Example("to_timestamp_ntz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00"),
      Example("to_timestamp_ntz(NULL)", "NULL"),
      Example("to_timestamp_ntz('')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp_ntz('é')", "error CAST_INVALID_INPUT"),
      Example("to_timestamp_ntz('-0044-03-15')", "-0044-03-15 00:00:00"),
      Example("to_timestamp_ntz('9999-12-31')", "9999-12-31 00:00:00"),
      Example("to_timestamp_ntz('', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_timestamp_ntz('2024年', 'yyyy年')", "2024-01-01 00:00:00"),
      Example("to_timestamp_ntz('2024-02-30', 'yyyy-MM-dd')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_timestamp_ntz('2024', 'YYYY')", "error INVALID_DATETIME_PATTERN.WITH_SUGGESTION"),
    ]),
  toInstant(
    "try_to_timestamp", to: .timestamp, isTry: true,
    "As `to_timestamp`; NULL for a malformed text.",
    [
      Example("try_to_timestamp('2016-12-31 00:12:00')", "2016-12-31 00:12:00"),
      Example("try_to_timestamp('foo', 'yyyy-MM-dd')", "NULL"),
      Example("try_to_timestamp('foo')", "NULL"), Example("try_to_timestamp(NULL)", "NULL"),
      Example("try_to_timestamp('')", "NULL"),
      Example("try_to_timestamp('é')", "NULL"),
      Example("try_to_timestamp('-0044-03-15')", "-0044-03-15 00:00:00"),
      Example("try_to_timestamp('9999-12-31')", "9999-12-31 00:00:00"),
      Example("try_to_timestamp('', 'yyyy')", "NULL"),
      Example("try_to_timestamp('2024年', 'yyyy年')", "2024-01-01 00:00:00"),
      Example("try_to_timestamp('2024-02-30', 'yyyy-MM-dd')", "NULL"),
      Example(
        "try_to_timestamp('2024', 'YYYY')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
    ]),
  toInstant(
    "to_date", to: .date, isTry: false, "The date that a text says.",
    [
      Example("to_date('2009-07-30 04:17:52')", "2009-07-30"),
      Example("to_date('2016-12-31', 'yyyy-MM-dd')", "2016-12-31"),
      Example("to_date('31/12/2016', 'dd/MM/yyyy')", "2016-12-31"),
      Example("to_date('nonsense')", "error CAST_INVALID_INPUT"),
      Example("to_date('nonsense', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_date(timestamp'2009-07-30 04:17:52')", "2009-07-30"),
      Example("to_date(NULL)", "NULL"),
      Example("to_date('')", "error CAST_INVALID_INPUT"),
      Example("to_date('é')", "error CAST_INVALID_INPUT"),
      Example("to_date('-0044-03-15')", "-0044-03-15"),
      Example("to_date('9999-12-31')", "9999-12-31"),
      Example("to_date('', 'yyyy')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_date('2024年', 'yyyy年')", "2024-01-01"),
      Example("to_date('2024-02-30', 'yyyy-MM-dd')", "error CANNOT_PARSE_TIMESTAMP"),
      Example(
        "to_date('2024', 'YYYY')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
    ]),
  toInstant(
    "try_to_date", to: .date, isTry: true, "As `to_date`; NULL for a malformed text.",
    [
      Example("try_to_date('2016-12-31')", "2016-12-31"),
      Example("try_to_date('foo', 'yyyy')", "NULL"), Example("try_to_date(NULL)", "NULL"),
      Example("try_to_date('')", "NULL"),
      Example("try_to_date('é')", "NULL"),
      Example("try_to_date('-0044-03-15')", "-0044-03-15"),
      Example("try_to_date('9999-12-31')", "9999-12-31"),
      Example("try_to_date('', 'yyyy')", "NULL"),
      Example("try_to_date('2024年', 'yyyy年')", "2024-01-01"),
      Example("try_to_date('2024-02-30', 'yyyy-MM-dd')", "NULL"),
      Example(
        "try_to_date('2024', 'YYYY')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
    ]),
  timeFunction(
    "date_format", "The instant as text, by a pattern.",
    [timestampParameter, pattern(nil)], returns: .string, canFail: true,
    [
      Example("date_format('2016-04-08', 'y')", "2016"),
      Example(
        "date_format(timestamp'2016-04-08 13:05:07.123', 'EEE, d MMM yyyy hh:mm:ss.SSS a')",
        "Fri, 8 Apr 2016 01:05:07.123 PM"),
      Example(
        "date_format('2016-04-08', 'bogus')",
        "error INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN"),
      Example("date_format(NULL, 'y')", "NULL"),
      Example("date_format(timestamp'-0044-03-15 01:02:03', 'G y-MM-dd')", "BC 45-03-15"),
      Example("date_format('', 'y')", "error CAST_INVALID_INPUT"),
      Example("date_format('2024-01-01', '')", ""),
      Example("date_format('2024-01-01', 'y年M月')", "2024年1月"),
      Example("date_format('9999-12-31', 'D')", "365"),
    ]
  ) { columns, context in try formatted(columns[0], columns[1], context) },
  timeFunction(
    "from_unixtime", "Seconds since the epoch as text, by a pattern.",
    [
      .column("seconds", .long, "the seconds"),
      .value(
        "pattern", .string, default: "'\(defaultPattern)'",
        filler: (.text(defaultPattern), .string), "a datetime pattern"),
    ], returns: .string, canFail: true,
    [
      Example("from_unixtime(0)", "1970-01-01 00:00:00"),
      Example("from_unixtime(-1, 'yyyy-MM-dd')", "1969-12-31"),
      Example("from_unixtime(NULL)", "NULL"),
      Example("from_unixtime(-1)", "1969-12-31 23:59:59"),
      Example("from_unixtime(253402300800)", "+10000-01-01 00:00:00"),
      Example("from_unixtime(0, '')", ""),
      Example("from_unixtime(0, 'y年')", "1970年"),
    ]
  ) { columns, context in
    let instants = try mapped(columns[0], to: .timestamp) { (seconds: Int64) in
      seconds &* 1_000_000
    }
    return try formatted(instants, columns[1], context)
  },
  toSeconds(
    "unix_timestamp",
    [
      .column(
        "text", .exactly(.oneOf([.string, .date, .timestamp, .timestampNtz])),
        default: "current_timestamp()", "the text, a date or an instant"),
      pattern("'\(defaultPattern)'"),
    ],
    [
      Example("unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460073600"),
      Example("unix_timestamp('1970-01-01 00:00:01')", "1"),
      Example("unix_timestamp(timestamp'1969-12-31 23:59:59.5')", "0"),
      Example("unix_timestamp('nonsense')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("unix_timestamp(NULL)", "NULL"),
      Example("unix_timestamp('')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("unix_timestamp('é')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("unix_timestamp(date'-0044-03-15')", "-63549360000"),
      Example("unix_timestamp(timestamp'9999-12-31 23:59:59')", "253402300799"),
    ]),
  toSeconds(
    "to_unix_timestamp",
    [
      .column(
        "text", .exactly(.oneOf([.string, .date, .timestamp, .timestampNtz])),
        "the text, a date or an instant"),
      pattern("'\(defaultPattern)'"),
    ],
    [
      Example("to_unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460073600"),
      Example("to_unix_timestamp(NULL)", "NULL"),
      Example("to_unix_timestamp('')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_unix_timestamp('é')", "error CANNOT_PARSE_TIMESTAMP"),
      Example("to_unix_timestamp(date'-0044-03-15')", "-63549360000"),
      Example("to_unix_timestamp(1)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ]),
]
