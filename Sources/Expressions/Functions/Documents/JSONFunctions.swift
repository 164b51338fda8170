import Codecs
import Columns
import Contract

private let json = FunctionParameter.column("json", .exactly(.string), "the JSON text")

private func document(
  _ name: String, _ summary: String, _ parameters: [FunctionParameter], isVariadic: Bool = false,
  returns: String, _ examples: [Example], notes: String = "",
  bind: @escaping @Sendable (FunctionCall) throws -> Expression
) -> FunctionSpec {
  .scalar(
    name, category: "documents", summary: summary, parameters, isVariadic: isVariadic,
    returns: returns, examples: examples, notes: notes, bind: bind)
}

/// Texts read with a JSON cursor; NULL where they are no JSON.
private func parsed(
  _ call: FunctionCall, _ type: DataType,
  _ body: @escaping @Sendable (inout JSONCursor, VectorBuilder) throws -> Bool
) -> Expression {
  call.result(type, nullable: .always) { columns, _ in
    let texts = columns[0].strings
    return try mappedRows(columns, to: type) { row, builder in
      var cursor = JSONCursor(texts[row])
      // A text that turns out malformed leaves no half of a value behind.
      let made = VectorBuilder(type, capacity: 1)
      if (try? body(&cursor, made)) == true, made.count == 1 {
        builder.append(made.finish(), row: 0)
      } else {
        builder.appendNull()
      }
    }
  }
}

/// Reading parts of JSON texts.
let jsonPathFunctions: [FunctionSpec] = [
  document(
    "get_json_object", "What a path finds in a JSON text.",
    [json, .value("path", .exactly(.string), "such as '$.store.book[0].title'")], returns: "STRING",
    [
      Example("get_json_object(1, '$')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example(#"get_json_object('{"a":"b"}', '$.a')"#, "b"),
      Example(#"get_json_object('{"a":{"b":[1,2.50,"x"]}}', '$.a.b')"#, "[1,2.5,\"x\"]"),
      Example(#"get_json_object('[{"a":1},{"a":2}]', '$[*].a')"#, "[1,2]"),
      Example(#"get_json_object('[{"a":"x"}]', '$[*].a')"#, "\"x\""),
      Example(#"get_json_object('{"a":[{"b":1},{"b":2}]}', '$.a[1].b')"#, "2"),
      Example(#"get_json_object('{"a b":null}', '$[\'a b\']')"#, "NULL"),
      Example(#"get_json_object('[[1,2],[3]]', '$[*][*]')"#, "[1,2,3]"),
      Example(#"get_json_object('{"a":true', '$.a')"#, "NULL"),
      Example(#"get_json_object('{"a":1e2}', '$.a')"#, "100.0"),
      Example(#"get_json_object('{"a":1}', 'a')"#, "NULL"),
      Example(#"get_json_object(NULL, '$.a')"#, "NULL"),
      Example("get_json_object('', '$.a')", "NULL"),
      Example("get_json_object('{\"é\":\"ü😀\"}', '$.é')", "ü😀"),
      Example(
        "get_json_object('{\"a\":[1.50, 1e2, \"😀\"]}', '$.a')",
        "[1.5,100.0,\"\\uD83D\\uDE00\"]"),
    ]
  ) { call in
    call.result(.string, nullable: .always) { columns, _ in
      var (last, path): ([UInt8]?, JSONPath?) = (nil, nil)
      return try mappedText(columns[0], columns[1]) { (text: Bytes, pattern: Bytes, out) in
        if !(last?.elementsEqual(pattern) ?? false) {
          last = Array(pattern)
          path = JSONPath(pattern)
        }
        if let found = path?.find(in: text) { out.bytes += found } else { out.isNull = true }
      }
    }
  },
  document(
    "json_array_length", "How many elements the outermost JSON array has; NULL for another text.",
    [json], returns: "INT",
    [
      Example(#"json_array_length('[1,2,[3,4]]')"#, "3"),
      Example(#"json_array_length('{"a":1}')"#, "NULL"), Example(#"json_array_length('[]')"#, "0"),
      Example(#"json_array_length('[1,2')"#, "NULL"), Example("json_array_length(NULL)", "NULL"),
      Example("json_array_length('[\"é\", {\"a\": [1]}]')", "2"),
    ]
  ) { call in
    parsed(call, .int) { cursor, builder in
      guard cursor.peek() == UInt8(ascii: "[") else { return false }
      var count: Int64 = 0
      try cursor.forEachElement { cursor in
        try cursor.skip()
        count += 1
      }
      builder.append(integer: count)
      return true
    }
  },
  document(
    "json_object_keys", "The field names of the outermost JSON object; NULL for another text.",
    [json], returns: "ARRAY<STRING>",
    [
      Example(#"json_object_keys('{"f1":"abc","f2":{"f3":"a"}}')"#, "[f1, f2]"),
      Example(#"json_object_keys('{}')"#, "[]"), Example(#"json_object_keys('[1]')"#, "NULL"),
      Example(#"json_object_keys('')"#, "NULL"), Example("json_object_keys(NULL)", "NULL"),
      Example("json_object_keys('{\"é\": 1, \"\": 2}')", "[é, ]"),
    ]
  ) { call in
    parsed(call, .array(.string, containsNull: true)) { cursor, builder in
      guard cursor.peek() == UInt8(ascii: "{") else { return false }
      try cursor.forEachField { cursor, name in
        name.withUnsafeBytes { builder.children[0].append(bytes: $0) }
        try cursor.skip()
      }
      builder.endList()
      return true
    }
  },
  .function(
    .generator, "json_tuple", category: "generators",
    summary: "Fields of a JSON object as columns of strings.",
    [
      .column("json", .any, "the JSON text"), .value("fields", .any, "the names of the fields"),
    ], isVariadic: true, returns: "c0, c1, …",
    examples: [
      Example(#"json_tuple('{"a":1, "b":"x", "c":[1]}', 'a', 'b', 'c', 'd')"#, "1, x, [1], NULL"),
      Example(#"json_tuple('{"a":1', 'a')"#, "NULL"),
      Example("json_tuple(CAST(NULL AS STRING), 'a')", "NULL"),
      Example("json_tuple('', 'a')", "NULL"),
      Example("json_tuple('{\"é\": \"ü\", \"a\": [\"😀\"]}', 'é', 'a')", "ü, [\"\\uD83D\\uDE00\"]"),
    ]
  ) { call in
    if call.arguments.count < 2 { throw call.wrongCount(expected: "> 1") }
    if call.types.contains(where: { $0 != .string }) {
      throw Failure(
        "DATATYPE_MISMATCH.NON_STRING_TYPE", "all arguments of `json_tuple` must be strings",
        origin: call.origin)
    }
    return call.generator(JSONTupleGenerator(call.arguments.count - 1))
  },
]

/// JSON_TUPLE: one row a text.
private struct JSONTupleGenerator: Generator {
  let name = "json_tuple"
  let output: [Field]
  let isOuter = false

  init(_ count: Int) { output = (0..<count).map { Field("c\($0)", .string) } }

  func generate(
    _ arguments: [Vector], count: Int, context: EvaluationContext
  ) throws -> (columns: [Vector], rows: Selection) {
    let builders = output.map { VectorBuilder($0.type, capacity: count) }
    for row in 0..<count {
      var found: [[UInt8]?] = Array(repeating: nil, count: output.count)
      if !arguments[0].isNull(row) {
        let names = arguments.dropFirst().map { $0.isNull(row) ? nil : Array($0.strings[row]) }
        var cursor = JSONCursor(arguments[0].strings[row])
        if (try? Self.read(&cursor, names, &found)) == nil {
          found = Array(repeating: nil, count: output.count)
        }
      }
      for (builder, value) in zip(builders, found) {
        if let value {
          value.withUnsafeBytes { builder.append(bytes: $0) }
        } else {
          builder.appendNull()
        }
      }
    }
    return (builders.map { $0.finish() }, .identity(count))
  }

  private static func read(
    _ cursor: inout JSONCursor, _ names: [[UInt8]?], _ found: inout [[UInt8]?]
  ) throws {
    guard cursor.peek() == UInt8(ascii: "{") else { return }
    try cursor.forEachField { cursor, name in
      let token = cursor.peek()
      var value: [UInt8]? = []
      if token == UInt8(ascii: "\"") {
        value = try cursor.string()
      } else {
        var text: [UInt8] = []
        try cursor.copy(to: &text)
        value = token == UInt8(ascii: "n") ? nil : text
      }
      for (index, wanted) in names.enumerated() where wanted == name { found[index] = value }
    }
  }
}
