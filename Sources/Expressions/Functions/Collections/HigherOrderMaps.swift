import Columns
import Contract

private func lambda(_ summary: String) -> FunctionParameter {
  FunctionParameter(
    parameter: Parameter("function", .function, summary), accepts: .any, filler: nil)
}

private func mapLambda(_ call: FunctionCall) throws -> (expression: Expression, body: Expression) {
  guard case .map(let key, let value, let containsNull) = call.types[0] else {
    throw call.unexpectedType(0, expected: "\"MAP\"")
  }
  return try call.resolvedLambda(1, [("k", key, false), ("v", value, containsNull)])
}

/// Functions that take functions, over maps.
let higherOrderMapFunctions: [FunctionSpec] = [
  collectionFunction(
    "map_filter", "The entries for which a predicate is true.",
    [properMapParameter, lambda("a function of key and value that gives a BOOLEAN")],
    returns: "the type of `map`",
    [
      Example("map_filter(map(1, 0, 2, 2, 3, -1), (k, v) -> k > v)", "{1 -> 0, 3 -> -1}"),
      Example("map_filter(CAST(NULL AS MAP<INT, INT>), (k, v) -> true)", "NULL"),
    ]
  ) { call in
    let predicate = try mapLambda(call)
    let function = try call.predicate(predicate.expression)
    return call.with([call[0], function]).guarded(
      call.types[0], canFail: predicate.body.canFail
    ) { arguments, context in
      let map = try arguments[0].evaluate(context).flat
      let elements = ListElements(map)
      let holds = try arguments[1].evaluate(
        elements.children, rows: elements.rows, in: context)
      return try mappedRows([map], to: map.type) { row, builder in
        for at in elements.range(row) where !holds.isNull(at) && holds.boolean(at) {
          for (child, source) in zip(builder.children, elements.children) {
            child.append(source, row: at)
          }
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "transform_values", "The map with other values, which a function makes of key and value.",
    [properMapParameter, lambda("a function of key and value")], returns: "MAP",
    [
      Example(
        "transform_values(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> k + v)",
        "{1 -> 2, 2 -> 4, 3 -> 6}"),
      Example("transform_values(CAST(NULL AS MAP<INT, INT>), (k, v) -> v)", "NULL"),
    ]
  ) { call in
    let function = try mapLambda(call)
    guard case .map(let key, _, _) = call.types[0] else { return call[0] }
    let type = DataType.map(
      key, function.body.type, valueContainsNull: function.body.isNullable)
    return call.with([call[0], function.expression]).guarded(
      type, canFail: function.body.canFail
    ) { arguments, context in
      let map = try arguments[0].evaluate(context).flat
      let elements = ListElements(map)
      let values = try arguments[1].evaluate(
        elements.children, rows: elements.rows, in: context)
      return Vector(
        type, count: map.count, validity: map.validity, values: elements.offsets,
        children: [elements.children[0], values])
    }
  },
  collectionFunction(
    "transform_keys", "The map with other keys, which a function makes of key and value.",
    [properMapParameter, lambda("a function of key and value")], returns: "MAP",
    [
      Example(
        "transform_keys(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> k + 1)",
        "{2 -> 1, 3 -> 2, 4 -> 3}"),
      Example("transform_keys(map(1, 1, 2, 2), (k, v) -> 0)", "error DUPLICATED_MAP_KEY"),
      Example("transform_keys(map(1, 1), (k, v) -> CAST(NULL AS INT))", "error NULL_MAP_KEY"),
      Example("transform_keys(CAST(NULL AS MAP<INT, INT>), (k, v) -> v)", "NULL"),
    ]
  ) { call in
    let function = try mapLambda(call)
    guard case .map(_, let value, let containsNull) = call.types[0] else { return call[0] }
    let type = try call.mapType(function.body.type, value, valueContainsNull: containsNull)
    return call.with([call[0], function.expression]).guarded(type, canFail: true) {
      arguments, context in
      let map = try arguments[0].evaluate(context).flat
      let elements = ListElements(map)
      let keys = try arguments[1].evaluate(elements.children, rows: elements.rows, in: context)
      for row in 0..<map.count {
        var known = MapKeys()
        do { for at in elements.range(row) { try known.add(keys, at) } } catch let failure
          as Failure
        { throw RowFailure(row: row, failure) }
      }
      return Vector(
        type, count: map.count, validity: map.validity, values: elements.offsets,
        children: [keys, elements.children[1]])
    }
  },
  collectionFunction(
    "map_zip_with", "Two maps as one: a function makes a value of each key and both its values.",
    [
      .column("left", .anyMap, "the one"), .column("right", .anyMap, "the other"),
      lambda("a function of the key and both values, NULL where a map has none"),
    ], returns: "MAP",
    [
      Example(
        "map_zip_with(map(1, 'a', 2, 'b'), map(1, 'x', 3, 'y'), (k, a, b) -> concat_ws('-', a, b))",
        "{1 -> a-x, 2 -> b, 3 -> y}"),
      Example("map_zip_with(CAST(NULL AS MAP<INT, INT>), map(1, 2), (k, a, b) -> a)", "NULL"),
    ], bind: mapZipWithCall),
]

@Sendable private func mapZipWithCall(_ call: FunctionCall) throws -> Expression {
  guard case .map(let leftKey, let leftValue, let leftNull) = call.types[0],
    case .map(let rightKey, let rightValue, let rightNull) = call.types[1]
  else { throw call.unexpectedType(call.types[0].isNested ? 1 : 0, expected: "\"MAP\"") }
  guard let key = ImplicitCast.commonTypeWithoutStrings(leftKey, rightKey) else {
    throw call.differentTypes(Array(call.arguments.prefix(2)), "MAP_ZIP_WITH_DIFF_TYPES")
  }
  let left = call[0].implicitlyCast(to: .map(key, leftValue, valueContainsNull: leftNull))
  let right = call[1].implicitlyCast(to: .map(key, rightValue, valueContainsNull: rightNull))
  let function = try call.resolvedLambda(
    2, [("k", key, false), ("v1", leftValue, true), ("v2", rightValue, true)])
  let type = DataType.map(key, function.body.type, valueContainsNull: true)
  let isNullable = left.isNullable || right.isNullable
  return call.with([left, right, function.expression]).guarded(
    type, nullable: isNullable ? .always : .never, canFail: function.body.canFail
  ) { arguments, context in
    let (a, b) = (try arguments[0].evaluate(context), try arguments[1].evaluate(context))
    let (p, q) = (ListElements(a), ListElements(b))
    let missing = Int(Selection.none)
    var (keys, lefts, rights, rows): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    let offsets = Buffer(capacity: (a.count + 1) * 4)
    offsets.typed(Int32.self)[0] = 0
    var key = ValueKey()
    for row in 0..<a.count {
      if !a.isNull(row), !b.isNull(row) {
        var places: [[UInt8]: Int] = [:]
        for at in p.range(row) {
          key.clear()
          key.append(p.children[0], at)
          places[key.bytes] = keys.count
          keys.append(at)
          lefts.append(at)
          rights.append(missing)
          rows.append(row)
        }
        for at in q.range(row) {
          key.clear()
          key.append(q.children[0], at)
          if let place = places[key.bytes] {
            rights[place] = at
            continue
          }
          keys.append(p.count + at)
          lefts.append(missing)
          rights.append(at)
          rows.append(row)
        }
      }
      offsets.typed(Int32.self)[row + 1] = Int32(keys.count)
    }
    let allKeys = Vector.concatenated(
      [p.children[0], q.children[0]], type: p.children[0].type
    ).gathered(Selection(keys))
    let values = try arguments[2].evaluate(
      [
        allKeys, p.children[1].gathered(Selection(lefts), hasMissing: true),
        q.children[1].gathered(Selection(rights), hasMissing: true),
      ], rows: Selection(rows), in: context)
    let validity = Bitmap.and(a.flat.validity, b.flat.validity, count: a.count)
    return Vector(
      type, count: a.count, validity: validity, values: offsets, children: [allKeys, values])
  }
}
