import Columns
import Contract

private func conversion(_ name: String, _ type: DataType, _ examples: [Example]) -> FunctionSpec {
  .scalar(
    name, category: "conversions", summary: "The value cast to \(type).",
    [.column("value", .any, "the value")], returns: "\(type)", examples: examples
  ) { call in try call[0].cast(to: type) }
}

/// Functions that are called like the type that they cast to.
let conversionFunctions: [FunctionSpec] = [
  conversion("boolean", .boolean, [Example("boolean('yes')", "?"), Example("boolean(NULL)", "?")]),
  conversion("tinyint", .byte, [Example("tinyint('12')", "?"), Example("tinyint(300)", "?"), Example("tinyint(NULL)", "?")]),
  conversion("smallint", .short, [Example("smallint('12')", "?"), Example("smallint(NULL)", "?")]),
  conversion("int", .int, [Example("int(12.7)", "?"), Example("int('12x')", "?"), Example("int(NULL)", "?")]),
  conversion("bigint", .long, [Example("bigint(12.7)", "?"), Example("bigint(NULL)", "?")]),
  conversion("float", .float, [Example("float('1.25')", "?"), Example("float(NULL)", "?")]),
  conversion("double", .double, [Example("double('NaN')", "?"), Example("double('1e3')", "?"), Example("double(NULL)", "?")]),
  conversion("decimal", .decimal(precision: 10, scale: 0), [Example("decimal('12.5')", "?"), Example("decimal(NULL)", "?")]),
  conversion("date", .date, [Example("date('2024-02-29')", "?"), Example("date('nonsense')", "?"), Example("date(NULL)", "?")]),
  conversion("timestamp", .timestamp, [Example("timestamp('2024-02-29 01:02:03Z')", "?"), Example("timestamp(NULL)", "?")]),
  conversion("binary", .binary, [Example("length(binary('é'))", "?"), Example("binary(NULL)", "?")]),
  conversion("string", .string, [Example("string(1.50)", "?"), Example("string(array(1, NULL))", "?"), Example("string(NULL)", "?")]),
]
