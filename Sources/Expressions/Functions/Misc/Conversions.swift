import Columns
import Contract

private func conversion(_ name: String, _ type: DataType, _ examples: [Example]) -> FunctionSpec {
  .scalar(
    name, category: "conversions", summary: "The value cast to \(type).",
    [.column("value", .any, "the value")], returns: "\(type)", examples: examples
  ) { call in
    // What CAST refuses is refused, but a column's name does not show the cast.
    _ = try call[0].cast(to: type)
    return call[0].implicitlyCast(to: type)
  }
}

/// Functions that are called like the type that they cast to.
let conversionFunctions: [FunctionSpec] = [
  conversion(
    "boolean", .boolean,
    [
      Example("boolean('yes')", "true"), Example("boolean(NULL)", "NULL"),
      Example("boolean(-1)", "true"),
      Example("boolean('')", "error CAST_INVALID_INPUT"),
      Example("boolean('ja')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "tinyint", .byte,
    [
      Example("tinyint('12')", "12"), Example("tinyint(300)", "error CAST_OVERFLOW"),
      Example("tinyint(NULL)", "NULL"),
      Example("tinyint(-1.5d)", "-1"),
      Example("tinyint(128)", "error CAST_OVERFLOW"),
      Example("tinyint('')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "smallint", .short,
    [
      Example("smallint('12')", "12"), Example("smallint(NULL)", "NULL"),
      Example("smallint(-1.5d)", "-1"),
      Example("smallint(32768)", "error CAST_OVERFLOW"),
      Example("smallint('')", "error CAST_INVALID_INPUT"),
      Example("smallint('x')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "int", .int,
    [
      Example("int(12.7)", "12"), Example("int('12x')", "error CAST_INVALID_INPUT"),
      Example("int(NULL)", "NULL"),
      Example("int(-12.7)", "-12"),
      Example("int(2147483648)", "error CAST_OVERFLOW"),
      Example("int('')", "error CAST_INVALID_INPUT"),
      Example("int('ż')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "bigint", .long,
    [
      Example("bigint(12.7)", "12"), Example("bigint(NULL)", "NULL"),
      Example("bigint(-12.7)", "-12"),
      Example("bigint(1e20d)", "error CAST_OVERFLOW"),
      Example("bigint('ż')", "error CAST_INVALID_INPUT"),
      Example("bigint('')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "float", .float,
    [
      Example("float('1.25')", "1.25"), Example("float(NULL)", "NULL"),
      Example("float(-1)", "-1.0"),
      Example("float(1e300d)", "Infinity"),
      Example("float('')", "error CAST_INVALID_INPUT"),
      Example("float('ż')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "double", .double,
    [
      Example("double('NaN')", "NaN"), Example("double('1e3')", "1000.0"),
      Example("double(NULL)", "NULL"),
      Example("double(-1)", "-1.0"),
      Example("double('')", "error CAST_INVALID_INPUT"),
      Example("double('ż')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "decimal", .decimal(precision: 10, scale: 0),
    [
      Example("decimal('12.5')", "13"), Example("decimal(NULL)", "NULL"),
      Example("decimal(-1.5)", "-2"),
      Example("decimal(99999999999)", "error NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION"),
      Example("decimal('')", "error CAST_INVALID_INPUT"),
      Example("decimal('ż')", "error CAST_INVALID_INPUT"),
    ]),
  conversion(
    "date", .date,
    [
      Example("date('2024-02-29')", "2024-02-29"),
      Example("date('nonsense')", "error CAST_INVALID_INPUT"), Example("date(NULL)", "NULL"),
      Example("date('')", "error CAST_INVALID_INPUT"),
      Example("date('é')", "error CAST_INVALID_INPUT"),
      Example("date('-0044-03-15')", "-0044-03-15"),
      Example("date('9999-12-31')", "9999-12-31"),
    ]),
  conversion(
    "timestamp", .timestamp,
    [
      Example("timestamp('2024-02-29 01:02:03Z')", "2024-02-29 01:02:03"),
      Example("timestamp(NULL)", "NULL"),
      Example("timestamp(-1)", "1969-12-31 23:59:59"),
      Example("timestamp('')", "error CAST_INVALID_INPUT"),
      Example("timestamp('é')", "error CAST_INVALID_INPUT"),
      Example("timestamp('9999-12-31 23:59:59.999999')", "9999-12-31 23:59:59.999999"),
    ]),
  conversion(
    "binary", .binary,
    [
      Example("length(binary('é'))", "2"), Example("binary(NULL)", "NULL"),
      Example("binary('')", ""),
      Example("binary('é')", "é"),
      Example("binary(-1)", "error DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION"),
    ]),
  conversion(
    "string", .string,
    [
      Example("string(1.50)", "1.50"), Example("string(array(1, NULL))", "[1, null]"),
      Example("string(NULL)", "NULL"),
    ]),
]
