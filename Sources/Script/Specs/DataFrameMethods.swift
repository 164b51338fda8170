import Contract

extension MethodCatalog {
  static let dataFrameMethods =
    columnChoosing + rowChoosing + combining + grouping + statistics + rowFunctions + eventTime
    + actions

  private static let columns = Parameter("cols", .column, "columns, or one list of them")
  private static let names = Parameter("names", .text, "column names, or one list of them")

  private static let columnChoosing: [Spec] = [
    dataFrame(
      "select", "columns", [columns], variadic: true,
      "Computes columns from columns; `\"*\"` stands for all.",
      examples: [
        Example(
          "session:range(2):select(\"id\", (F.col(\"id\") * 2):alias(\"twice\")):show()",
          "+---+-----+\n| id|twice|\n+---+-----+\n|  0|    0|\n|  1|    2|\n+---+-----+\n")
      ]),
    dataFrame(
      "selectExpr", "columns", [Parameter("exprs", .text, "expressions as SQL text")],
      variadic: true, "Computes columns from SQL text: `selectExpr(\"a + 1 AS b\")`."),
    dataFrame(
      "withColumn", "columns",
      [
        Parameter("colName", .text, "the column to add or replace"),
        Parameter(
          "col", .column, "a Column; a string is refused, since nobody can tell a name from a text"),
      ], "Adds a column, or replaces the one of that name."),
    dataFrame(
      "withColumns", "columns", [Parameter("map", .table, "Columns by name")],
      "Adds or replaces several columns, all computed from the old ones.",
      notes: "New columns come in the order of their names: a Lua table has none of its own."),
    dataFrame(
      "withColumnRenamed", "columns",
      [Parameter("existing", .text, "the old name"), Parameter("new", .text, "the new name")],
      "Renames a column; does nothing where there is none of that name."),
    dataFrame(
      "withColumnsRenamed", "columns", [Parameter("map", .table, "new names by old name")],
      "Renames several columns."),
    dataFrame(
      "drop", "columns", [columns], variadic: true,
      "Leaves columns out; a name that is not there is no error."),
    dataFrame("toDF", "columns", [names], variadic: true, "Gives all columns new names."),
    dataFrame("toJSON", "columns", [], "Each row as a JSON object, in a column `value`."),
    dataFrame(
      "alias", "columns", [Parameter("name", .text, "the name")],
      "Names the DataFrame, so that `name.column` tells its columns apart after a join."),
    dataFrame(
      "col", "columns", [Parameter("name", .text, "the column's name")], returns: "Column",
      "The column of this DataFrame, also where a method has its name."),
  ]

  private static let rowChoosing: [Spec] = [
    dataFrame(
      "where", aliases: ["filter"], "rows",
      [Parameter("condition", .any, "a boolean Column, SQL text, or a function of a row")],
      "Keeps the rows for which the condition is true.",
      notes: "A Lua function is called per row and returns a boolean."),
    dataFrame("limit", "rows", [Parameter("n", .integer, "rows at most")], "Keeps the first rows."),
    dataFrame("offset", "rows", [Parameter("n", .integer, "rows")], "Leaves out the first rows."),
    dataFrame(
      "orderBy", aliases: ["sort"], "rows", [columns], variadic: true,
      "Sorts by columns, ascending unless they say `:desc()` or `{ ascending = false }` follows.",
      notes: "Over a stream: after an aggregation in complete mode only."),
    dataFrame("distinct", "rows", [], "Keeps one of equal rows."),
    dataFrame(
      "dropDuplicates", "rows", [Parameter("subset", .columns, default: "all", "column names")],
      "Keeps the first of the rows that agree in these columns.",
      notes:
        "Over a stream the keys seen are kept, until the watermark passes the event time among them."
    ),
    dataFrame(
      "dropDuplicatesWithinWatermark", "rows",
      [Parameter("subset", .columns, default: "all", "column names")],
      "Keeps the first of the rows that agree in these columns within the watermark's delay.",
      notes: "Needs `withWatermark`."),
    dataFrame(
      "dropna", "rows",
      [
        Parameter(
          "how", .word(["any", "all"]), default: "any", "which rows go: with any or all missing"),
        Parameter("thresh", .integer, default: "", "keep rows with at least so many values"),
        Parameter("subset", .columns, default: "all", "column names"),
      ], "Drops rows with NULL or NaN."),
    dataFrame(
      "fillna", "rows",
      [
        Parameter("value", .any, "a number, text or boolean, or a table of them by column"),
        Parameter("subset", .columns, default: "all", "column names"),
      ], "Puts a value where there is NULL or NaN, in the columns of its type."),
    dataFrame(
      "replace", "rows",
      [
        Parameter("toReplace", .any, "a value, a list of them, or a table of new values by old"),
        Parameter(
          "value", .any, default: "", "the new value, or as many as are replaced; `moontide.null`"),
        Parameter("subset", .columns, default: "all", "column names"),
      ], "Puts other values in place of some, in the columns of their kind."),
    dataFrame(
      "unpivot", aliases: ["melt"], "rows",
      [
        Parameter("ids", .columns, "columns that stay"),
        Parameter("values", .columns, default: "all others", "columns that turn into rows"),
        Parameter("variableColumnName", .text, "names the column of their names"),
        Parameter("valueColumnName", .text, "names the column of their values"),
      ], "Turns columns into rows."),
    dataFrame(
      "randomSplit", "rows",
      [
        Parameter("weights", .any, "a list of numbers"),
        Parameter("seed", .integer, default: "random", "the same seed parts the rows alike"),
      ], returns: "list of DataFrames", "Parts the rows at random, by weights. Batch only."),
    dataFrame(
      "sampleBy", "rows",
      [
        Parameter("col", .column, "a column"),
        Parameter("fractions", .table, "shares by its values; rows with other values go"),
        Parameter("seed", .integer, default: "random", "the same seed picks the same rows"),
      ], "Picks rows at random, a share for each value of a column."),
    dataFrame(
      "hint", "rows",
      [
        Parameter("name", .text, "`coalesce`, `repartition`, `broadcast`, …"),
        Parameter("parameters", .any, default: "", "as the hint has them"),
      ], variadic: true,
      "Spark's hints: those for partitions are the methods of that name, those for joins change nothing."
    ),
    dataFrame(
      "sample", "rows",
      [
        Parameter("withReplacement", .boolean, default: "false", "may a row come several times"),
        Parameter("fraction", .number, "the share of rows to expect"),
        Parameter("seed", .integer, default: "random", "the same seed picks the same rows"),
      ], "Picks rows at random. Batch only."),
    dataFrame(
      "repartition", "rows",
      [
        Parameter("numPartitions", .integer, default: "moontide.shuffle.partitions", "how many"),
        Parameter("cols", .column, default: "", "rows that agree in these come together"),
      ], variadic: true, "Spreads the rows anew over partitions."),
    dataFrame(
      "coalesce", "rows", [Parameter("numPartitions", .integer, "how many at most")],
      "Puts partitions together."),
  ]

  private static let other = Parameter("other", .dataFrame, "the other DataFrame")

  private static let combining: [Spec] = [
    dataFrame(
      "join", "joins",
      [
        other,
        Parameter("on", .any, default: "", "a column name, a list of names, or a boolean Column"),
        Parameter(
          "how",
          .word([
            "inner", "left", "leftOuter", "right", "rightOuter", "full", "fullOuter", "leftSemi",
            "leftAnti", "cross",
          ]), default: "inner", "the kind of join"),
      ], "Puts together the rows of two DataFrames that match.",
      notes:
        "Joined by name, a column that both have comes once. Two streams need an equality, and for outer joins watermarks that bound the wait."
    ),
    dataFrame("crossJoin", "joins", [other], "Puts each row together with each of the other."),
    dataFrame(
      "union", aliases: ["unionAll"], "sets", [other],
      "The rows of both, columns matched by position; equal rows stay."),
    dataFrame(
      "unionByName", "sets",
      [
        other,
        Parameter(
          "allowMissingColumns", .boolean, default: "false", "NULL for columns that one lacks"),
      ], "The rows of both, columns matched by name."),
    dataFrame("subtract", "sets", [other], "The rows that the other does not have, each once."),
    dataFrame("exceptAll", "sets", [other], "The rows less those of the other, one for one."),
    dataFrame("intersect", "sets", [other], "The rows that both have, each once."),
    dataFrame("intersectAll", "sets", [other], "The rows that both have, one for one."),
  ]

  private static let grouping: [Spec] = [
    dataFrame(
      "groupBy", "grouping", [columns], variadic: true, returns: "GroupedData",
      "Groups rows that agree in these columns."),
    dataFrame(
      "rollup", "grouping", [columns], variadic: true, returns: "GroupedData",
      "Groups by all columns, by all but the last, and so on down to all rows."),
    dataFrame(
      "cube", "grouping", [columns], variadic: true, returns: "GroupedData",
      "Groups by every combination of the columns."),
    dataFrame(
      "groupingSets", "grouping",
      [Parameter("sets", .any, "a list of lists of columns"), columns], variadic: true,
      returns: "GroupedData", "Groups by each of several sets of the columns."),
    dataFrame(
      "agg", "grouping", [Parameter("exprs", .column, "aggregates, or functions by column name")],
      variadic: true, "Aggregates all rows: `agg(F.sum \"v\")`, `agg { v = \"sum\" }`."),
  ]

  private static let pair = [
    Parameter("col1", .text, "a column's name"), Parameter("col2", .text, "a column's name"),
  ]

  private static let statistics: [Spec] = [
    dataFrame(
      "describe", "statistics", [Parameter("cols", .text, default: "all", "column names")],
      variadic: true, "Count, mean, standard deviation, least and greatest of columns, as text."),
    dataFrame(
      "summary", "statistics",
      [
        Parameter(
          "statistics", .text, default: "those of `describe`, and quartiles",
          "`count`, `mean`, `stddev`, `min`, `max`, `count_distinct`, `approx_count_distinct`, `25%`"
        )
      ], variadic: true, "Statistics of number and text columns, as text."),
    dataFrame(
      "approxQuantile", "statistics",
      [
        Parameter("col", .any, "a column's name, or a list of them"),
        Parameter("probabilities", .any, "a list of numbers from 0 to 1"),
        Parameter("relativeError", .number, "0: exact"),
      ], returns: "list of numbers", "Quantiles of a column; of several, a list of lists.",
      notes: "This and the following are methods of `df.stat` too."),
    dataFrame(
      "corr", "statistics",
      pair + [Parameter("method", .word(["pearson"]), default: "pearson", "which correlation")],
      returns: "number", "The correlation of two columns of numbers; NULL counts as 0."),
    dataFrame(
      "cov", "statistics", pair, returns: "number",
      "The sample covariance of two columns of numbers; NULL counts as 0."),
    dataFrame(
      "crosstab", "statistics", pair,
      "How often each pair of values comes: a row and a column for each value."),
  ]

  private static let function = Parameter("fn", .function, "called in the workers")
  private static let schema = Parameter("schema", .type, "of the rows that the function returns")

  private static let rowFunctions: [Spec] = [
    dataFrame(
      "map", "functions", [function, schema], "Makes one row of each: `fn(row)` returns a row."),
    dataFrame(
      "flatMap", "functions", [function, schema],
      "Makes any number of rows of each: `fn(row)` returns a list of rows."),
    dataFrame(
      "mapPartitions", "functions", [function, schema],
      "Makes rows of a partition's: `fn(rows)` gets an iterator and returns a list of rows."),
    dataFrame(
      "transform", "functions", [Parameter("fn", .function, "gets the DataFrame, returns one")],
      variadic: true, "`df:transform(fn, …)` is `fn(df, …)`, for chains."),
  ]

  private static let eventTime: [Spec] = [
    dataFrame(
      "withWatermark", "event time",
      [
        Parameter("eventTime", .column, "a TIMESTAMP column"),
        Parameter("delayThreshold", .duration, "how late rows may come"),
      ], "Says which column is the event time, and how long to wait for late rows.",
      notes:
        "A row is late when its time is at or before the greatest time seen so far less the delay, as of the batch before."
    ),
    dataFrame(
      "observe", "event time",
      [
        Parameter("name", .text, "as the progress shows it"),
        Parameter("exprs", .column, "aggregates"),
      ],
      variadic: true, "Computes aggregates of each batch on the side, into the query's progress."),
    dataFrame(
      "uid", "event time", [Parameter("name", .text, "unlike any other in the query")],
      "Names the stateful operator just built, so that its state is found again when the plan changes."
    ),
  ]

  private static let actions: [Spec] = [
    dataFrame(
      "show", "actions",
      [
        Parameter("n", .integer, default: "20", "rows at most"),
        Parameter(
          "truncate", .any, default: "true", "cut texts at 20 characters, at so many, or not"),
        Parameter("vertical", .boolean, default: "false", "one line a value"),
      ], returns: "nothing", "Prints the first rows as a table."),
    dataFrame("collect", "actions", [], returns: "list of rows", "All rows, as a list."),
    dataFrame(
      "take", "actions", [Parameter("n", .integer, "rows at most")], returns: "list of rows",
      "The first rows, as a list."),
    dataFrame(
      "head", "actions", [Parameter("n", .integer, default: "", "rows at most")], returns: "row",
      "The first row or nil; with a number, a list."),
    dataFrame("first", "actions", [], returns: "row", "The first row, or nil."),
    dataFrame("count", "actions", [], returns: "integer", "How many rows there are."),
    dataFrame("isEmpty", "actions", [], returns: "boolean", "Whether there is no row."),
    dataFrame(
      "tail", "actions", [Parameter("n", .integer, "rows at most")], returns: "list of rows",
      "The last rows, as a list."),
    dataFrame(
      "toLocalIterator", "actions", [], returns: "iterator",
      "The rows one by one: `for row in df:toLocalIterator() do`."),
    dataFrame(
      "foreach", "actions", [Parameter("fn", .function, "called with each row")],
      returns: "nothing", "Calls a function for each row."),
    dataFrame(
      "explain", "actions",
      [
        Parameter(
          "mode", .word(["simple", "extended", "cost", "formatted"]), default: "simple",
          "how much")
      ], returns: "nothing", "Prints the plan."),
    dataFrame("printSchema", "actions", [], returns: "nothing", "Prints the columns as a tree."),
    dataFrame(
      "persist", aliases: ["cache"], "actions", [], "Keeps the rows once they are computed."),
    dataFrame("unpersist", "actions", [], "Lets go of what `persist` kept."),
    dataFrame(
      "createTempView", "actions", [Parameter("name", .text, "for SQL text")], returns: "nothing",
      "As `createOrReplaceTempView`, but raises where there is such a view."),
    dataFrame(
      "createOrReplaceTempView", "actions", [Parameter("name", .text, "for SQL text")],
      returns: "nothing",
      "Makes the DataFrame known by a name to `session:sql` and `session:table`."),
  ]
}
