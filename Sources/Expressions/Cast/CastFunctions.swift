import Columns
import Contract

/// `int(x)`, `double(x)` and the like: casts in the shape of functions.
let castFunctions: [FunctionSpec] = [
  castFunction("boolean", .boolean, "boolean('true')", "true"),
  castFunction("tinyint", .byte, "tinyint('5')", "5"),
  castFunction("smallint", .short, "smallint('5')", "5"),
  castFunction("int", .int, "int('5')", "5"),
  castFunction("bigint", .long, "bigint('5')", "5"),
  castFunction("float", .float, "float('1.5')", "1.5"),
  castFunction("double", .double, "double('1.5')", "1.5"),
  castFunction("decimal", .decimal(precision: 10, scale: 0), "decimal('2.5')", "3"),
  castFunction("date", .date, "date('2024-01-31')", "2024-01-31"),
  castFunction("timestamp", .timestamp, "timestamp('2024-01-31')", "2024-01-31 00:00:00"),
  castFunction("binary", .binary, "binary('a')", "a"),
  castFunction("string", .string, "string(1)", "1"),
]

private func castFunction(
  _ name: String, _ type: DataType, _ code: String, _ result: String
) -> FunctionSpec {
  .scalar(
    name, category: "conversion", summary: "The value cast to \(type).",
    [.column("value", .any, "what to cast")], returns: "\(type)", examples: [Example(code, result)]
  ) { call in
    // Refuses what CAST refuses, but shows no cast in a column's name, as Spark does.
    _ = try call[0].cast(to: type)
    return call[0].implicitlyCast(to: type)
  }
}
