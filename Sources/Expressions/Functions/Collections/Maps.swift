import Columns
import Contract

private func duplicate(_ key: Scalar, _ type: DataType) -> Failure {
  Failure(
    "DUPLICATED_MAP_KEY", "a map has the key \(key.sqlText(type)) twice",
    hint: "Make the keys distinct before the map is made.")
}

/// Checks the keys of a map that is being built: none NULL, none twice.
struct MapKeys {
  private var seen: Set<[UInt8]> = []
  private var key = ValueKey()

  mutating func add(_ keys: Vector, _ row: Int) throws {
    if keys.isNull(row) {
      throw Failure("NULL_MAP_KEY", "a map cannot have NULL as a key")
    }
    key.clear()
    key.append(keys, row)
    if !seen.insert(key.bytes).inserted { throw duplicate(keys.scalar(row), keys.type) }
  }
}

extension FunctionCall {
  /// The type of a map that is made here: a map cannot be a key, since maps have no equality.
  func mapType(
    _ key: DataType, _ value: DataType, valueContainsNull: Bool
  ) throws -> DataType {
    if key.containsMap {
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE",
        "the key of a map cannot be or contain \"\(key)\"", origin: origin)
    }
    return .map(key, value, valueContainsNull: valueContainsNull)
  }
}

extension Vector {
  /// The keys of a map made of these values: there is one zero.
  fileprivate var asMapKeys: Vector { type.isFraction ? withoutNegativeZeros : self }
}

extension DataType {
  fileprivate var mapTypes: (key: DataType, value: DataType, containsNull: Bool) {
    if case .map(let key, let value, let containsNull) = self {
      (key, value, containsNull)
    } else {
      (.null, .null, true)
    }
  }
}

/// Maps and structs.
let mapFunctions: [FunctionSpec] = [
  collectionFunction(
    "map", aliases: ["create_map"], "A map of the arguments: key, value, key, value …",
    [.column("entries", .any, default: "", "keys and values in turn")], isVariadic: true,
    returns: "MAP",
    [
      Example("map(1.0, '2', 3.0, '4')", "{1.0 -> 2, 3.0 -> 4}"),
      Example("map('a', NULL)", "{a -> null}"), Example("map()", "{}"),
      Example("map('a', 1, 'a', 2)", "error DUPLICATED_MAP_KEY"),
      Example("map(NULL, 1)", "error NULL_MAP_KEY"),
      Example("map('a')", "error WRONG_NUM_ARGS.WITHOUT_SUGGESTION"),
      Example("map(map(), 1)", "error DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE"),
      Example("map(-0.0d, 'é')", "{0.0 -> é}"),
    ], bind: mapCall),
  collectionFunction(
    "map_from_arrays", "A map of an array of keys and an array of values.",
    [.column("keys", .anyArray, "the keys"), .column("values", .anyArray, "the values")],
    returns: "MAP",
    [
      Example("map_from_arrays(array(1.0, 3.0), array('2', '4'))", "{1.0 -> 2, 3.0 -> 4}"),
      Example("map_from_arrays(array(1), array())", "error _LEGACY_ERROR_TEMP_2128"),
      Example("map_from_arrays(NULL, array())", "NULL"),
      Example("map_from_arrays(array(NULL), array(1))", "error NULL_MAP_KEY"),
    ]
  ) { call in
    let type = try call.mapType(
      call.types[0].element, call.types[1].element, valueContainsNull: call.types[1].containsNull)
    return call.result(type, canFail: true) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        let (keys, values) = (columns[0].range(row), columns[1].range(row))
        if keys.count != values.count {
          throw Failure(
            "_LEGACY_ERROR_TEMP_2128",
            "`map_from_arrays` got \(keys.count) keys and \(values.count) values")
        }
        var known = MapKeys()
        for (key, value) in zip(keys, values) {
          try known.add(columns[0].children[0], key)
          builder.children[0].append(columns[0].children[0], row: key)
          builder.children[1].append(columns[1].children[0], row: value)
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "map_from_entries", "A map of an array of structs of a key and a value.",
    [.column("entries", .arrayOf(.anyStructure), "the entries")], returns: "MAP",
    [
      Example("map_from_entries(array(struct(1, 'a'), struct(2, 'b')))", "{1 -> a, 2 -> b}"),
      Example("map_from_entries(array(struct(1, 'a'), NULL))", "NULL"),
      Example(
        "map_from_entries(array(struct(1, 'a'), struct(1, 'b')))", "error DUPLICATED_MAP_KEY"),
      Example("map_from_entries(CAST(NULL AS ARRAY<STRUCT<a: INT, b: INT>>))", "NULL"),
      Example("map_from_entries(CAST(array() AS ARRAY<STRUCT<a: INT, b: INT>>))", "{}"),
    ]
  ) { call in
    guard case .structure(let fields) = call.types[0].element, fields.count == 2 else {
      throw call.unexpectedType(0, expected: "\"ARRAY\" of pair \"STRUCT\"")
    }
    let type = try call.mapType(
      fields[0].type, fields[1].type, valueContainsNull: fields[1].isNullable)
    return call.result(type, nullable: .always, canFail: true) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        let entries = columns[0].children[0]
        if columns[0].range(row).contains(where: { entries.isNull($0) }) {
          return builder.appendNull()
        }
        var known = MapKeys()
        let keys = entries.children[0].asMapKeys
        for at in columns[0].range(row) {
          try known.add(keys, at)
          builder.children[0].append(keys, row: at)
          builder.children[1].append(entries.children[1], row: at)
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "map_concat", "Several maps as one.", [.column("maps", .any, default: "", "the maps")],
    isVariadic: true, returns: "MAP",
    [
      Example("map_concat(map(1, 'a', 2, 'b'), map(3, 'c'))", "{1 -> a, 2 -> b, 3 -> c}"),
      Example("map_concat(map(1, 'a'), map(1, 'b'))", "error DUPLICATED_MAP_KEY"),
      Example("map_concat(map(1, 'a'), CAST(NULL AS MAP<INT, STRING>))", "NULL"),
      Example("map_concat()", "{}"),
    ]
  ) { call in
    if call.arguments.isEmpty {
      return .literal(
        .map([]), .map(.string, .string, valueContainsNull: false), origin: call.origin)
    }
    guard call.types.allSatisfy({ if case .map = $0 { true } else { false } }) else {
      throw Failure(
        "DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES",
        "`\(call.name)` takes maps of one type, but they are "
          + call.types.map { "\"\($0)\"" }.joined(separator: ", "), origin: call.origin)
    }
    let call = try call.coercedToLeastCommonType()
    let type = call.types[0]
    return call.result(type, canFail: true) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        var known = MapKeys()
        for column in columns {
          for at in column.range(row) {
            try known.add(column.children[0], at)
            builder.children[0].append(column.children[0], row: at)
            builder.children[1].append(column.children[1], row: at)
          }
        }
        builder.endList()
      }
    }
  },
  partsOfMap(
    "map_keys", "The keys of the map.",
    [
      Example("map_keys(map(1, 'a', 2, 'b'))", "[1, 2]"), Example("map_keys(map())", "[]"),
      Example("map_keys(NULL)", "NULL"),
    ],
    { .array($0.key, containsNull: false) }
  ) { [$0[0]] },
  partsOfMap(
    "map_values", "The values of the map.",
    [
      Example("map_values(map(1, 'a', 2, NULL))", "[a, null]"), Example("map_values(NULL)", "NULL"),
      Example("map_values(map())", "[]"),
    ],
    { .array($0.value, containsNull: $0.containsNull) }
  ) { [$0[1]] },
  partsOfMap(
    "map_entries", "The entries of the map as structs of `key` and `value`.",
    [
      Example("map_entries(map(1, 'a', 2, 'b'))", "[{1, a}, {2, b}]"),
      Example("map_entries(NULL)", "NULL"),
      Example("map_entries(map())", "[]"),
    ],
    {
      .array(
        .structure([
          Field("key", $0.key, isNullable: false),
          Field("value", $0.value, isNullable: $0.containsNull),
        ]), containsNull: false)
    }
  ) { $0 },
  collectionFunction(
    "map_contains_key", "Whether the map has a key.",
    [.column("map", .any, "the map"), .value("key", .any, "the key")], returns: "BOOLEAN",
    [
      Example("map_contains_key(map(1, 'a', 2, 'b'), 1)", "true"),
      Example("map_contains_key(map(1, 'a'), 3)", "false"),
      Example("map_contains_key(map(1, 'a'), CAST(NULL AS INT))", "NULL"),
      Example("map_contains_key(map(), 'a')", "false"),
    ]
  ) { call in
    guard case .map = call.types[0] else {
      throw call.differentKey(call.types[0])
    }
    let types = try call.refusingNull(1).types[0].mapTypes
    guard let common = ImplicitCast.commonTypeWithoutStrings(types.key, call.types[1]) else {
      throw call.differentKey(types.key)
    }
    let map = DataType.map(common, types.value, valueContainsNull: types.containsNull)
    let cast = call.with([call[0].implicitlyCast(to: map), call[1].implicitlyCast(to: common)])
    return cast.result(.boolean) { columns, _ in
      try mappedRows(columns, to: .boolean) { row, builder in
        let keys = columns[0].children[0]
        builder.append(
          boolean: columns[0].range(row).contains {
            ValueOrder.compare(keys, $0, columns[1], row) == 0
          })
      }
    }
  },
  collectionFunction(
    "str_to_map", "A map read from text; the delimiters are regular expressions.",
    [
      .column("text", .exactly(.string), "the text"),
      .column(
        "pairDelimiter", .exactly(.string), default: "','", filler: (.text(","), .string),
        "between two entries"),
      .column(
        "keyValueDelimiter", .exactly(.string), default: "':'", filler: (.text(":"), .string),
        "between key and value"),
    ], returns: "MAP<STRING, STRING>",
    [
      Example("str_to_map('a:1,b:2,c:3')", "{a -> 1, b -> 2, c -> 3}"),
      Example("str_to_map('a')", "{a -> null}"),
      Example("str_to_map('a=1;b=2', ';', '=')", "{a -> 1, b -> 2}"),
      Example("str_to_map('')", "{ -> null}"),
      Example("str_to_map('a:1,a:2')", "error DUPLICATED_MAP_KEY"),
      Example("str_to_map('a:1:2,b')", "{a -> 1:2, b -> null}"),
      Example("str_to_map(NULL)", "NULL"),
      Example("str_to_map('é=ß;ł=', ';', '=')", "{é -> ß, ł -> }"),
    ]
  ) { call in
    let type = DataType.map(.string, .string, valueContainsNull: true)
    return call.result(type, canFail: true) { columns, _ in try stringToMap(columns, type) }
  },
  .scalar(
    "struct", category: "collections", summary: "A struct of the arguments, with their names.",
    [.column("columns", .any, "the fields")], isVariadic: true, returns: "STRUCT",
    examples: [
      Example("struct(1, 'a', NULL)", "{1, a, null}"), Example("struct(1 AS x, 'a' AS y).y", "a"),
    ]
  ) { call in
    structure(
      call,
      call.arguments.enumerated().map { ($1.fieldName ?? "col\($0 + 1)", $1) })
  },
  .scalar(
    "named_struct", category: "collections", summary: "A struct of names and values in turn.",
    [.column("pairs", .any, "names, which are constants, and values in turn")], isVariadic: true,
    returns: "STRUCT",
    examples: [
      Example("named_struct('a', 1, 'b', 2, 'c', NULL)", "{1, 2, null}"),
      Example("named_struct('a', 1).a", "1"),
      Example("named_struct('a')", "error WRONG_NUM_ARGS.WITHOUT_SUGGESTION"),
      Example("named_struct('é', '', 'b', array())", "{, []}"),
    ]
  ) { call in
    guard call.arguments.count.isMultiple(of: 2) else {
      throw call.wrongCount(expected: "2n (n > 0)")
    }
    let pairs = try stride(from: 0, to: call.arguments.count, by: 2).map { index in
      guard call.types[index] == .string, let name = try? call.constant(index).text else {
        throw Failure(
          "DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING",
          "the field names of `\(call.name)` must be constant strings, not "
            + "`\(call[index].sqlText)`", origin: call.origin)
      }
      return (name, call[index + 1])
    }
    return structure(call, pairs)
  },
]

private func structure(_ call: FunctionCall, _ pairs: [(name: String, value: Expression)])
  -> Expression
{
  let type = DataType.structure(
    pairs.map { Field($0.name, $0.value.type, isNullable: $0.value.isNullable) })
  return call.with(pairs.map(\.value)).result(type, nullable: .never) { columns, context in
    Vector(type, count: context.count, children: columns.map(\.flat))
  }
}

@Sendable private func mapCall(_ call: FunctionCall) throws -> Expression {
  guard call.arguments.count.isMultiple(of: 2) else {
    throw call.wrongCount(expected: "2n (n > 0)")
  }
  let keys = call.arguments.indices.filter { $0.isMultiple(of: 2) }.map { call[$0] }
  let values = call.arguments.indices.filter { !$0.isMultiple(of: 2) }.map { call[$0] }
  guard let key = ImplicitCast.leastCommonType(keys.map(\.type)) else {
    throw call.differentTypes(keys, "CREATE_MAP_KEY_DIFF_TYPES")
  }
  guard let value = ImplicitCast.leastCommonType(values.map(\.type)) else {
    throw call.differentTypes(values, "CREATE_MAP_VALUE_DIFF_TYPES")
  }
  let type = try call.mapType(
    key, value, valueContainsNull: values.contains(where: \.isNullable))
  let arguments = call.arguments.enumerated().map {
    $1.implicitlyCast(to: $0.isMultiple(of: 2) ? key : value)
  }
  return call.with(arguments).result(type, nullable: .never, canFail: true) { columns, context in
    let builder = VectorBuilder(type, capacity: context.count)
    let columns = columns.enumerated().map { $0.isMultiple(of: 2) ? $1.asMapKeys : $1 }
    for row in 0..<context.count {
      var known = MapKeys()
      do {
        for index in stride(from: 0, to: columns.count, by: 2) {
          try known.add(columns[index], row)
          builder.children[0].append(columns[index], row: row)
          builder.children[1].append(columns[index + 1], row: row)
        }
      } catch let failure as Failure { throw RowFailure(row: row, failure) }
      builder.endList()
    }
    return builder.finish()
  }
}

private func partsOfMap(
  _ name: String, _ summary: String, _ examples: [Example],
  _ type: @escaping @Sendable ((key: DataType, value: DataType, containsNull: Bool)) -> DataType,
  _ children: @escaping @Sendable ([Vector]) -> [Vector]
) -> FunctionSpec {
  collectionFunction(name, summary, [mapParameter], returns: "ARRAY", examples) { call in
    let result = type(call.types[0].mapTypes)
    return call.result(result) { columns, _ in
      if columns[0].nullCount == columns[0].count { return .nulls(result, count: columns[0].count) }
      let map = columns[0].flat
      let parts = children(map.children)
      let child =
        parts.count == 1
        ? parts[0]
        : Vector(
          result.element, count: parts[0].count, children: parts.map(\.flat))
      return Vector(
        result, count: map.count, validity: map.validity, values: map.values, children: [child])
    }
  }
}

private func stringToMap(_ columns: [Vector], _ type: DataType) throws -> Vector {
  var pairs = RegexColumn(columns[1], function: "str_to_map")
  var parts = RegexColumn(columns[2], function: "str_to_map")
  let texts = columns[0].strings
  return try mappedRows(columns, to: type) { row, builder in
    var seen: Set<[UInt8]> = []
    for entry in try split(texts[row], try pairs[row], limit: 0) {
      let entryText = Characters.slice(texts[row], entry)
      let keyValue = try split(entryText, try parts[row], limit: 2)
      let key = Characters.slice(entryText, keyValue[0])
      if !seen.insert(Array(key)).inserted {
        throw duplicate(.bytes(Array(key)), .string)
      }
      builder.children[0].append(bytes: key)
      if keyValue.count > 1 {
        builder.children[1].append(bytes: Characters.slice(entryText, keyValue[1]))
      } else {
        builder.children[1].appendNull()
      }
    }
    builder.endList()
  }
}

/// The parts of a text between the matches of a regular expression, as Java's `split` gives them.
func split(_ text: Bytes, _ regex: Regex, limit: Int) throws -> [Range<Int>] {
  var parts: [Range<Int>] = []
  try splitAtMatches(text, regex, limit) { parts.append($0) }
  return parts
}
