import Contract

extension MethodCatalog {
  static let sessionMethods =
    module + session + readers + writer + streamWriter + query + streams + memory

  private static let module: [Spec] = [
    method(
      of: "moontide", "session",
      [
        Parameter(
          "settings", .table, default: "",
          "`appName`, `conf` (settings by name), `master` (`local[N]`: N threads)")
      ], returns: "Session", "Gets the session, or makes it."),
    method(
      of: "moontide", "source",
      [
        Parameter(
          "declaration", .table,
          "`name`, `options`, `schema`, `initialOffset`, `latestOffset`, `read`, `commit`, `close`")
      ], "Makes a source of the script's own known as a format."),
    method(
      of: "moontide", "sink",
      [
        Parameter(
          "declaration", .table,
          "`name`, `options`, `modes`, `open`, `write`, `commit`, `abort`, `close`")
      ], "Makes a sink of the script's own known as a format."),
  ]

  private static let name = Parameter("name", .text, "the name")

  private static let session: [Spec] = [
    method(
      of: "Session", "sql",
      [
        Parameter("text", .text, "a query"),
        Parameter("args", .table, default: "", "values of `:name`, or of `?` as a list"),
      ], returns: "DataFrame", "A query as text, over views and tables."),
    method(of: "Session", "table", [name], returns: "DataFrame", "A view or table by its name."),
    method(
      of: "Session", "range",
      [
        Parameter("start", .integer, default: "0", "the first"),
        Parameter("end", .integer, "behind the last"),
        Parameter("step", .integer, default: "1", "between two"),
      ], returns: "DataFrame", "Integers, in a column `id`."),
    method(
      of: "Session", "createDataFrame",
      [
        Parameter("data", .table, "rows, each a list of values or a table by column"),
        Parameter("schema", .type, "their columns"),
      ], returns: "DataFrame", "Rows of the script's own."),
    method(
      of: "Session", "memoryStream", [Parameter("schema", .type, "the columns")],
      returns: "MemoryStream", "A stream whose rows the script hands in, for tests."),
    method(of: "Session", "stop", [], "Stops every query."),
    method(of: "RuntimeConfig", "get", [name], returns: "text", "A setting's value, as text."),
    method(
      of: "RuntimeConfig", "set", [name, Parameter("value", .any, "text, a number or a boolean")],
      "Changes a setting, for queries that start from now on."),
    method(of: "RuntimeConfig", "unset", [name], "Gives a setting its default again."),
    method(
      of: "UDFRegistration", "register",
      [
        name, Parameter("f", .function, "a function, or one made by `F.udf` or `F.udaf`"),
        Parameter("returnType", .type, default: "STRING", "of the function's results"),
      ], returns: "function", "Makes a function known to SQL text; returns it for use on Columns."),
    method(
      of: "Catalog", "listTables", [], returns: "table[]",
      "Views and tables: `name`, `isTemporary`."),
    method(
      of: "Catalog", "tableExists", [name], returns: "boolean", "Whether there is a view or table."),
    method(
      of: "Catalog", "listColumns", [name], returns: "table[]",
      "The columns of a view or table: `name`, `dataType`, `nullable`."),
    method(
      of: "Catalog", "functionExists", [name], returns: "boolean",
      "Whether SQL text may call a function of that name."),
    method(
      of: "Catalog", "dropTempView", [name], returns: "boolean",
      "Removes a view; whether there was one."),
  ]

  private static let format = Parameter("name", .text, "a format, such as `json`")
  private static let path = Parameter("path", .text, "a file or folder")
  private static let fileFormats = ["json", "csv", "text", "parquet", "orc"]

  private static func options(of owner: String) -> [Spec] {
    [
      method(of: owner, "format", [format], returns: owner, "Chooses the format."),
      method(
        of: owner, "option",
        [
          Parameter("key", .text, "the option's name"),
          Parameter("value", .any, "text, number or boolean"),
        ],
        returns: owner, "Sets an option."),
      method(
        of: owner, "options", [Parameter("map", .table, "values by name")], returns: owner,
        "Sets several options."),
    ]
  }

  private static let readers: [Spec] = ["DataFrameReader", "DataStreamReader"].flatMap { owner in
    options(of: owner) + [
      method(
        of: owner, "schema", [Parameter("schema", .type, "the columns")], returns: owner,
        "Says which columns to read."),
      method(
        of: owner, "load", [Parameter("path", .text, default: "", "a file or folder")],
        returns: "DataFrame", "Reads what the format and options say."),
      method(of: owner, "table", [name], returns: "DataFrame", "Reads a view or table."),
    ]
      + fileFormats.map {
        method(of: owner, $0, [path], returns: "DataFrame", "Reads \($0) files.")
      }
  }

  private static let partitionBy = Parameter("names", .text, "columns")

  private static let writer: [Spec] =
    options(of: "DataFrameWriter") + [
      method(
        of: "DataFrameWriter", "mode",
        [
          Parameter(
            "mode", .word(["append", "overwrite", "ignore", "error", "update"]),
            "what to do where something is")
        ], returns: "DataFrameWriter",
        "Says what to do where something is already; `error` if not said."),
      method(
        of: "DataFrameWriter", "partitionBy", [partitionBy], variadic: true,
        returns: "DataFrameWriter", "One folder for each value of these columns."),
      method(
        of: "DataFrameWriter", "save", [Parameter("path", .text, default: "", "a folder")],
        "Writes the rows."),
      method(
        of: "DataFrameWriter", "saveAsTable", [name], "Keeps the rows as a table of the session."),
    ] + fileFormats.map { method(of: "DataFrameWriter", $0, [path], "Writes \($0) files.") }

  private static let streamWriter: [Spec] =
    options(of: "DataStreamWriter") + [
      method(
        of: "DataStreamWriter", "outputMode",
        [
          Parameter("mode", .word(["append", "update", "complete"]), "which rows each batch gives")
        ],
        returns: "DataStreamWriter", "New rows, changed rows, or the whole result."),
      method(
        of: "DataStreamWriter", "queryName", [name], returns: "DataStreamWriter", "Names the query."
      ),
      method(
        of: "DataStreamWriter", "partitionBy", [partitionBy], variadic: true,
        returns: "DataStreamWriter", "One folder for each value of these columns."),
      method(
        of: "DataStreamWriter", "trigger",
        [
          Parameter(
            "trigger", .table,
            "`{ processingTime = \"1 second\" }`, `{ availableNow = true }`, `{ once = true }`")
        ], returns: "DataStreamWriter",
        "Says when batches run; as soon as there is something new if not said."),
      method(
        of: "DataStreamWriter", "foreach",
        [Parameter("writer", .any, "`function(row)`, or `{ open =, process =, close = }`")],
        returns: "DataStreamWriter",
        "Hands every row to a function, in a worker with the whole standard library."),
      method(
        of: "DataStreamWriter", "foreachBatch", [Parameter("fn", .function, "`fn(df, batchId)`")],
        returns: "DataStreamWriter", "Hands every batch to a function in the script's own state."),
      method(
        of: "DataStreamWriter", "start",
        [Parameter("path", .text, default: "", "where a file sink writes")],
        returns: "StreamingQuery", "Starts the query."),
      method(
        of: "DataStreamWriter", "toTable", [name], returns: "StreamingQuery",
        "Starts the query, writing to a table of the session."),
    ]

  private static let seconds = Parameter("timeout", .number, default: "", "seconds")

  private static let query: [Spec] = [
    method(
      of: "StreamingQuery", "stop", [],
      "Waits for the current batch, then ends the query; in a callback it only asks."),
    method(
      of: "StreamingQuery", "awaitTermination", [seconds], returns: "boolean",
      "Waits for the query's end and raises its error; with seconds, says whether it has ended."),
    method(
      of: "StreamingQuery", "processAllAvailable", [],
      "Returns when all rows available now have been processed."),
    method(
      of: "StreamingQuery", "explain",
      [Parameter("extended", .boolean, default: "false", "all stages")],
      "Prints the plan."),
  ]

  private static let streams: [Spec] = [
    method(
      of: "StreamingQueries", "get", [Parameter("id", .text, "a query's id")],
      returns: "StreamingQuery", "The active query of an id, or nil."),
    method(
      of: "StreamingQueries", "awaitAnyTermination", [seconds], returns: "boolean",
      "Waits until any query has ended."),
    method(of: "StreamingQueries", "resetTerminated", [], "Forgets the queries that have ended."),
    method(
      of: "StreamingQueries", "addListener",
      [
        Parameter(
          "listener", .table,
          "`onQueryStarted`, `onQueryProgress`, `onQueryIdle`, `onQueryTerminated`, each `function(event)`"
        )
      ], "Hears of every query's start, batches and end."),
    method(
      of: "StreamingQueries", "removeListener", [Parameter("listener", .table, "as it was added")],
      "Stops a listener from hearing."),
  ]

  private static let memory: [Spec] = [
    method(
      of: "MemoryStream", "addData", [Parameter("rows", .table, "as for `createDataFrame`")],
      "Adds rows."),
    method(of: "MemoryStream", "toDF", [], returns: "DataFrame", "The stream as a DataFrame."),
  ]
}
