import Contract

/// `window` and `session_window` make groups of rows, not values: the analyser takes them out of
/// `groupBy`, `select` and `withColumn` before expressions are resolved. What reaches these
/// functions
/// stands where no window can.
let timeWindowSpecs: [FunctionSpec] = [
  placed(
    Spec(
      .function, "window", category: "windows",
      summary:
        "The windows of a fixed length that a moment lies in, each a struct of start and end.",
      parameters: [
        Parameter("time", .column, "TIMESTAMP or TIMESTAMP_NTZ, or a window"),
        Parameter("size", .duration, "the windows' length, such as `10 minutes`"),
        Parameter(
          "slide", .duration, default: "size", "from one window's start to the next one's"),
        Parameter("start", .duration, default: "0 seconds", "shifts all windows"),
      ], returns: "STRUCT<start: TIMESTAMP, end: TIMESTAMP>",
      notes: "Windows begin at multiples of `slide` since 1970-01-01 00:00:00 UTC, whatever the "
        + "session's time zone. A row whose time is NULL lies in none.")),
  placed(
    Spec(
      .function, "session_window", category: "windows",
      summary: "The session of a moment: it goes on while each row follows within the gap.",
      parameters: [
        Parameter("time", .column, "TIMESTAMP or TIMESTAMP_NTZ"),
        Parameter("gap", .value, "a duration such as `5 minutes`, or a Column of it"),
      ], returns: "STRUCT<start: TIMESTAMP, end: TIMESTAMP>",
      notes: "Only in `groupBy`, beside another key in a stream. A row exactly at a session's end "
        + "belongs to it; a gap that is NULL or not positive drops the row.")),
]

private func placed(_ spec: Spec) -> FunctionSpec {
  FunctionSpec(spec) { call in
    throw Failure(
      "UNSUPPORTED_EXPR_FOR_WINDOW",
      "`\(spec.name)` can stand only as a column of `groupBy`, `select` or `withColumn`",
      hint: "Make it a column first, then use its `.start` and `.end`.", origin: call.origin)
  }
}
