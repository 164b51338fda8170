import Columns
import Contract

/// Conditionals over NULL, NaN and 0 that the operators do not have.
let nullFunctions: [FunctionSpec] = [
  .scalar(
    "nanvl", category: "conditionals", summary: "The first number, or where it is NaN the second.",
    [
      .column("a", .oneOf([.double, .float]), "the number"),
      .column("b", .oneOf([.double, .float]), "what stands for NaN"),
    ], coercion: .leastCommonType, returns: "DOUBLE or FLOAT",
    examples: [
      Example("nanvl(double('NaN'), 123)", "123.0"), Example("nanvl(1.5d, 123)", "1.5"),
      Example("nanvl(NULL, 1d)", "NULL"), Example("nanvl(double('NaN'), NULL)", "NULL"),
      Example("nanvl(double('NaN'), -1)", "-1.0"),
      Example("nanvl('x', 1)", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    let type = call.types[0]
    return call.result(type) { columns, _ in
      let doubles = columns[0].asDoubles().flat
      let (first, second) = (columns[0].flat, columns[1].flat)
      let places = (0..<first.count).map { row in
        !first.isNull(row) && doubles.typed(Double.self)[row].isNaN ? first.count + row : row
      }
      return Vector.concatenated([first, second], type: type).gathered(Selection(places))
    }
  },
  .scalar(
    "zeroifnull", category: "conditionals", summary: "The number, or 0 where it is NULL.",
    [.column("value", .any, "the number")], returns: "the type of `value`",
    examples: [
      Example("zeroifnull('12')", "12"),
      Example("zeroifnull(NULL)", "0"), Example("zeroifnull(2)", "2"),
      Example("zeroifnull(CAST(NULL AS DECIMAL(4,2)))", "0.00"),
      Example("zeroifnull(-1)", "-1"),
      Example("zeroifnull(9223372036854775807)", "9223372036854775807"),
      Example("zeroifnull('')", "error CAST_INVALID_INPUT"),
    ]
  ) { call in try bound("coalesce", call, [call[0], zero(call)]) },
  .scalar(
    "nullifzero", category: "conditionals", summary: "The number, or NULL where it is 0.",
    [.column("value", .any, "the number")], returns: "the type of `value`",
    examples: [
      Example("nullifzero(0)", "NULL"), Example("nullifzero(2.5)", "2.5"),
      Example("nullifzero(NULL)", "NULL"),
      Example("nullifzero(-1)", "-1"),
      Example("nullifzero('')", "error CAST_INVALID_INPUT"),
      Example("nullifzero(9223372036854775807)", "9223372036854775807"),
    ]
  ) { call in try bound("nullif", call, [call[0], zero(call)]) },
]

private func zero(_ call: FunctionCall) -> Expression {
  .literal(.integer(0), .int, origin: call.origin)
}

/// A call of another function.
private func bound(
  _ name: String, _ call: FunctionCall, _ arguments: [Expression]
) throws -> Expression {
  guard let function = FunctionCatalog.builtIn[name] else {
    preconditionFailure("there is no function \(name)")
  }
  return try function.bind(
    FunctionCall(name: name, arguments: arguments, origin: call.origin, session: call.session))
}
