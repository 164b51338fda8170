import Columns
import Contract

private func names(
  _ name: String, _ summary: String, _ words: [String], _ index: @escaping @Sendable (Int) -> Int,
  _ examples: [Example]
) -> FunctionSpec {
  timeFunction(name, summary, [dateParameter], returns: .string, examples) { columns, _ in
    try mappedText(columns[0]) { (days: Int32, out) in out.append(words[index(Int(days))]) }
  }
}

/// Names of days and months.
let timeNameFunctions: [FunctionSpec] = [
  names(
    "dayname", "The short English name of the day of the week.",
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], { Calendar.weekday($0) },
    [
      Example("dayname(date'2008-02-20')", "Wed"), Example("dayname(NULL)", "NULL"),
      Example("dayname(date'-0044-03-15')", "Thu"),
      Example("dayname(date'9999-12-31')", "Fri"),
      Example("dayname('')", "error CAST_INVALID_INPUT"),
      Example("dayname('é')", "error CAST_INVALID_INPUT"),
    ]),
  names(
    "monthname", "The short English name of the month.",
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    { Calendar.date(ofDays: $0).month - 1 },
    [
      Example("monthname(date'2008-02-20')", "Feb"), Example("monthname(NULL)", "NULL"),
      Example("monthname(date'-0044-03-15')", "Mar"),
      Example("monthname(date'9999-12-31')", "Dec"),
      Example("monthname('')", "error CAST_INVALID_INPUT"),
      Example("monthname('é')", "error CAST_INVALID_INPUT"),
    ]),
]
