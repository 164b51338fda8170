import Contract

/// Functions that only grouping understands: they stand among the keys of `groupBy`, or beside them,
/// and the operators take them apart, so that the catalog of functions does not have them.
enum GroupingFunctions {
  private static let time = Parameter("timeColumn", .column, "the event time, or a window's column")

  static let specs: [Spec] = [
    Spec(
      .function, "window", category: "windows",
      summary: "The windows of fixed width that a time falls into.",
      parameters: [
        time, Parameter("windowDuration", .duration, "the width"),
        Parameter(
          "slideDuration", .duration, default: "windowDuration", "from one window to the next"),
        Parameter(
          "startTime", .duration, default: "'0 seconds'", "from the epoch to a window's start"),
      ], returns: "STRUCT<start: TIMESTAMP, end: TIMESTAMP>",
      notes: "Start is in the window, end is not. Months have no width."),
    Spec(
      .function, "session_window", category: "windows",
      summary: "The window of rows that follow one another without a gap.",
      parameters: [
        time, Parameter("gapDuration", .duration, "the gap, or a Column that gives it for each row"),
      ], returns: "STRUCT<start: TIMESTAMP, end: TIMESTAMP>",
      notes: "A row with a gap of zero, below zero or NULL is in no window."),
    Spec(
      .function, "grouping", category: "windows",
      summary: "1 where `rollup` or `cube` has left the key out, else 0.",
      parameters: [Parameter("col", .column, "a key")], returns: "TINYINT"),
    Spec(
      .function, "grouping_id", category: "windows",
      summary: "The keys that `rollup` or `cube` has left out, as bits.",
      parameters: [Parameter("cols", .column, default: "all keys", "keys")], isVariadic: true,
      returns: "BIGINT"),
  ]
}
