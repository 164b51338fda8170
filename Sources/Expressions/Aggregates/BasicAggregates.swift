import Columns
import Contract

extension FunctionCall {
  /// This call as an aggregate: DISTINCT and FILTER are taken from the call. `arguments` are those
  /// that are evaluated row by row (by default all).
  func aggregate(
    _ function: any AggregateFunction, over arguments: [Expression]? = nil
  ) -> Expression {
    let arguments = arguments ?? self.arguments
    let distinct =
      isDistinct ? DistinctAccumulator.function(function, arguments.map(\.type)) : function
    return Expression(
      .aggregate(
        AggregateCall(distinct, arguments, isDistinct: isDistinct, filter: filter)),
      function.resultType, isNullable: function.isNullable, origin: origin)
  }

  /// The same call over distinct arguments.
  var distinct: FunctionCall {
    FunctionCall(
      name: name, arguments: arguments, isDistinct: true, filter: filter, origin: origin,
      session: session, lambda: lambda)
  }

  /// The value of an argument that hangs on no row, of any type.
  func constantValue(_ index: Int) throws -> Scalar {
    let argument = arguments[index]
    guard argument.references.isEmpty, argument.isDeterministic else { throw notConstant(index) }
    let context = EvaluationContext(
      Batch([], count: 1), task: TaskContext(timeZoneId: session.timeZoneId))
    return try CompiledExpression(argument, input: []).evaluate(context).scalar(0)
  }

  /// A parameter that must be a constant that is not NULL.
  func constantInteger(_ index: Int) throws -> Int64 {
    if case .integer(let value) = try constant(index) { return value }
    throw unexpectedType(index, expected: "an integer that is not NULL")
  }

  /// A parameter that must be a constant BOOLEAN.
  func constantBoolean(_ index: Int) throws -> Bool {
    if case .boolean(let value) = try constant(index) { return value }
    throw unexpectedType(index, expected: "a BOOLEAN that is not NULL")
  }
}

/// An aggregate function as a component.
func aggregate(
  _ name: String, aliases: [String] = [], _ summary: String, _ parameters: [FunctionParameter],
  isVariadic: Bool = false, returns: String, _ examples: [Example], notes: String = "",
  bind: @escaping @Sendable (FunctionCall) throws -> Expression
) -> FunctionSpec {
  .function(
    .aggregate, name, aliases: aliases, category: "aggregates", summary: summary, parameters,
    isVariadic: isVariadic, returns: returns, examples: examples, notes: notes, bind: bind)
}

private let summable = AcceptedType.oneOf([.numeric, .dayTimeInterval, .yearMonthInterval])

/// COUNT, SUM, AVG, MIN, MAX and what goes with them.
let basicAggregates: [FunctionSpec] = [
  aggregate(
    "count", "How many rows there are in which no argument is NULL; `count(*)` counts all.",
    [.column("columns", .any, "what is counted")], isVariadic: true, returns: "BIGINT",
    [
      Example("count(*) FROM VALUES (NULL), (5), (5), (20)", "4"),
      Example("count(a) FROM VALUES (NULL), (5), (5), (20)", "3"),
      Example("count(DISTINCT a) FROM VALUES (NULL), (5), (5), (10)", "2"),
      Example("count(a, b) FROM VALUES (1, NULL), (5, 2)", "1"),
      Example("count(CAST(a AS INT)) FROM VALUES (NULL)", "0"),
      Example("count(CAST(a AS INT)) FROM VALUES (-1), (0)", "2"),
      Example("count(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    // A literal is never NULL in one row and not in another: COUNT(1) reads no column.
    let columns = call.arguments.filter { argument in
      if case .literal(let value) = argument.kind, !value.isNull, !call.isDistinct {
        false
      } else {
        true
      }
    }
    return call.aggregate(CountAccumulator.function(call.name.lowercased()), over: columns)
  },
  aggregate(
    "count_distinct", "How many distinct rows of the arguments there are, NULLs not counted.",
    [.column("columns", .any, "what is counted")], isVariadic: true, returns: "BIGINT", []
  ) { $0.distinct.aggregate(CountAccumulator.function("count")) },
  aggregate(
    "count_if", "How many rows satisfy a condition.",
    [.column("condition", .boolean, "the condition")], returns: "BIGINT",
    [
      Example("count_if(a % 2 = 0) FROM VALUES (NULL), (0), (1), (2), (3)", "2"),
      Example("count_if(a IS NULL) FROM VALUES (NULL), (0), (1), (2), (3)", "1"),
      Example("count_if(CAST(a AS BOOLEAN)) FROM VALUES (NULL)", "0"),
      Example("count_if(CAST(a AS BOOLEAN)) FROM VALUES (-1), (0)", "1"),
      Example("count_if(CAST(a AS BOOLEAN)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { $0.aggregate(CountAccumulator.function("count_if", onlyTrue: true)) },
  aggregate(
    "sum", "The sum of the values that are not NULL; NULL when there are none.",
    [.column("value", summable, "what is summed")], returns: "BIGINT, DOUBLE, DECIMAL or INTERVAL",
    [
      Example("sum(a) FROM VALUES (5), (10), (15)", "30"),
      Example("sum(a) FROM VALUES (NULL), (10), (15)", "25"),
      Example("sum(CAST(a AS INT)) FROM VALUES (NULL), (NULL)", "NULL"),
      Example("sum(DISTINCT a) FROM VALUES (5), (5), (15)", "20"),
      Example("sum(a) FROM VALUES (1.25), (-3.10)", "-1.85"),
      Example("sum(a) FROM VALUES (9223372036854775807), (1)", "error ARITHMETIC_OVERFLOW"),
      Example(
        "sum(a) FROM VALUES (INTERVAL '1 02' DAY TO HOUR), (INTERVAL '3' DAY)",
        "INTERVAL '4 02' DAY TO HOUR"),
      Example("sum(a) FROM VALUES (-1), (-2)", "-3"),
      Example("sum(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("sum(a) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("sum(a) FROM VALUES ('')", "error CAST_INVALID_INPUT"),
      Example(
        "sum(a) FROM VALUES (99999999999999999999999999999999999999), (1)",
        "error ARITHMETIC_OVERFLOW"),
      Example("sum(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example(
        "sum(a) FROM VALUES (INTERVAL '178956970-7' YEAR TO MONTH), (INTERVAL '1' MONTH)",
        "error INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION"),
    ]
  ) { try sumCall($0, isTry: false) },
  aggregate(
    "try_sum", "As `sum`; NULL when the sum does not fit its type.",
    [.column("value", summable, "what is summed")], returns: "BIGINT, DOUBLE, DECIMAL or INTERVAL",
    [
      Example("try_sum(a) FROM VALUES (5), (10), (15)", "30"),
      Example("try_sum(a) FROM VALUES (NULL), (10)", "10"),
      Example("try_sum(a) FROM VALUES (9223372036854775807), (1)", "NULL"),
      Example("try_sum(a) FROM VALUES (-1), (-2)", "-3"),
      Example("try_sum(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("try_sum(a) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("try_sum(a) FROM VALUES ('')", "error CAST_INVALID_INPUT"),
      Example("try_sum(a) FROM VALUES (99999999999999999999999999999999999999), (1)", "NULL"),
      Example("try_sum(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example(
        "try_sum(a) FROM VALUES (INTERVAL '178956970-7' YEAR TO MONTH), (INTERVAL '1' MONTH)",
        "NULL"),
    ]
  ) { try sumCall($0, isTry: true) },
  aggregate(
    "sum_distinct", "The sum of the distinct values.",
    [.column("value", summable, "what is summed")], returns: "BIGINT, DOUBLE, DECIMAL or INTERVAL",
    []
  ) { try sumCall($0.distinct, isTry: false) },
  aggregate(
    "avg", aliases: ["mean"], "The mean of the values that are not NULL; NULL when there are none.",
    [.column("value", summable, "what is averaged")], returns: "DOUBLE, DECIMAL or INTERVAL",
    [
      Example("avg(a) FROM VALUES (1), (2), (4)", "2.3333333333333335"),
      Example("avg(a) FROM VALUES (1), (2), (NULL)", "1.5"),
      Example("avg(a) FROM VALUES (1.10), (2.25), (3.33)", "2.226667"),
      Example(
        "avg(a) FROM VALUES (INTERVAL '1' DAY), (INTERVAL '2' DAY)",
        "INTERVAL '1 12:00:00' DAY TO SECOND"),
      Example("avg(a) FROM VALUES (-1), (-2)", "-1.5"),
      Example("avg(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("avg(a) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("avg(a) FROM VALUES ('')", "error CAST_INVALID_INPUT"),
      Example(
        "avg(a) FROM VALUES (99999999999999999999999999999999999999), (1)",
        "error ARITHMETIC_OVERFLOW"),
      Example("avg(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example(
        "avg(a) FROM VALUES (INTERVAL '178956970-7' YEAR TO MONTH), (INTERVAL '1' MONTH)",
        "error INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION"),
    ]
  ) { try averageCall($0, isTry: false) },
  aggregate(
    "try_avg", "As `avg`; NULL when the sum does not fit.",
    [.column("value", summable, "what is averaged")], returns: "DOUBLE, DECIMAL or INTERVAL",
    [
      Example("try_avg(a) FROM VALUES (1), (2), (NULL)", "1.5"),
      Example("try_avg(a) FROM VALUES (-1), (-2)", "-1.5"),
      Example("try_avg(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("try_avg(a) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example("try_avg(a) FROM VALUES ('')", "error CAST_INVALID_INPUT"),
      Example("try_avg(a) FROM VALUES (99999999999999999999999999999999999999), (1)", "NULL"),
      Example("try_avg(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example(
        "try_avg(a) FROM VALUES (INTERVAL '178956970-7' YEAR TO MONTH), (INTERVAL '1' MONTH)",
        "NULL"),
    ]
  ) { try averageCall($0, isTry: true) },
  aggregate(
    "min", "The least value that is not NULL.",
    [.column("value", .orderable, "what is compared")], returns: "the type of `value`",
    [
      Example("min(a) FROM VALUES (10), (NULL), (-1), (20)", "-1"),
      Example("min(a) FROM VALUES ('b'), ('äa'), ('B')", "B"),
      Example("min(a) FROM VALUES (double('NaN')), (1.5d)", "1.5"),
      Example("min(a) FROM VALUES (''), ('é'), ('z')", ""),
      Example("min(a) FROM VALUES (double('NaN')), (double('inf')), (-1d)", "-1.0"),
      Example("min(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
    ]
  ) { $0.aggregate(Extremes.function("min", $0.types[0], isMax: false)) },
  aggregate(
    "max", "The greatest value that is not NULL; NaN is greater than every number.",
    [.column("value", .orderable, "what is compared")], returns: "the type of `value`",
    [
      Example("max(a) FROM VALUES (10), (NULL), (-1), (20)", "20"),
      Example("max(a) FROM VALUES (double('NaN')), (1.5d)", "NaN"),
      Example("max(a) FROM VALUES (array(1, 2)), (array(1, 10)), (array(1))", "[1, 10]"),
      Example("max(a) FROM VALUES (date'2024-02-29'), (date'1999-12-31')", "2024-02-29"),
      Example("max(a) FROM VALUES (''), ('é'), ('z')", "é"),
      Example("max(a) FROM VALUES (double('NaN')), (double('inf')), (-1d)", "NaN"),
      Example("max(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
    ]
  ) { $0.aggregate(Extremes.function("max", $0.types[0], isMax: true)) },
  extremeBy(
    "min_by", isMax: false,
    "The first argument in the row in which the second is the least, or in so many rows.",
    [
      Example("min_by(a, b) FROM VALUES ('a', 10), ('b', 50), ('c', 20), ('d', NULL)", "a"),
      Example("min_by(a, b, 2) FROM VALUES ('a', 10), ('b', 50), ('c', 20), ('d', NULL)", "[a, c]"),
      Example("min_by(a, b) FROM VALUES ('', -1), ('é', -2), ('x', NULL)", "é"),
      Example("min_by(a, CAST(b AS INT)) FROM VALUES ('x', NULL)", "NULL"),
      Example("min_by(a, b) FROM VALUES (1, double('NaN')), (2, double('inf'))", "2"),
    ]),
  extremeBy(
    "max_by", isMax: true,
    "The first argument in the row in which the second is the greatest, or in so many rows.",
    [
      Example("max_by(a, b) FROM VALUES ('a', 10), ('b', 50), ('c', 20), ('d', NULL)", "b"),
      Example("max_by(a, b) FROM VALUES ('a', 10), ('b', 10)", "b"),
      Example("max_by(a, b, 2) FROM VALUES ('a', 10), ('b', 50), ('c', 20), ('d', NULL)", "[b, c]"),
      Example("max_by(a, b) FROM VALUES ('', -1), ('é', -2), ('x', NULL)", ""),
      Example("max_by(a, CAST(b AS INT)) FROM VALUES ('x', NULL)", "NULL"),
      Example("max_by(a, b) FROM VALUES (1, double('NaN')), (2, double('inf'))", "1"),
    ]),
  firstOrLast(
    "first",
    [
      Example("first(a) FROM VALUES (10), (5), (20)", "10"),
      Example("first(a) FROM VALUES (NULL), (5), (NULL)", "NULL"),
      Example("first(a, true) FROM VALUES (NULL), (5), (NULL)", "5"),
      Example("first(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("first(CAST(a AS INT)) FROM VALUES (-1), (0)", "-1"),
      Example("first(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ], aliases: ["first_value"], "The value of the first row to arrive."),
  firstOrLast(
    "last",
    [
      Example("last(a) FROM VALUES (10), (5), (20)", "20"),
      Example("last(a) FROM VALUES (NULL), (5), (NULL)", "NULL"),
      Example("last(a, true) FROM VALUES (NULL), (5), (NULL)", "5"),
      Example("last(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("last(CAST(a AS INT)) FROM VALUES (-1), (0)", "0"),
      Example("last(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ], aliases: ["last_value"], "The value of the last row to arrive."),
  firstOrLast(
    "any_value",
    [
      Example("any_value(a) FROM VALUES (10), (5), (20)", "10"),
      Example("any_value(a) FROM VALUES (NULL), (5), (NULL)", "NULL"),
      Example("any_value(a, true) FROM VALUES (NULL), (5), (NULL)", "5"),
      Example("any_value(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("any_value(CAST(a AS INT)) FROM VALUES (-1), (0)", "-1"),
      Example("any_value(CAST(a AS INT)) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ], "Some value of the group: that of its first row."),
  aggregate(
    "collect_list", aliases: ["array_agg"],
    "All values that are not NULL, in order of arrival, as an array.",
    [.column("value", .any, "what is collected")], returns: "ARRAY",
    [
      Example("collect_list(a) FROM VALUES (1), (2), (NULL), (1)", "[1, 2, 1]"),
      Example("collect_list(DISTINCT a) FROM VALUES (1), (1)", "[1]"),
      Example("collect_list(a) FROM VALUES (''), ('é'), (NULL)", "[, é]"),
      Example("collect_list(CAST(a AS INT)) FROM VALUES (NULL)", "[]"),
      Example(
        "collect_list(a) FROM VALUES (-1), (9223372036854775807)", "[-1, 9223372036854775807]"),
    ]
  ) { call in
    call.aggregate(CollectAccumulator.function("collect_list", call.types[0], isSet: false))
  },
  aggregate(
    "collect_set", "The distinct values that are not NULL, as an array.",
    [.column("value", .any, "what is collected")], returns: "ARRAY",
    [Example("sort_array(collect_set(a)) FROM VALUES (1), (2), (NULL), (1)", "[1, 2]")],
    notes: "The elements come in the order of their first arrival; Spark promises no order."
  ) { call in
    call.aggregate(CollectAccumulator.function("collect_set", call.types[0], isSet: true))
  },
  aggregate(
    "collect_union", "The distinct elements of arrays that are not NULL, as one array.",
    [.column("array", .exactly(.anyArray, orNull: false), "arrays")], returns: "ARRAY",
    [
      Example(
        "collect_union(a) FROM VALUES (array(1, 2)), (array(2, NULL, 3)), (NULL), (array())",
        "[1, 2, 3]"),
      Example("collect_union(a) FROM VALUES (CAST(NULL AS ARRAY<INT>))", "[]"),
      Example("collect_union(a) FROM VALUES (array('é', '')), (array('é', '😀'))", "[é, , 😀]"),
    ], notes: "The elements come in the order of their first arrival; Spark promises no order."
  ) { call in
    let element = call.types[0].element
    if element.containsMap {
      throw Failure(
        "DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE",
        "`collect_union` compares elements, and maps have no equality", origin: call.origin)
    }
    return call.aggregate(
      CollectAccumulator.function("collect_union", element, isSet: true, isOfArrays: true))
  },
]

private func sumCall(_ call: FunctionCall, isTry: Bool) throws -> Expression {
  guard let function = Sum.function(isTry ? "try_sum" : "sum", call.types[0], isTry: isTry) else {
    throw call.unexpectedType(0, expected: summable.text)
  }
  return call.aggregate(function)
}

private func averageCall(_ call: FunctionCall, isTry: Bool) throws -> Expression {
  guard let function = Average.function(isTry ? "try_avg" : "avg", call.types[0], isTry: isTry)
  else { throw call.unexpectedType(0, expected: summable.text) }
  return call.aggregate(function)
}

private func firstOrLast(
  _ name: String, _ examples: [Example], aliases: [String] = [], _ summary: String
) -> FunctionSpec {
  aggregate(
    name, aliases: aliases, summary,
    [
      .column("value", .any, "the result"),
      .value(
        "ignoreNulls", .boolean, default: "false", filler: (.boolean(false), .boolean),
        "whether rows with NULL are passed over"),
    ], returns: "the type of `value`",
    examples
  ) { call in
    let function = FirstLastAccumulator.function(
      name, call.types[0], isLast: name == "last", ignoresNulls: try call.constantBoolean(1))
    return call.aggregate(function, over: [call[0]])
  }
}

private func extremeBy(
  _ name: String, isMax: Bool, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  aggregate(
    name, summary,
    [
      .column("value", .any, "the result"), .column("ordering", .orderable, "what is compared"),
      .value("count", .int, default: "", "of how many rows, as an array; a constant"),
    ], returns: "the type of `value`, or an ARRAY of it", examples
  ) { call in
    let (type, key) = (call.types[0], call.types[1])
    if call.arguments.count == 2 {
      return call.aggregate(Extremes.by(name, type, key: key, isMax: isMax))
    }
    let count = try call.constantInteger(2)
    guard (1...100_000).contains(count) else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
        "the count of `\(name)` must be between 1 and 100000, not \(count)", origin: call.origin)
    }
    return call.aggregate(
      Extremes.several(name, type, key: key, isMax: isMax, count: Int(count)),
      over: [call[0], call[1]])
  }
}
