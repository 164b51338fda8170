import Codecs
import Columns
import Contract

private let schema = FunctionParameter(
  parameter: Parameter("schema", .type, "a type or the fields of a struct, as DDL"),
  accepts: .any, filler: nil)

private let options = FunctionParameter(
  parameter: Parameter("options", .table, default: "map()", "as those of the reader or writer"),
  accepts: .any, filler: nil)

/// What is read, a refused text being the failure of its row.
private func rows(_ read: () throws -> Vector) throws -> Vector {
  do { return try read() } catch let error as RefusedRecord {
    throw RowFailure(row: error.row, error.failure)
  }
}

/// The text that a schema is made of.
private func constantText(_ call: FunctionCall) throws -> [UInt8] {
  switch try call.constantValue(0) {
  case .bytes(let bytes): return bytes
  case .null:
    throw Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_NULL", "the text of `\(call.name)` must not be NULL",
      origin: call.origin)
  default: throw call.notConstant(0)
  }
}

/// The constant options given as argument `index`.
private func readOptions(
  _ call: FunctionCall, _ index: Int, known: [String]
) throws -> Options {
  guard index < call.arguments.count else { return Options() }
  guard case .map(let key, let value, _) = call.types[index] else {
    throw Failure(
      "INVALID_OPTIONS.NON_MAP_FUNCTION",
      "the options of `\(call.name)` must be written as `map(…)`", origin: call.origin)
  }
  guard key == .string, value == .string else {
    throw Failure(
      "INVALID_OPTIONS.NON_STRING_TYPE",
      "the options of `\(call.name)` must be strings, but are of the type "
        + "\"\(call.types[index])\"", origin: call.origin)
  }
  guard case .map(let entries) = try call.constantValue(index) else { return Options() }
  let options = Options(
    entries.compactMap { entry in
      guard let key = entry.key.text, let value = entry.value.text else { return nil }
      return (key, value)
    })
  for name in options.names
  where !known.contains(where: { $0.lowercased() == name.lowercased() }) {
    throw Failure(
      "UNKNOWN_OPTION", "`\(call.name)` has no option `\(name)`",
      hint: Suggestion.sentence(for: name, among: known), origin: call.origin)
  }
  return options
}

/// The type that a constant DDL text names: a type, or the fields of a struct.
private func readType(_ call: FunctionCall, _ index: Int) throws -> DataType {
  guard call.types[index] == .string, let ddl = try? call.constantValue(index).text else {
    throw Failure(
      "INVALID_SCHEMA.NON_STRING_LITERAL",
      "the schema of `\(call.name)` must be a constant text, not `\(call[index].sqlText)`",
      origin: call.origin)
  }
  if let type = try? DataType(ddl: ddl) { return type.nullable }
  return DataType.structure(try Schema(ddl: ddl).fields).nullable
}

extension DataType {
  /// The same type, nullable through and through: what texts give.
  fileprivate var nullable: DataType {
    switch self {
    case .array(let element, _): .array(element.nullable, containsNull: true)
    case .map(let key, let value, _):
      .map(key.nullable, value.nullable, valueContainsNull: true)
    case .structure(let fields): .structure(fields.map { Field($0.name, $0.type.nullable) })
    default: self
    }
  }
}

private func document(
  _ name: String, _ summary: String, _ parameters: [FunctionParameter], returns: String,
  _ examples: [Example], notes: String = "",
  bind: @escaping @Sendable (FunctionCall) throws -> Expression
) -> FunctionSpec {
  .scalar(
    name, category: "documents", summary: summary, parameters, returns: returns,
    examples: examples, notes: notes, bind: bind)
}

/// JSON and CSV texts ↔ values.
let recordFunctions: [FunctionSpec] = [
  document(
    "from_json", "The value that a JSON text says; what cannot be read is NULL.",
    [.column("json", .exactly(.string), "the JSON text"), schema, options],
    returns: "the type of `schema`",
    [
      Example(
        #"from_json('{"1":2}', 'MAP<INT, INT>')"#,
        "error DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE"),
      Example(#"from_json('1', 'INT')"#, "error DATATYPE_MISMATCH.INVALID_JSON_SCHEMA"),
      Example(#"from_json('{"a":1, "b":0.8}', 'a INT, b DOUBLE')"#, "{1, 0.8}"),
      Example(#"from_json('{"a":"x"}', 'a INT')"#, "{null}"),
      Example(#"from_json('[1, 2]', 'ARRAY<INT>')"#, "[1, 2]"),
      Example(
        #"from_json('{"t":"26/08/2015"}', 't TIMESTAMP', map('timestampFormat', 'dd/MM/yyyy'))"#,
        "{2015-08-26 00:00:00}"),
      Example(
        #"from_json('{"a":{"b":[{"c":1}]}}', 'a STRUCT<b: ARRAY<STRUCT<c: BIGINT>>>').a.b[0].c"#,
        "1"),
      Example(#"from_json('{"k":1}', 'MAP<STRING, INT>')"#, "{k -> 1}"),
      Example(#"from_json('nonsense', 'a INT')"#, "{null}"),
      Example(#"from_json('', 'a INT')"#, "NULL"),
      Example(
        #"from_json('{"a":', 'a INT', map('mode', 'FAILFAST'))"#,
        "error MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION"),
      Example(#"from_json(NULL, 'a INT')"#, "NULL"),
    ]
  ) { call in
    let type = try readType(call, 1)
    let given = try readOptions(call, 2, known: JSONReadOptions.names)
    let settings = try JSONReadOptions(
      given, timeZoneId: call.session.timeZoneId, writesStringsAnew: true)
    // What the options refuse is told when the query is built.
    _ = try JSONColumnReader(type, options: settings)
    return call.with([call[0]]).result(type, nullable: .always, canFail: true) { columns, context in
      var settings = settings
      settings.times.nowUs = context.task.batchTimeUs
      return try rows { try JSONColumnReader(type, options: settings).read(columns[0].flat) }
    }
  },
  document(
    "to_json", "The value as JSON text.",
    [
      .column("value", .any, "a struct, array or map"), options,
    ],
    returns: "STRING",
    [
      Example(
        "to_json(named_struct('b', 1, 'a', map('d', 1, 'c', 2)), map('sortKeys', 'true'))",
        "{\"a\":{\"c\":2,\"d\":1},\"b\":1}"),
      Example(
        "to_json(named_struct('a', array(1, 2), 'b', map()), map('pretty', 'true'))",
        "{\n  \"a\" : [ 1, 2 ],\n  \"b\" : { }\n}"),
      Example(
        "to_json(named_struct('a', 'é😀'), map('writeNonAsciiCharacterAsCodePoint', 'true'))",
        "{\"a\":\"\\u00E9\\uD83D\\uDE00\"}"),
      Example("to_json(named_struct('a', 1, 'b', 'é\"'))", "{\"a\":1,\"b\":\"é\\\"\"}"),
      Example("to_json(array(named_struct('a', 1), NULL))", "[{\"a\":1},null]"),
      Example(
        "to_json(named_struct('t', timestamp'2015-08-26'), map('timestampFormat', 'dd/MM/yyyy'))",
        "{\"t\":\"26/08/2015\"}"),
      Example("to_json(map('a', named_struct('b', CAST(NULL AS INT))))", "{\"a\":{}}"),
      Example("to_json(named_struct('a', NULL), map('ignoreNullFields', 'false'))", "{\"a\":null}"),
      Example(
        "to_json(named_struct('d', date'2024-01-01', 'x', 1.50, 't', timestamp'2024-01-01'))",
        "{\"d\":\"2024-01-01\",\"x\":1.50,\"t\":\"2024-01-01T00:00:00.000Z\"}"),
      Example("to_json(CAST(NULL AS STRUCT<a: INT>))", "NULL"),
      Example("to_json(1)", "error DATATYPE_MISMATCH.INVALID_JSON_SCHEMA"),
    ]
  ) { call in
    let type = call.types[0]
    switch type {
    case .structure, .array, .map: break
    case .null: return call[0].implicitlyCast(to: .string)
    default:
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
        "`\(call.name)` takes a struct, an array or a map, not the type \"\(type)\"",
        hint: "Put the value into a struct: `to_json(struct(…))`.",
        origin: call[0].origin ?? call.origin)
    }
    let settings = try JSONWriteOptions(
      readOptions(call, 1, known: JSONWriteOptions.names), timeZoneId: call.session.timeZoneId)
    _ = try JSONWriter(type, options: settings)
    return call.with([call[0]]).result(.string) { columns, _ in
      try JSONWriter(type, options: settings).strings(columns[0].flat)
    }
  },
  document(
    "schema_of_json", "The type that a constant JSON text has, as DDL.",
    [.value("json", .exactly(.string), "the JSON text"), options], returns: "STRING",
    [
      Example(#"schema_of_json('[{"col":0}]')"#, "ARRAY<STRUCT<col: BIGINT>>"),
      Example(
        #"schema_of_json('{"a":1.5,"b":["x"],"c":null}')"#,
        "STRUCT<a: DOUBLE, b: ARRAY<STRING>, c: STRING>"),
      Example(
        #"schema_of_json('[{"col":01}]', map('allowNumericLeadingZeros', 'true'))"#,
        "ARRAY<STRUCT<col: BIGINT>>"),
      Example("schema_of_json('{\"é\": []}')", "STRUCT<`é`: ARRAY<STRING>>"),
      Example("schema_of_json('')", "STRING"),
      Example("schema_of_json(NULL)", "error DATATYPE_MISMATCH.UNEXPECTED_NULL"),
    ]
  ) { call in
    let bytes = try constantText(call)
    let settings = try JSONReadOptions(
      readOptions(call, 1, known: JSONReadOptions.names), timeZoneId: call.session.timeZoneId)
    let type = try bytes.withUnsafeBytes { try JSONInference.type(of: $0, options: settings) }
    return .literal(.text(type.description), .string, origin: call.origin)
  },
  document(
    "from_csv", "The struct that a CSV text says; what cannot be read is NULL.",
    [.column("csv", .exactly(.string), "the CSV text"), schema, options], returns: "STRUCT",
    [
      Example("from_csv('1, 0.8', 'a INT, b DOUBLE')", "{1, 0.8}"),
      Example(
        "from_csv('26/08/2015', 'time Timestamp', map('timestampFormat', 'dd/MM/yyyy'))",
        "{2015-08-26 00:00:00}"),
      Example("from_csv('x;2', 'a INT, b INT', map('sep', ';'))", "{null, 2}"),
      Example("from_csv('\"a,b\",', 'a STRING, b STRING')", "{a,b, null}"),
      Example("from_csv(NULL, 'a INT')", "NULL"),
    ]
  ) { call in
    let type = try readType(call, 1)
    guard case .structure(let fields) = type else {
      throw call.unexpectedType(1, expected: "the fields of a struct")
    }
    if let nested = fields.first(where: { $0.type.isNested }) {
      throw Failure(
        "UNSUPPORTED_DATATYPE",
        "`from_csv` cannot read the field `\(nested.name)` of type \(nested.type)",
        origin: call.origin)
    }
    let settings = try CSVOptions(
      readOptions(call, 2, known: CSVOptions.readNames), timeZoneId: call.session.timeZoneId)
    _ = try CSVColumnReader(fields, options: settings)
    return call.with([call[0]]).result(type, canFail: true) { columns, context in
      var settings = settings
      settings.times.nowUs = context.task.batchTimeUs
      return try rows { try CSVColumnReader(fields, options: settings).read(columns[0].flat) }
    }
  },
  document(
    "schema_of_csv", "The struct type that a constant CSV text has, as DDL.",
    [.value("csv", .exactly(.string), "the CSV text"), options], returns: "STRING",
    [
      Example("schema_of_csv('1,abc')", "STRUCT<_c0: INT, _c1: STRING>"),
      Example("schema_of_csv('1.5|2024-01-01', map('sep', '|'))", "STRUCT<_c0: DOUBLE, _c1: DATE>"),
      Example("schema_of_csv('é,,-1')", "STRUCT<_c0: STRING, _c1: STRING, _c2: INT>"),
      Example("schema_of_csv(NULL)", "error DATATYPE_MISMATCH.UNEXPECTED_NULL"),
    ]
  ) { call in
    let bytes = try constantText(call)
    var settings = try CSVOptions(
      readOptions(call, 1, known: CSVOptions.readNames), timeZoneId: call.session.timeZoneId)
    settings.inferSchema = true
    let inference = try CSVInference(settings)
    // A record ends with a line feed.
    let buffer = (bytes + [10]).withUnsafeBytes { Buffer(copying: $0) }
    _ = try inference.add(record: buffer, 0..<bytes.count, isFileStart: false)
    let type = DataType.structure(inference.schema().fields)
    return .literal(.text(type.description), .string, origin: call.origin)
  },
  document(
    "to_csv", "The struct as CSV text.",
    [.column("value", .any, "a struct"), options], returns: "STRING",
    [
      Example("to_csv(named_struct('a', array(1, 2), 'b', map('x', 1)))", "\"[1, 2]\",{x -> 1}"),
      Example("to_csv(named_struct('a', 1, 'b', 'x,y', 'c', NULL))", "1,\"x,y\","),
      Example(
        "to_csv(named_struct('t', timestamp'2015-08-26'), map('timestampFormat', 'dd/MM/yyyy'))",
        "26/08/2015"),
      Example("to_csv(named_struct('a', 1, 'b', 2), map('sep', '|'))", "1|2"),
      Example("to_csv(CAST(NULL AS STRUCT<a: INT>))", "NULL"),
      Example("to_csv('a')", "error DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE"),
    ]
  ) { call in
    if call.types[0] == .null { return call[0].implicitlyCast(to: .string) }
    guard case .structure(let given) = call.types[0] else {
      throw Failure(
        "DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE",
        "`\(call.name)` takes a struct, not the type \"\(call.types[0])\"",
        hint: "Put the value into a struct: `to_csv(struct(…))`.",
        origin: call[0].origin ?? call.origin)
    }
    // A bare NULL has no text: it is written as a STRING that is NULL. What is nested is written
    // as its cast to STRING.
    let fields = given.map {
      $0.type == .null || $0.type.isNested ? Field($0.name, .string) : $0
    }
    let value = call[0].implicitlyCast(to: .structure(fields))
    let settings = try CSVOptions(
      readOptions(call, 1, known: CSVOptions.writeNames),
      timeZoneId: call.session.timeZoneId, isWriting: true)
    _ = try CSVWriter(fields: fields, options: settings)
    return call.with([value]).result(.string) { columns, _ in
      try CSVWriter(fields: fields, options: settings).strings(columns[0].flat)
    }
  },
]
