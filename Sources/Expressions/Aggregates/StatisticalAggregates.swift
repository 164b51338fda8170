import Columns
import Contract

private func moment(
  _ name: String, _ examples: [Example], aliases: [String] = [], _ summary: String,
  _ finish: @escaping MomentAccumulator<Moments>.Finish
) -> FunctionSpec {
  aggregate(
    name, aliases: aliases, summary, [.column("value", .double, "the values")], returns: "DOUBLE",
    examples
  ) { $0.aggregate(MomentAccumulator.function(name, Moments.update, finish)) }
}

private func joint(
  _ name: String, _ examples: [Example], _ summary: String,
  bind: @escaping @Sendable (FunctionCall) -> Expression
) -> FunctionSpec {
  aggregate(
    name, summary,
    [.column("y", .double, "the first column"), .column("x", .double, "the second column")],
    returns: "DOUBLE",
    examples, bind: bind)
}

private func covariance(
  _ name: String, _ examples: [Example], _ summary: String,
  _ finish: @escaping MomentAccumulator<JointMoments>.Finish
) -> FunctionSpec {
  joint(name, examples, summary) {
    $0.aggregate(MomentAccumulator.function(name, JointMoments.update, finish))
  }
}

/// A line's parts, of the independent variable and the dependent one, as Spark takes them.
private func line(
  _ name: String, _ examples: [Example], _ summary: String,
  _ finish: @escaping MomentAccumulator<JointMoments>.Finish
) -> FunctionSpec {
  joint(name, examples, summary) { call in
    call.aggregate(
      MomentAccumulator.function(name, JointMoments.updateForRegression, finish),
      over: [call[1], call[0]])
  }
}

/// An aggregate of one of the columns, over the rows in which neither is NULL.
private func ofOne(
  _ name: String, _ column: Int, _ examples: [Example], _ summary: String,
  _ function: TypedAggregate?
) -> FunctionSpec {
  joint(name, examples, summary) { call in
    guard let function else { preconditionFailure("there is an aggregate over DOUBLE") }
    let paired = call.with([call[column], call[1 - column]]).result(.double) { columns, _ in
      try mapped(columns[0], columns[1], to: .double) { (value: Double, _: Double) in value }
    }
    return call.aggregate(function, over: [paired])
  }
}

private let average = { @Sendable (name: String) in Average.function(name, .double) }
private let squares = { @Sendable (name: String) in
  MomentAccumulator.function(name, Moments.update, MomentAccumulator.squares)
}

/// Moments, covariances, quantiles, sketches.
let statisticalAggregates: [FunctionSpec] = [
  moment(
    "stddev",
    [
      Example("stddev(a) FROM VALUES (1), (2), (3), (10), (NULL)", "4.08248290463863"),
      Example("stddev(a) FROM VALUES (1)", "NULL"),
      Example("stddev(a) FROM VALUES (-1), (-2.5d), (0)", "1.2583057392117916"),
      Example("stddev(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("stddev(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example(
        "stddev(a) FROM VALUES (-9223372036854775808), (9223372036854775807)",
        "1.3043817825332783E19"),
    ], aliases: ["stddev_samp", "std"], "The standard deviation of a sample.",
    MomentAccumulator.deviationSample),
  moment(
    "stddev_pop",
    [
      Example("stddev_pop(a) FROM VALUES (1), (2), (3), (10), (NULL)", "3.5355339059327378"),
      Example("stddev_pop(a) FROM VALUES (1)", "0.0"),
      Example("stddev_pop(a) FROM VALUES (-1), (-2.5d), (0)", "1.0274023338281628"),
      Example("stddev_pop(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("stddev_pop(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example(
        "stddev_pop(a) FROM VALUES (-9223372036854775808), (9223372036854775807)",
        "9.223372036854776E18"),
    ], "The standard deviation of a population.", MomentAccumulator.deviationPopulation),
  moment(
    "variance",
    [
      Example("variance(a) FROM VALUES (1), (2), (3), (10), (NULL)", "16.666666666666668"),
      Example("variance(a) FROM VALUES (1)", "NULL"),
      Example("variance(a) FROM VALUES (-1), (-2.5d), (0)", "1.5833333333333333"),
      Example("variance(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("variance(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example(
        "variance(a) FROM VALUES (-9223372036854775808), (9223372036854775807)",
        "1.7014118346046923E38"),
    ], aliases: ["var_samp"], "The variance of a sample.",
    MomentAccumulator.varianceSample),
  moment(
    "var_pop",
    [
      Example("var_pop(a) FROM VALUES (1), (2), (3), (10), (NULL)", "12.5"),
      Example("var_pop(a) FROM VALUES (1)", "0.0"),
      Example("var_pop(a) FROM VALUES (-1), (-2.5d), (0)", "1.0555555555555556"),
      Example("var_pop(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("var_pop(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example(
        "var_pop(a) FROM VALUES (-9223372036854775808), (9223372036854775807)",
        "8.507059173023462E37"),
    ], "The variance of a population.", MomentAccumulator.variancePopulation),
  moment(
    "skewness",
    [
      Example("skewness(a) FROM VALUES (1), (2), (3), (10), (NULL)", "1.0182337649086284"),
      Example("skewness(a) FROM VALUES (1)", "NULL"),
      Example("skewness(a) FROM VALUES (-1), (-2.5d), (0)", "-0.2390631469295445"),
      Example("skewness(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("skewness(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("skewness(a) FROM VALUES (-9223372036854775808), (9223372036854775807)", "0.0"),
    ], "The skewness of a distribution.", MomentAccumulator.skewness),
  moment(
    "kurtosis",
    [
      Example("kurtosis(a) FROM VALUES (1), (2), (3), (10), (NULL)", "-0.7696000000000001"),
      Example("kurtosis(a) FROM VALUES (1)", "NULL"),
      Example("kurtosis(a) FROM VALUES (-1), (-2.5d), (0)", "-1.5000000000000009"),
      Example("kurtosis(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("kurtosis(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("kurtosis(a) FROM VALUES (-9223372036854775808), (9223372036854775807)", "-2.0"),
    ], "The excess kurtosis of a distribution.", MomentAccumulator.kurtosis),
  covariance(
    "corr",
    [
      Example(
        "corr(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "0.9078412990032037"),
      Example("corr(a, b) FROM VALUES (1, 3), (2, 3)", "NULL"),
      Example("corr(a, b) FROM VALUES (1, 3)", "NULL"),
      Example("corr(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "0.3973597071195132"),
      Example("corr(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("corr(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "corr(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.7816263118937338"),
    ], "Pearson's coefficient of correlation.", MomentAccumulator.correlation),
  covariance(
    "covar_pop",
    [
      Example(
        "covar_pop(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "3.3333333333333335"),
      Example("covar_pop(a, b) FROM VALUES (1, 3), (2, 3)", "0.0"),
      Example("covar_pop(a, b) FROM VALUES (1, 3)", "0.0"),
      Example("covar_pop(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "1.6666666666666667"),
      Example("covar_pop(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("covar_pop(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "covar_pop(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.16500000000000004"),
    ], "The covariance of a population.", MomentAccumulator.population),
  covariance(
    "covar_samp",
    [
      Example("covar_samp(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)", "5.0"),
      Example("covar_samp(a, b) FROM VALUES (1, 3), (2, 3)", "0.0"),
      Example("covar_samp(a, b) FROM VALUES (1, 3)", "NULL"),
      Example("covar_samp(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "2.5"),
      Example("covar_samp(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("covar_samp(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "covar_samp(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.22000000000000006"),
    ], "The covariance of a sample.", MomentAccumulator.sample),
  ofOne(
    "regr_avgx", 1,
    [
      Example("regr_avgx(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)", "4.0"),
      Example("regr_avgx(a, b) FROM VALUES (1, 3), (2, 3)", "3.0"),
      Example("regr_avgx(a, b) FROM VALUES (1, 3)", "3.0"),
      Example("regr_avgx(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "2.0"),
      Example("regr_avgx(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "1.5"),
      Example("regr_avgx(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_avgx(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.6"),
    ], "The mean of `x` over the rows in which neither is NULL.",
    average("regr_avgx")),
  ofOne(
    "regr_avgy", 0,
    [
      Example(
        "regr_avgy(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "2.6666666666666665"),
      Example("regr_avgy(a, b) FROM VALUES (1, 3), (2, 3)", "1.5"),
      Example("regr_avgy(a, b) FROM VALUES (1, 3)", "1.0"),
      Example("regr_avgy(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "-1.1666666666666667"),
      Example("regr_avgy(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_avgy(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_avgy(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.75"),
    ], "The mean of `y` over the rows in which neither is NULL.",
    average("regr_avgy")),
  ofOne(
    "regr_sxx", 1,
    [
      Example("regr_sxx(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)", "14.0"),
      Example("regr_sxx(a, b) FROM VALUES (1, 3), (2, 3)", "0.0"),
      Example("regr_sxx(a, b) FROM VALUES (1, 3)", "0.0"),
      Example("regr_sxx(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "50.0"),
      Example("regr_sxx(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "0.5"),
      Example("regr_sxx(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_sxx(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.45999999999999996"),
    ], "The sum of the squared distances of `x` from its mean.",
    squares("regr_sxx")),
  ofOne(
    "regr_syy", 0,
    [
      Example(
        "regr_syy(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "8.666666666666666"),
      Example("regr_syy(a, b) FROM VALUES (1, 3), (2, 3)", "0.5"),
      Example("regr_syy(a, b) FROM VALUES (1, 3)", "0.0"),
      Example("regr_syy(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "3.1666666666666665"),
      Example("regr_syy(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_syy(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_syy(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "1.5499999999999998"),
    ], "The sum of the squared distances of `y` from its mean.",
    squares("regr_syy")),
  covariance(
    "regr_sxy",
    [
      Example("regr_sxy(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)", "10.0"),
      Example("regr_sxy(a, b) FROM VALUES (1, 3), (2, 3)", "0.0"),
      Example("regr_sxy(a, b) FROM VALUES (1, 3)", "0.0"),
      Example("regr_sxy(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "5.0"),
      Example("regr_sxy(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_sxy(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_sxy(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.6600000000000001"),
    ], "The sum of the products of both distances from the means.",
    MomentAccumulator.products),
  line(
    "regr_slope",
    [
      Example(
        "regr_slope(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "0.7142857142857142"),
      Example("regr_slope(a, b) FROM VALUES (1, 3), (2, 3)", "NULL"),
      Example("regr_slope(a, b) FROM VALUES (1, 3)", "NULL"),
      Example("regr_slope(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "0.09999999999999996"),
      Example("regr_slope(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_slope(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_slope(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "1.4347826086956526"),
    ], "The slope of the line that fits best.", MomentAccumulator.slope),
  line(
    "regr_intercept",
    [
      Example(
        "regr_intercept(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "-0.1904761904761898"),
      Example("regr_intercept(a, b) FROM VALUES (1, 3), (2, 3)", "NULL"),
      Example("regr_intercept(a, b) FROM VALUES (1, 3)", "NULL"),
      Example(
        "regr_intercept(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "-1.3666666666666665"),
      Example("regr_intercept(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_intercept(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_intercept(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "-0.11086956521739155"),
    ], "Where the line that fits best meets `x` = 0.",
    MomentAccumulator.intercept),
  covariance(
    "regr_r2",
    [
      Example(
        "regr_r2(a, b) FROM VALUES (1, 3), (2, 2), (5, 7), (NULL, 1), (4, NULL)",
        "0.8241758241758242"),
      Example("regr_r2(a, b) FROM VALUES (1, 3), (2, 3)", "NULL"),
      Example("regr_r2(a, b) FROM VALUES (1, 3)", "NULL"),
      Example("regr_r2(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "0.1578947368421053"),
      Example("regr_r2(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "NaN"),
      Example("regr_r2(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "NULL"),
      Example(
        "regr_r2(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)",
        "0.6109396914446004"),
    ], "The coefficient of determination.", MomentAccumulator.determination),
  aggregate(
    "regr_count", "How many rows there are in which neither argument is NULL.",
    [.column("y", .numeric, "the first column"), .column("x", .numeric, "the second column")],
    returns: "BIGINT",
    [
      Example("regr_count(a, b) FROM VALUES (1, 2), (2, NULL), (2, 3), (NULL, 4)", "2"),
      Example("regr_count(a, b) FROM VALUES (-1, -3), (-2.5d, 2), (0, 7)", "3"),
      Example("regr_count(a, b) FROM VALUES (double('NaN'), 1d), (1d, 2d)", "2"),
      Example("regr_count(CAST(a AS INT), b) FROM VALUES (NULL, 1)", "0"),
      Example(
        "regr_count(a, b) FROM VALUES (0.1d, 0.2d), (0.3d, 0.7d), (0.9d, 0.4d), (1.7d, 1.1d)", "4"),
    ]
  ) { $0.aggregate(CountAccumulator.function("regr_count")) },
  aggregate(
    "approx_count_distinct", "About how many distinct values there are (HyperLogLog++).",
    [
      .column("value", .any, "what is counted"),
      .value(
        "deviation", .double, default: "0.05", filler: (.double(0.05), .double),
        "the greatest relative standard deviation allowed"),
    ], returns: "BIGINT",
    [
      Example("approx_count_distinct(a) FROM VALUES (1), (1), (2), (2), (3), (NULL)", "3"),
      Example("approx_count_distinct(a, 0.01) FROM VALUES ('a'), ('b'), ('c')", "3"),
      Example("approx_count_distinct(a) FROM VALUES (''), ('é'), ('é')", "2"),
      Example("approx_count_distinct(a) FROM VALUES (-1), (9223372036854775807)", "2"),
      Example("approx_count_distinct(CAST(a AS INT)) FROM VALUES (NULL)", "0"),
    ]
  ) { call in
    guard case .double(let deviation) = try call.constant(1) else { throw call.notConstant(1) }
    guard deviation > 0, deviation <= 0.39 else {
      throw Failure(
        "FAILED_FUNCTION_CALL",
        "the deviation of `\(call.name)` must be above 0 and at most 0.39, not \(deviation)",
        origin: call.origin)
    }
    return call.aggregate(
      DistinctCountAccumulator.function("approx_count_distinct", deviation: deviation),
      over: [call[0]])
  },
  aggregate(
    "percentile", "The exact percentile, interpolated between neighbours.",
    [
      .column("value", .oneOf([.numeric, .dayTimeInterval, .yearMonthInterval]), "the values"),
      .value(
        "percentage", .oneOf([.double, .arrayOf(.double)]), "from 0 to 1, or an array of such"),
      .column("frequency", .integral, default: "1", "how often each value counts"),
    ], returns: "DOUBLE, INTERVAL, or an ARRAY of them",
    [
      Example("percentile(a, 0.3) FROM VALUES (0), (10), (NULL)", "3.0"),
      Example("percentile(a, array(0.25, 0.75)) FROM VALUES (0), (10), (20)", "[5.0, 15.0]"),
      Example("percentile(a, 0.5, b) FROM VALUES (0, 1), (10, 5), (20, 2)", "10.0"),
      Example("percentile(a, 0.5) FROM VALUES (-1), (-2)", "-1.5"),
      Example("percentile(a, 1.5) FROM VALUES (1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("percentile(a, -0.1) FROM VALUES (1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("percentile(CAST(a AS INT), 0.5) FROM VALUES (NULL)", "NULL"),
    ]
  ) { call in
    let (percentages, isArray) = try percentages(call, 1)
    let isWeighted = call.arguments.count > 2
    let function = Percentile.function(
      "percentile", call.types[0], percentages: percentages, isArray: isArray,
      isWeighted: isWeighted, weightType: isWeighted ? call.types[2] : .long)
    return call.aggregate(function, over: isWeighted ? [call[0], call[2]] : [call[0]])
  },
  aggregate(
    "median", "The exact median, interpolated between neighbours.",
    [.column("value", .oneOf([.numeric, .dayTimeInterval, .yearMonthInterval]), "the values")],
    returns: "DOUBLE or INTERVAL",
    [
      Example("median(a) FROM VALUES (0), (10), (NULL)", "5.0"),
      Example("median(a) FROM VALUES (0), (5), (10)", "5.0"),
      Example("median(a) FROM VALUES (-1), (-2)", "-1.5"),
      Example("median(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("median(a) FROM VALUES (double('NaN')), (1d)", "NaN"),
      Example("median(a) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
      Example(
        "median(a) FROM VALUES (INTERVAL '-1' DAY), (INTERVAL '2' DAY)",
        "INTERVAL '0 12:00:00' DAY TO SECOND"),
    ]
  ) { call in
    call.aggregate(
      Percentile.function(
        "median", call.types[0], percentages: [0.5], isArray: false, isWeighted: false))
  },
  aggregate(
    "percentile_approx", aliases: ["approx_percentile"],
    "The least value whose rank is about the percentage of all.",
    [
      .column(
        "value", .oneOf([.numeric, .date, .anyTimestamp, .dayTimeInterval, .yearMonthInterval]),
        "the values"),
      .value(
        "percentage", .oneOf([.double, .arrayOf(.double)]), "from 0 to 1, or an array of such"),
      .value(
        "accuracy", .long, default: "10000", filler: (.integer(10_000), .long),
        "the greatest relative error is 1 divided by it"),
    ], returns: "the type of `value`, or an ARRAY of it",
    [
      Example("percentile_approx(a, 0.5, 100) FROM VALUES (0), (1), (2), (10)", "1"),
      Example(
        "percentile_approx(a, array(0.5, 0.4, 0.1), 100) FROM VALUES (0), (1), (2), (10)",
        "[1, 1, 0]"),
      Example(
        "percentile_approx(a, 0.5) FROM VALUES (DATE'2024-01-01'), (NULL), (DATE'2024-03-01')",
        "2024-01-01"),
      Example("percentile_approx(a, 0.5) FROM VALUES (-1), (-2)", "-2"),
      Example(
        "percentile_approx(a, 1.5) FROM VALUES (1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example(
        "percentile_approx(a, 0.5, 0) FROM VALUES (1)",
        "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("percentile_approx(CAST(a AS INT), 0.5) FROM VALUES (NULL)", "NULL"),
      Example("percentile_approx(a, 0.5) FROM VALUES ('x')", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    let (percentages, isArray) = try percentages(call, 1)
    guard (1...Int64(Int32.max)).contains(try call.constantInteger(2)) else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
        "the accuracy of `percentile_approx` is from 1 to 2147483647", origin: call.origin)
    }
    return call.aggregate(
      QuantileAccumulator.function(
        "percentile_approx", call.types[0], percentages: percentages, isArray: isArray,
        accuracy: try call.constantInteger(2)), over: [call[0]])
  },
  aggregate(
    "histogram_numeric", "The bins of a histogram: their centres and how many values each has.",
    [
      .column(
        "value", .oneOf([.numeric, .date, .anyTimestamp, .dayTimeInterval, .yearMonthInterval]),
        "the values"), .value("bins", .exactly(.int), "how many bins at most, 2 or more"),
    ], returns: "ARRAY<STRUCT<x, y: DOUBLE>>",
    [
      Example(
        "histogram_numeric(a, 5) FROM VALUES (0), (1), (2), (10), (NULL)",
        "[{0, 1.0}, {1, 1.0}, {2, 1.0}, {10, 1.0}]"),
      Example(
        "histogram_numeric(a, 2) FROM VALUES (1.5D), (2), (9), (10), (11)",
        "[{1.75, 2.0}, {10.0, 3.0}]"),
      Example(
        "histogram_numeric(a, 3) FROM VALUES (DATE'2024-01-01'), (DATE'2024-01-03')",
        "[{2024-01-01, 1.0}, {2024-01-03, 1.0}]"),
      Example("histogram_numeric(a, 3) FROM VALUES (CAST(NULL AS INT))", "NULL"),
      Example(
        "histogram_numeric(a, 1) FROM VALUES (1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
    ]
  ) { call in
    let limit = try call.constantInteger(1)
    guard limit >= 2 else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "`histogram_numeric` makes 2 bins or more",
        origin: call.origin)
    }
    return call.aggregate(
      HistogramAccumulator.function("histogram_numeric", call.types[0], limit: Int(limit)),
      over: [call[0]])
  },
  aggregate(
    "mode", "The most frequent value that is not NULL.",
    [
      .column("value", .orderable, default: "the key of WITHIN GROUP", "the values"),
      .value("deterministic", .boolean, default: "false", "of several, the least"),
    ], returns: "the type of `value`",
    [
      Example("mode(a) FROM VALUES (0), (10), (10), (NULL), (NULL), (NULL)", "10"),
      Example("mode(a, true) FROM VALUES (-10), (0), (10)", "-10"),
      Example("mode(a) FROM VALUES (-1), (-1), (9223372036854775807)", "-1"),
      Example("mode(CAST(a AS INT)) FROM VALUES (NULL)", "NULL"),
      Example("mode(a) FROM VALUES (''), (''), ('é')", ""),
    ],
    notes: "Of several equally frequent values this engine always gives the least; with "
      + "WITHIN GROUP (ORDER BY value DESC), in SQL text, the greatest."
  ) { call in
    guard let key = call.ordering.first else {
      guard !call.arguments.isEmpty else {
        throw Failure(
          "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
          "`mode` takes a value, or WITHIN GROUP (ORDER BY value)", origin: call.origin)
      }
      return call.aggregate(Mode.function("mode", call.types[0]), over: [call[0]])
    }
    return call.aggregate(
      Mode.function(
        "mode", key.expression.type, takesGreatest: !key.order.isAscending),
      over: [key.expression])
  },
]

func percentages(_ call: FunctionCall, _ index: Int) throws -> ([Double], Bool) {
  let constant = try call.constantValue(index)
  let list: [Scalar]
  if case .array(let elements) = constant { list = elements } else { list = [constant] }
  let values = try list.map { scalar -> Double in
    guard case .double(let value) = scalar, (0...1).contains(value) else {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
        "a percentage of `\(call.name)` must be between 0.0 and 1.0", origin: call.origin)
    }
    return value
  }
  if case .array = constant { return (values, true) }
  return (values, false)
}
