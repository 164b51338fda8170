import Columns
import Contract

private let seconds = FunctionParameter.column(
  "seconds", .type(.decimal(precision: 18, scale: 6)), default: "0",
  filler: (.decimal(0), .decimal(precision: 18, scale: 6)), "seconds")

private func makeInterval(
  _ name: String, isTry: Bool, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  .scalar(
    name, category: "time", summary: summary,
    ["years", "months", "weeks", "days", "hours", "minutes"].map {
      .column($0, .int, default: "0", filler: (.integer(0), .int), $0)
    } + [seconds], returns: "INTERVAL", examples: examples,
    notes: "Months, days and time are kept apart, so such an interval has no order and no length."
  ) { call in
    call.result(.calendarInterval, nullable: isTry ? .always : .ofArguments, canFail: !isTry) {
      columns, _ in
      let shape = KernelShape(of: columns)
      if shape.isAllNull { return .nulls(.calendarInterval, count: shape.count) }
      let counts = columns.dropLast().map { FixedReader<Int32>($0) }
      let seconds = FixedReader<Int128>(columns[6])
      let values = Buffer.zeroed(capacity: shape.computed * 16)
      let validity = try shape.validityOfRows { row in
        let months = Int64(counts[0][row]) * 12 + Int64(counts[1][row])
        let days = Int64(counts[2][row]) * 7 + Int64(counts[3][row])
        let us =
          seconds[row] + Int128(counts[4][row]) * 3_600_000_000 + Int128(counts[5][row])
          * 60_000_000
        guard let months = Int32(exactly: months), let days = Int32(exactly: days),
          let us = Int64(exactly: us), Int32(exactly: Int64(counts[2][row]) * 7) != nil,
          Int32(exactly: Int64(counts[0][row]) * 12) != nil
        else {
          if isTry { return false }
          throw Failure(
            "ARITHMETIC_OVERFLOW", "integer overflow",
            hint: "Use `try_make_interval` to tolerate overflow and return NULL instead.")
        }
        values.typed(Int128.self)[row] =
          CalendarInterval(months: months, days: days, microseconds: us).bits
        return true
      }
      return shape.vector(.calendarInterval, values, validity: validity)
    }
  }
}

/// Intervals of their parts.
let intervalMakingFunctions: [FunctionSpec] = [
  .scalar(
    "make_dt_interval", category: "time", summary: "A day-time interval of its parts.",
    [
      .column("days", .int, default: "0", filler: (.integer(0), .int), "days"),
      .column("hours", .int, default: "0", filler: (.integer(0), .int), "hours"),
      .column("minutes", .int, default: "0", filler: (.integer(0), .int), "minutes"),
      seconds,
    ], returns: "INTERVAL DAY TO SECOND",
    examples: [
      Example(
        "make_dt_interval(1, 12, 30, 01.001001)", "INTERVAL '1 12:30:01.001001' DAY TO SECOND"),
      Example("make_dt_interval(2)", "INTERVAL '2 00:00:00' DAY TO SECOND"),
      Example("make_dt_interval(-1, 25)", "INTERVAL '0 01:00:00' DAY TO SECOND"),
      Example("make_dt_interval(100, NULL, 3)", "NULL"),
      Example(
        "make_dt_interval(106751992)", "error INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION"),
      Example("make_dt_interval(0, 0, 0, -1.5)", "INTERVAL '-0 00:00:01.5' DAY TO SECOND"),
    ]
  ) { call in dayTime(call, [86_400_000_000, 3_600_000_000, 60_000_000, 1]) },
  timeFunction(
    "make_ym_interval", "A year-month interval of its parts.",
    [
      .column("years", .int, default: "0", filler: (.integer(0), .int), "years"),
      .column("months", .int, default: "0", filler: (.integer(0), .int), "months"),
    ], returns: .yearToMonth, canFail: true,
    [
      Example("make_ym_interval(1, 2)", "INTERVAL '1-2' YEAR TO MONTH"),
      Example("make_ym_interval(1, -14)", "INTERVAL '-0-2' YEAR TO MONTH"),
      Example(
        "make_ym_interval(2147483647, 1)", "error INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION"),
      Example("make_ym_interval(NULL, 1)", "NULL"),
      Example("make_ym_interval(-1, -2)", "INTERVAL '-1-2' YEAR TO MONTH"),
      Example("make_ym_interval(178956970, 7)", "INTERVAL '178956970-7' YEAR TO MONTH"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .yearToMonth) { (years: Int32, months: Int32) in
      guard let all = Int32(exactly: Int64(years) * 12 + Int64(months)) else {
        throw Failure("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "integer overflow")
      }
      return all
    }
  },
  makeInterval(
    "make_interval", isTry: false, "An interval of its parts.",
    [
      Example(
        "make_interval(100, 11, 1, 1, 12, 30, 01.001001)",
        "100 years 11 months 8 days 12 hours 30 minutes 1.001001 seconds"),
      Example(
        "make_interval(0, 1, 0, 1, 0, 0, -100.000001)",
        "1 months 1 days -1 minutes -40.000001 seconds"),
      Example("make_interval()", "0 seconds"), Example("make_interval(100, NULL, 3)", "NULL"),
      Example("make_interval(2147483647, 1)", "error ARITHMETIC_OVERFLOW"),
      Example(
        "timestamp'2024-01-31 00:00:00' + make_interval(0, 0, 1, 2, 3)", "2024-02-09 03:00:00"),
      Example("date'2024-01-31' + make_interval(1, 1)", "2025-02-28"),
    ]),
  makeInterval(
    "try_make_interval", isTry: true, "As `make_interval`; NULL where a part overflows.",
    [
      Example("try_make_interval(1, 2, 3)", "1 years 2 months 21 days"),
      Example("try_make_interval(2147483647, 1)", "NULL"),
      Example("try_make_interval(NULL)", "NULL"),
      Example("try_make_interval('x')", "error CAST_INVALID_INPUT"),
      Example("try_make_interval(-1, -2)", "-1 years -2 months"),
    ]),
]

/// A day-time interval of counts in units of so many microseconds; the last argument is DECIMAL
/// seconds.
private func dayTime(_ call: FunctionCall, _ units: [Int64]) -> Expression {
  call.result(.dayToSecond, canFail: true) { columns, _ in
    let shape = KernelShape(of: columns)
    if shape.isAllNull { return .nulls(.dayToSecond, count: shape.count) }
    let counts = columns.dropLast().map { FixedReader<Int32>($0) }
    let seconds = FixedReader<Int128>(columns[columns.count - 1])
    let values = Buffer.zeroed(capacity: shape.computed * 8)
    try shape.forEachRow { row in
      var total = seconds[row]
      for (count, unit) in zip(counts, units) { total += Int128(count[row]) * Int128(unit) }
      guard let us = Int64(exactly: total) else {
        throw Failure("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "long overflow")
      }
      values.typed(Int64.self)[row] = us
    }
    return shape.vector(.dayToSecond, values)
  }
}
