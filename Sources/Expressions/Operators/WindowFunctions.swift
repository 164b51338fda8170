import Columns
import Contract

/// Functions that only a window gives a meaning; the OVER clause fills in partition and order.
let windowFunctions: [FunctionSpec] = [
  ranking("row_number", .rowNumber, .int, "The row's number in its partition, from 1."),
  ranking("rank", .rank, .int, "The row's rank; equal rows share one, and leave a gap behind."),
  ranking("dense_rank", .denseRank, .int, "The row's rank; equal rows share one, with no gap."),
  ranking("percent_rank", .percentRank, .double, "(rank - 1) / (rows - 1)."),
  ranking(
    "cume_dist", .cumulativeDistribution, .double, "The part of the rows that are not greater.",
    isRows: false),
  .function(
    .windowFunction, "ntile", category: "windows",
    summary: "The number of the row's bucket, of `n` buckets of almost equal size.",
    [.value("n", .int, default: "1", filler: (.integer(1), .int), "how many buckets")],
    returns: "INT"
  ) { call in
    guard case .integer(let buckets) = try call.constant(0), buckets > 0 else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "`ntile` needs a number of buckets above 0",
        origin: call.origin)
    }
    return window(call, .ntile, .int, isNullable: false)
  },
  offset("lag", .lag, -1, "The value some rows before this one."),
  offset("lead", .lead, 1, "The value some rows after this one."),
  .function(
    .windowFunction, "nth_value", category: "windows",
    summary: "The value in row `n` of the frame, from 1.",
    [
      .column("value", .any, "the value"), .value("n", .int, "which row"),
      .value(
        "ignoreNulls", .boolean, default: "false", filler: (.boolean(false), .boolean), "skip NULLs"
      ),
    ], returns: "the type of `value`"
  ) { call in
    guard case .integer(let row) = try call.constant(1), row > 0 else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "`nth_value` counts rows from 1",
        origin: call.origin)
    }
    return window(
      call.with([call[0], call[1]]), .nthValue, call.types[0], isNullable: true,
      ignoresNulls: try call.constantValue(2) == .boolean(true))
  },
]

private func window(
  _ call: FunctionCall, _ function: WindowFunction, _ type: DataType, isNullable: Bool,
  frame: WindowFrame = WindowFrame(isRows: true, lower: .unboundedPreceding, upper: .currentRow),
  ignoresNulls: Bool = false
) -> Expression {
  Expression(
    .window(
      WindowCall(
        function, call.arguments, partition: [], order: [], frame: frame,
        ignoresNulls: ignoresNulls)), type, isNullable: isNullable, origin: call.origin)
}

private func ranking(
  _ name: String, _ function: WindowFunction, _ type: DataType, _ summary: String,
  isRows: Bool = true
) -> FunctionSpec {
  .function(.windowFunction, name, category: "windows", summary: summary, [], returns: "\(type)") {
    window(
      $0, function, type, isNullable: false,
      frame: WindowFrame(isRows: isRows, lower: .unboundedPreceding, upper: .currentRow))
  }
}

private func offset(
  _ name: String, _ function: WindowFunction, _ direction: Int64, _ summary: String
) -> FunctionSpec {
  .function(
    .windowFunction, name, category: "windows", summary: summary,
    [
      .column("value", .any, "the value"),
      .value("offset", .int, default: "1", filler: (.integer(1), .int), "how many rows away"),
      .value(
        "default", .any, default: "NULL", filler: (.null, .null),
        "the value where there is no such row"),
      .value(
        "ignoreNulls", .boolean, default: "false", filler: (.boolean(false), .boolean),
        "count only rows where the value is not NULL"),
    ], returns: "the type of `value`"
  ) { call in
    guard case .integer(let distance) = try call.constant(1) else { throw call.notConstant(1) }
    let isText = call.types[2] == .string && call.types[0].isInterval
    guard isText || ImplicitCast.type(for: .type(call.types[0]), from: call.types[2]) != nil else {
      throw call.unexpectedType(2, expected: "\"\(call.types[0])\"")
    }
    let type = call.types[0]
    let bound = WindowFrame.Bound.offset(.integer(distance * direction), .int)
    let filled = call.with([call[0], call[1], call[2].implicitlyCast(to: type)])
    return window(
      filled, function, type, isNullable: call[0].isNullable || call[2].isNullable,
      frame: WindowFrame(isRows: true, lower: bound, upper: bound),
      ignoresNulls: try call.constantValue(3) == .boolean(true))
  }
}
