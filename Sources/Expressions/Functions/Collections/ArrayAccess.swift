import Columns
import Contract

private func outOfBounds(_ index: Int64, _ count: Int) -> Failure {
  Failure(
    "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
    "there is no element \(index) in an array of \(count) elements",
    hint: "Use `try_element_at` to get NULL instead.")
}

/// Element at a position counted from 1 or from the end; nil beyond the array.
@inline(__always)
private func element(_ range: Range<Int>, _ index: Int64) throws -> Int? {
  if index == 0 {
    throw Failure("INVALID_INDEX_OF_ZERO", "the elements of an array are counted from 1")
  }
  let at = index > 0 ? range.lowerBound + Int(index) - 1 : range.upperBound + Int(index)
  return range.contains(at) ? at : nil
}

/// Picks one element a row; `Selection.none` gives NULL.
private func picked(
  _ list: Vector, _ others: [Vector], child: Int, _ body: (Int, Range<Int>) throws -> Int?
) throws -> Vector {
  let flat = list.flat
  let out = Buffer(capacity: flat.count * 4)
  let rows = out.typed(UInt32.self)
  for row in 0..<flat.count {
    rows[row] = Selection.none
    if flat.isNull(row) || others.contains(where: { $0.isNull(row) }) { continue }
    do {
      if let at = try body(row, flat.range(row)) { rows[row] = UInt32(truncatingIfNeeded: at) }
    } catch let failure as Failure { throw RowFailure(row: row, failure) }
  }
  return flat.children[child].flat.gathered(
    Selection(buffer: out, count: flat.count), hasMissing: true)
}

private func elementAt(_ name: String, isTry: Bool, _ summary: String, _ examples: [Example])
  -> FunctionSpec
{
  collectionFunction(
    name, summary,
    [
      .column(
        "collection", .exactly(.oneOf([.anyArray, .anyMap]), orNull: false), "the array or map"),
      // As in PySpark, text given to `try_element_at` names a column.
      (isTry ? FunctionParameter.column : FunctionParameter.value)(
        "key", .any, nil, nil, "a position from 1 (negative: from the end), or a key"),
    ], returns: "the type of an element", examples
  ) { call in
    if case .map(let key, let value, _) = call.types[0] {
      guard let common = ImplicitCast.tightestCommonType(key, call.types[1]) else {
        throw call.differentKey(key)
      }
      let map = DataType.map(common, value, valueContainsNull: true)
      let cast = call.with([call[0].implicitlyCast(to: map), call[1].implicitlyCast(to: common)])
      return cast.result(value, nullable: .always) { columns, _ in
        let keys = columns[0].flat.children[0]
        return try picked(columns[0], [columns[1]], child: 1) { row, range in
          range.first { ValueOrder.compare(keys, $0, columns[1], row) == 0 }
        }
      }
    }
    let position = AcceptedType.oneOf([.int, .type(.short), .type(.byte)])
    guard position.accepts(call.types[1]),
      let wanted = ImplicitCast.type(for: .int, from: call.types[1])
    else {
      throw call.unexpectedType(1, expected: "\"INT\"")
    }
    let cast = call.with([call[0], call[1].implicitlyCast(to: wanted)])
    return cast.result(call.types[0].element, nullable: .always, canFail: true) { columns, _ in
      try picked(columns[0], [columns[1]], child: 0) { row, range in
        let index = columns[1].integer(row)
        if let at = try element(range, index) { return at }
        if isTry { return nil }
        throw outOfBounds(index, range.count)
      }
    }
  }
}

/// What is in an array, how much, and where.
let arrayAccessFunctions: [FunctionSpec] = [
  collectionFunction(
    "size", aliases: ["cardinality"], "How many elements an array or map has.",
    [.column("collection", .oneOf([.anyArray, .anyMap]), "the array or map")], returns: "INT",
    [
      Example("size(array('b', 'd', 'c', 'a'))", "4"), Example("size(map('a', 1, 'b', 2))", "2"),
      Example("size(array())", "0"), Example("size(CAST(NULL AS ARRAY<INT>))", "NULL"),
    ]
  ) { $0.result(.int) { columns, _ in try listSize(columns[0]) } },
  collectionFunction(
    "array_size", "How many elements an array has.", [arrayParameter], returns: "INT",
    [
      Example("array_size(array(1, NULL))", "2"), Example("array_size(NULL)", "NULL"),
      Example("array_size(array())", "0"),
    ]
  ) { $0.result(.int) { columns, _ in try listSize(columns[0]) } },
  elementAt(
    "element_at", isTry: false,
    "The element at a position from 1, or the value of a key; NULL where there is no such key.",
    [
      Example("element_at(array(1, 2), 1L)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("element_at(map(1, 2), '1')", "error DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES"),
      Example("element_at(array(1, 2, 3), 2)", "2"), Example("element_at(array(1, 2, 3), -1)", "3"),
      Example("element_at(array(1, 2, 3), 5)", "error INVALID_ARRAY_INDEX_IN_ELEMENT_AT"),
      Example("element_at(array(1, 2, 3), 0)", "error INVALID_INDEX_OF_ZERO"),
      Example("element_at(map(1, 'a', 2, 'b'), 2)", "b"),
      Example("element_at(map(1, 'a'), 3)", "NULL"),
      Example("element_at(array(1), CAST(NULL AS INT))", "NULL"),
      Example("element_at(map('', 'é'), '')", "é"),
    ]),
  elementAt(
    "try_element_at", isTry: true, "As `element_at`; NULL beyond the array.",
    [
      Example("try_element_at(array(1, 2, 3), 5)", "NULL"),
      Example("try_element_at(map('a', 1), 'b')", "NULL"),
      Example("try_element_at(array(1, 2, 3), 0)", "error INVALID_INDEX_OF_ZERO"),
      Example("try_element_at(array(1, NULL), 2)", "NULL"),
      Example("try_element_at(map('', -1), '')", "-1"),
      Example("try_element_at(array('é'), -2)", "NULL"),
    ]),
  collectionFunction(
    "get", "The element at a position from 0; NULL beyond the array.",
    [properArrayParameter, .column("index", .int, "the position, from 0")],
    returns: "the type of an element",
    [
      Example("get(array(1, 2, 3), 0)", "1"), Example("get(array(1, 2, 3), 3)", "NULL"),
      Example("get(array(1, 2, 3), -1)", "NULL"), Example("get(array(1), NULL)", "NULL"),
      Example("get(array(), 0)", "NULL"),
      Example("get(array(1), 2147483647)", "NULL"),
    ]
  ) { call in
    call.result(call.types[0].element, nullable: .always) { columns, _ in
      try picked(columns[0], [columns[1]], child: 0) { row, range in
        let index = Int(columns[1].integer(row))
        return index >= 0 && index < range.count ? range.lowerBound + index : nil
      }
    }
  },
  collectionFunction(
    "array_contains", "Whether the array has the value; NULL when only a NULL could be it.",
    [.column("array", .any, "the array"), .value("value", .any, "the value")], returns: "BOOLEAN",
    [
      Example("array_contains(array(1), '1')", "error DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES"),
      Example("array_contains(array(1), NULL)", "error DATATYPE_MISMATCH.NULL_TYPE"),
      Example("array_contains(array(1, 2, 3), 2)", "true"),
      Example("array_contains(array(1, NULL), 2)", "NULL"),
      Example("array_contains(array(1, 2), 1.0)", "true"),
      Example("array_contains(array(), 2)", "false"),
      Example("array_contains(array(1), CAST(NULL AS INT))", "NULL"),
    ]
  ) { call in
    try call.refusingNull(0, 1).refusingNonArray(0).withElement(isWide: true).refusingMaps().result(
      .boolean, nullable: .always
    ) { columns, _ in
      try mappedRows(columns, to: .boolean) { row, builder in
        let values = columns[0].children[0]
        var hasNull = false
        for at in columns[0].range(row) {
          if values.isNull(at) {
            hasNull = true
          } else if ValueOrder.compare(values, at, columns[1], row) == 0 {
            return builder.append(boolean: true)
          }
        }
        if hasNull { builder.appendNull() } else { builder.append(boolean: false) }
      }
    }
  },
  collectionFunction(
    "array_position", "Where the value first is in the array, from 1; 0: nowhere.",
    [.column("array", .any, "the array"), .value("value", .any, "the value")], returns: "BIGINT",
    [
      Example("array_position(array(312, 773, 708), 773)", "2"),
      Example("array_position(array(1), 2)", "0"),
      Example("array_position(array(NULL, 2), 2)", "2"),
      Example("array_position(array(1), NULL)", "NULL"),
      Example("array_position(array(), 'é')", "0"),
    ]
  ) { call in
    let call = try call.refusingNull(0).refusingNonArray(0).withElement().refusingNull(1)
    return try call.refusingMaps().result(.long) { columns, _ in
      try mappedRows(columns, to: .long) { row, builder in
        let (values, range) = (columns[0].children[0], columns[0].range(row))
        let found = range.first {
          !values.isNull($0) && ValueOrder.compare(values, $0, columns[1], row) == 0
        }
        builder.append(integer: Int64(found.map { $0 - range.lowerBound + 1 } ?? 0))
      }
    }
  },
  extreme(
    "array_min", "The least element that is not NULL; NaN is greater than every number.",
    isMax: false,
    [
      Example("array_min(array(1, 20, NULL, 3))", "1"),
      Example("array_min(array(double('NaN'), 1d))", "1.0"), Example("array_min(array())", "NULL"),
      Example("array_min(NULL)", "NULL"),
    ]),
  extreme(
    "array_max", "The greatest element that is not NULL.", isMax: true,
    [
      Example("array_max(array(1, 20, NULL, 3))", "20"), Example("array_max(array('é', 'z'))", "é"),
      Example("array_max(array())", "NULL"), Example("array_max(NULL)", "NULL"),
    ]),
  collectionFunction(
    "slice", "A part of the array: from a position (from 1; negative: from the end), so long.",
    [
      arrayParameter, .column("start", .int, "where it begins"),
      .column("length", .int, "how long"),
    ],
    returns: "the type of `array`",
    [
      Example("slice(array(1, 2, 3, 4), 2, 2)", "[2, 3]"),
      Example("slice(array(1, 2, 3, 4), -2, 2)", "[3, 4]"),
      Example("slice(array(1, 2), 5, 2)", "[]"), Example("slice(array(1, 2), -5, 2)", "[]"),
      Example("slice(array(1, 2), 0, 2)", "error INVALID_PARAMETER_VALUE.START"),
      Example("slice(array(1, 2), 1, -1)", "error INVALID_PARAMETER_VALUE.LENGTH"),
      Example("slice(NULL, 1, 1)", "NULL"),
      Example("slice(array(), 1, 2)", "[]"),
    ]
  ) { call in
    call.result(call.types[0], canFail: true) { columns, _ in
      try mappedRows(columns, to: columns[0].type) { row, builder in
        let (start, length) = (Int(columns[1].integer(row)), Int(columns[2].integer(row)))
        if start == 0 {
          throw Failure("INVALID_PARAMETER_VALUE.START", "the start of `slice` is counted from 1")
        }
        if length < 0 {
          throw Failure(
            "INVALID_PARAMETER_VALUE.LENGTH", "the length of `slice` is negative: \(length)")
        }
        let range = columns[0].range(row)
        let first = start > 0 ? range.lowerBound + start - 1 : range.upperBound + start
        if range.contains(first) {
          for at in first..<min(first + length, range.upperBound) {
            builder.children[0].append(columns[0].children[0], row: at)
          }
        }
        builder.endList()
      }
    }
  },
]

private func listSize(_ list: Vector) throws -> Vector {
  if list.nullCount == list.count { return .nulls(.int, count: list.count) }
  let list = list.flat
  let out = Buffer(capacity: list.count * 4)
  let (sizes, offsets) = (out.typed(Int32.self), list.typed(Int32.self))
  for row in 0..<list.count { sizes[row] = offsets[row + 1] &- offsets[row] }
  return Vector(.int, count: list.count, validity: list.validity, values: out)
}

private func extreme(_ name: String, _ summary: String, isMax: Bool, _ examples: [Example])
  -> FunctionSpec
{
  collectionFunction(
    name, summary, [.column("array", .arrayOf(.orderable), "the array")],
    returns: "the type of an element", examples
  ) { call in
    call.result(call.types[0].element, nullable: .always) { columns, _ in
      let values = columns[0].flat.children.first ?? .nulls(.null, count: 0)
      return try picked(columns[0], [], child: 0) { _, range in
        var best: Int?
        for at in range where !values.isNull(at) {
          guard let held = best else {
            best = at
            continue
          }
          let order = ValueOrder.compare(values, held, values, at)
          if isMax ? order < 0 : order > 0 { best = at }
        }
        return best
      }
    }
  }
}
