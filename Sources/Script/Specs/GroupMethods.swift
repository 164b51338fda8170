import Contract

extension MethodCatalog {
  private static let names = Parameter(
    "cols", .text, default: "all number columns", "column names")

  static let groupMethods: [Spec] = [
    group(
      "agg", "aggregates", [Parameter("exprs", .column, "aggregates, or functions by column name")],
      variadic: true, "Computes aggregates: `agg(F.sum(\"v\"):alias \"s\")`, `agg { v = \"sum\" }`."
    ),
    group("count", "aggregates", [], "Rows of each group, as `count`."),
    group("sum", "aggregates", [names], variadic: true, "Sums of columns."),
    group("avg", aliases: ["mean"], "aggregates", [names], variadic: true, "Means of columns."),
    group("min", "aggregates", [names], variadic: true, "Least values of columns."),
    group("max", "aggregates", [names], variadic: true, "Greatest values of columns."),
    group(
      "pivot", "aggregates",
      [
        Parameter("column", .column, "whose values become columns"),
        Parameter("values", .table, default: "all there are", "the values, as a list"),
      ], returns: "GroupedData", "Makes a column of each value. Batch only."),
    group(
      "mapGroupsWithState", "state",
      [
        Parameter("options", .table, "`outputSchema`, `stateSchema`, `timeout`, `initialState`"),
        Parameter("fn", .function, "`fn(key, rows, state)` returns one row"),
      ], "Makes one row of each group with new rows, and keeps a state for it. Update mode."),
    group(
      "flatMapGroupsWithState", "state",
      [
        Parameter(
          "options", .table,
          "`outputSchema`, `stateSchema`, `outputMode`, `timeout`, `initialState`"),
        Parameter("fn", .function, "`fn(key, rows, state)` returns a list of rows"),
      ], "Makes rows of each group with new rows or a timeout, and keeps a state for it.",
      notes:
        "`timeout` is `none`, `processingTime` or `eventTime`. A row's state is read and written through `state`: `exists get update remove hasTimedOut setTimeoutDuration setTimeoutTimestamp currentWatermark currentProcessingTime`."
    ),
    group(
      "transformWithState", "state",
      [
        Parameter(
          "processor", .table,
          "`outputSchema`, `outputMode`, `timeMode`, `initialState`, and the functions `init`, `handleInputRows`, `handleExpiredTimer`, `handleInitialState`, `close`"
        )
      ], "Keeps several values, lists and maps for each group, and timers."),
    group(
      "applyInGroups", "state",
      [
        Parameter("fn", .function, "`fn(key, rows)` returns a list of rows"),
        Parameter("schema", .type, "of the rows that the function returns"),
      ], "Makes rows of each whole group."),
  ]
}
