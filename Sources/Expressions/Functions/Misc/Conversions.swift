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
    "boolean", .boolean, [Example("boolean('yes')", "true"), Example("boolean(NULL)", "NULL")]),
  conversion(
    "tinyint", .byte,
    [
      Example("tinyint('12')", "12"), Example("tinyint(300)", "error CAST_OVERFLOW"),
      Example("tinyint(NULL)", "NULL"),
    ]),
  conversion(
    "smallint", .short, [Example("smallint('12')", "12"), Example("smallint(NULL)", "NULL")]),
  conversion(
    "int", .int,
    [
      Example("int(12.7)", "12"), Example("int('12x')", "error CAST_INVALID_INPUT"),
      Example("int(NULL)", "NULL"),
    ]),
  conversion("bigint", .long, [Example("bigint(12.7)", "12"), Example("bigint(NULL)", "NULL")]),
  conversion("float", .float, [Example("float('1.25')", "1.25"), Example("float(NULL)", "NULL")]),
  conversion(
    "double", .double,
    [
      Example("double('NaN')", "NaN"), Example("double('1e3')", "1000.0"),
      Example("double(NULL)", "NULL"),
    ]),
  conversion(
    "decimal", .decimal(precision: 10, scale: 0),
    [Example("decimal('12.5')", "13"), Example("decimal(NULL)", "NULL")]),
  conversion(
    "date", .date,
    [
      Example("date('2024-02-29')", "2024-02-29"),
      Example("date('nonsense')", "error CAST_INVALID_INPUT"), Example("date(NULL)", "NULL"),
    ]),
  conversion(
    "timestamp", .timestamp,
    [
      Example("timestamp('2024-02-29 01:02:03Z')", "2024-02-29 01:02:03"),
      Example("timestamp(NULL)", "NULL"),
    ]),
  conversion(
    "binary", .binary, [Example("length(binary('é'))", "2"), Example("binary(NULL)", "NULL")]),
  conversion(
    "string", .string,
    [
      Example("string(1.50)", "1.50"), Example("string(array(1, NULL))", "[1, null]"),
      Example("string(NULL)", "NULL"),
    ]),
]
