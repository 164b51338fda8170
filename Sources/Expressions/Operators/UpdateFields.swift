import Columns
import Contract

/// `Column.withField` and `Column.dropFields`: a struct with a field put in or left out. Spark's
/// SQL has no words for them.
let fieldFunctions: [FunctionSpec] = [
  FunctionSpec.scalar(
    "withfield", category: "operators", summary: "The struct with one field put in or replaced.",
    [
      .column("struct", .any, "a struct"), .value("name", .exactly(.oneOf([.string])), "the field"),
      .column("value", .any, "its value"),
    ],
    examples: [
      Example("withfield(named_struct('a', 1), 'é', 'ü')", "{1, ü}"),
      Example("withfield(named_struct('a', 1, 'b', 2), 'A', NULL)", "{null, 2}"),
      Example("withfield(CAST(NULL AS STRUCT<a: INT>), 'b', 2)", "NULL"),
      Example("withfield(1, 'b', 2)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
    ], notes: "In Lua: `c:withField(name, value)`."
  ) { call in
    let fields = try structFields(call)
    let name = try call.constant(1).text ?? ""
    let value = call[2]
    let new = Field(name, value.type, isNullable: value.isNullable)
    let places = fields.indices.filter { call.isSame(fields[$0].name, name) }
    var made = fields
    for place in places { made[place] = new }
    if places.isEmpty { made.append(new) }
    return update(call, made, operation: "WithField(\(value.sqlText))") { columns in
      var children = columns[0].flat.children
      for place in places { children[place] = columns[2].flat }
      if places.isEmpty { children.append(columns[2].flat) }
      return children
    }
  },
  FunctionSpec.scalar(
    "dropfields", category: "operators", summary: "The struct without some fields.",
    [
      .column("struct", .any, "a struct"),
      .value("names", .exactly(.oneOf([.string])), "the fields"),
    ], isVariadic: true,
    examples: [
      Example("dropfields(named_struct('a', 1, 'b', 2, 'c', NULL), 'A', 'b')", "{null}"),
      Example("dropfields(named_struct('a', 1), 'z')", "{1}"),
      Example("dropfields(CAST(NULL AS STRUCT<a: INT, b: INT>), 'b')", "NULL"),
      Example(
        "dropfields(named_struct('a', 1), 'a')", "error DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS"),
    ], notes: "In Lua: `c:dropFields(names, …)`."
  ) { call in
    let fields = try structFields(call)
    let names = try call.arguments.indices.dropFirst().map { try call.constant($0).text ?? "" }
    let kept = fields.indices.filter { place in
      !names.contains { call.isSame(fields[place].name, $0) }
    }
    let operations = names.map { _ in "dropfield()" }.joined(separator: ", ")
    if kept.isEmpty {
      throw Failure(
        "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS",
        "`update_fields(\(call[0].sqlText), \(operations))` would leave a struct without fields",
        origin: call.origin)
    }
    return update(call, kept.map { fields[$0] }, operation: operations) { columns in
      let children = columns[0].flat.children
      return kept.map { children[$0] }
    }
  },
]

private func structFields(_ call: FunctionCall) throws -> [Field] {
  guard case .structure(let fields) = call[0].type else {
    throw Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
      "`\(call[0].sqlText)` has no fields to change: its type is \"\(call[0].type)\", not STRUCT",
      origin: call.origin)
  }
  return fields
}

/// NULL stays NULL; each other struct gets the children that `children` makes of the columns.
private func update(
  _ call: FunctionCall, _ fields: [Field], operation: String,
  children: @escaping @Sendable ([Vector]) -> [Vector]
) -> Expression {
  let type = DataType.structure(fields)
  let function = ScalarFunction(
    call.name, notation: .custom { "update_fields(\($0[0]), \(operation))" },
    kernel: .whole { columns, context in
      let old = columns[0].flat
      return Vector(
        type, count: context.count, validity: old.validity, children: children(columns))
    })
  return Expression(
    .call(function, call.arguments), type, isNullable: call[0].isNullable, origin: call.origin)
}

extension FunctionCall {
  /// Whether two field names are one, as the session has it.
  fileprivate func isSame(_ a: String, _ b: String) -> Bool {
    a == b || !session.isCaseSensitive && a.lowercased() == b.lowercased()
  }
}
