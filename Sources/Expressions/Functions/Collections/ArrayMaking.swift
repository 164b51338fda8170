import Columns
import Contract

/// Arrays made of values, of other arrays, in another order.
let arrayMakingFunctions: [FunctionSpec] = [
  collectionFunction(
    "array", "An array of the arguments.", [.column("values", .any, default: "", "the elements")],
    isVariadic: true, returns: "ARRAY",
    [
      Example("array(1, 2, 3)", "[1, 2, 3]"), Example("array(1, NULL, 2.5)", "[1.0, null, 2.5]"),
      Example("array()", "[]"),
      Example("array('a', 1)", "error CAST_INVALID_INPUT"),
    ]
  ) { call in
    let call = try call.arguments.isEmpty ? call : call.coercedToLeastCommonType()
    let containsNull = call.arguments.contains(where: \.isNullable)
    let type = DataType.array(call.types.first ?? .null, containsNull: containsNull)
    return call.result(type, nullable: .never) { columns, context in
      let builder = VectorBuilder(type, capacity: context.count)
      for row in 0..<context.count {
        for column in columns { builder.children[0].append(column, row: row) }
        builder.endList()
      }
      return builder.finish()
    }
  },
  collectionFunction(
    "array_repeat", "An array of so many copies of a value.",
    [.column("value", .any, "the value"), .column("count", .exactly(.int), "how many")],
    returns: "ARRAY",
    [
      Example("array_repeat('123', 2)", "[123, 123]"),
      Example("array_repeat(NULL, 2)", "[null, null]"),
      Example("array_repeat('é', 2)", "[é, é]"),
      Example("array_repeat(1, 2147483647)", "error COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER"),
      Example("array_repeat(1, -1)", "[]"), Example("array_repeat(1, NULL)", "NULL"),
    ]
  ) { call in
    let type = DataType.array(call.types[0], containsNull: call[0].isNullable)
    return call.result(type, nullable: call[1].isNullable ? .always : .never) { columns, _ in
      try mappedRows([columns[1]], to: type) { row, builder in
        let count = columns[1].integer(row)
        try requireElements(count, function: "array_repeat")
        for _ in 0..<max(count, 0) {
          builder.children[0].append(columns[0], row: row)
        }
        builder.endList()
      }.spread(over: columns)
    }
  },
  collectionFunction(
    "array_append", "The array with a value behind its elements.",
    [properArrayParameter, .value("value", .any, "the value")], returns: "ARRAY",
    [
      Example("array_append(array('b', 'd'), 'x')", "[b, d, x]"),
      Example("array_append(array(1), NULL)", "[1, null]"),
      Example("array_append(CAST(NULL AS ARRAY<INT>), 1)", "NULL"),
      Example("array_append(array(), 'é')", "[é]"),
    ]
  ) { try insertCall($0.withElement(), position: nil) { range, _ in range.count } },
  collectionFunction(
    "array_prepend", "The array with a value before its elements.",
    [properArrayParameter, .value("value", .any, "the value")], returns: "ARRAY",
    [
      Example("array_prepend(array('b', 'd'), 'x')", "[x, b, d]"),
      Example("array_prepend(array(1), NULL)", "[null, 1]"),
      Example("array_prepend(CAST(NULL AS ARRAY<INT>), 1)", "NULL"),
      Example("array_prepend(array(), 'é')", "[é]"),
    ]
  ) { try insertCall($0.withElement(), position: nil) { _, _ in 0 } },
  collectionFunction(
    "array_insert", "The array with a value put at a position, from 1 or from the end.",
    [
      .column("array", .any, "the array"),
      .column(
        "position", .exactly(.oneOf([.int, .type(.short), .type(.byte)]), orNull: false), "where"),
      .value("value", .any, "the value"),
    ], returns: "ARRAY",
    [
      Example("array_insert(array(1, 2, 3, 4), 5, 5)", "[1, 2, 3, 4, 5]"),
      Example("array_insert(array(5, 4, 3, 2), -1, 1)", "[5, 4, 3, 2, 1]"),
      Example("array_insert(array(5, 3, 2, 1), -4, 4)", "[5, 4, 3, 2, 1]"),
      Example("array_insert(array(1), 4, 9)", "[1, null, null, 9]"),
      Example("array_insert(array(1), -4, 9)", "[9, null, null, 1]"),
      Example("array_insert(array(1), 0, 9)", "error INVALID_INDEX_OF_ZERO"),
      Example(
        "array_insert(array(1), 2147483647, 9)", "error COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION"),
      Example("array_insert(array(), 1, 'é')", "[é]"),
      Example("array_insert(array(1), CAST(NULL AS INT), 9)", "NULL"),
    ]
  ) { try insertAtCall($0.withElement(0, 2)) },
  collectionFunction(
    "reverse", "The array or string in reverse order.",
    [.column("value", .oneOf([.stringOrBinary, .anyArray]), "the array or string")],
    returns: "the type of `value`",
    [
      Example("reverse('Spark SQL')", "LQS krapS"), Example("reverse('aé漢')", "漢éa"),
      Example("reverse(array(2, 1, NULL))", "[null, 1, 2]"),
      Example("reverse(NULL)", "NULL"),
      Example("reverse('')", ""),
      Example("reverse(array())", "[]"),
    ]
  ) { call in
    let type = call.types[0]
    return call.result(type) { columns, _ in
      if type == .string || type == .binary {
        return try mappedText(columns[0], to: type) { (text: Bytes, out) in
          if type == .binary || Characters.isASCII(text) {
            out.bytes.append(contentsOf: text.reversed())
          } else {
            for scalar in Characters.scalars(text).reversed() { out.append(scalar) }
          }
        }
      }
      return rearranged(columns[0]) { range in range.reversed() }
    }
  },
  collectionFunction(
    "concat", "Strings, binaries or arrays, one after the other; NULL when any is.",
    [.column("values", .any, default: "", "what is joined")], isVariadic: true,
    returns: "the common type of all",
    [
      Example("concat('Spark', 'SQL')", "SparkSQL"), Example("concat('a', 1, true)", "a1true"),
      Example("concat(array(1, 2), array(3), array(NULL))", "[1, 2, 3, null]"),
      Example("concat('a', NULL)", "NULL"), Example("concat()", ""),
      Example("hex(concat(X'01', X'02'))", "0102"),
      Example("concat('', 'é', '😀')", "é😀"),
    ], bind: concatCall),
  collectionFunction(
    "flatten", "An array of arrays as one array; NULL when one of them is.",
    [.column("arrays", .exactly(.arrayOf(.anyArray), orNull: false), "the arrays")],
    returns: "ARRAY",
    [
      Example("flatten(array(array(1, 2), array(3, NULL)))", "[1, 2, 3, null]"),
      Example("flatten(array(array(1), NULL))", "NULL"),
      Example("flatten(CAST(NULL AS ARRAY<ARRAY<INT>>))", "NULL"),
      Example("flatten(array(array(), array('é')))", "[é]"),
    ]
  ) { call in
    let type = call.types[0].element
    return call.result(type, nullable: .always) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        let inner = columns[0].children[0]
        if columns[0].range(row).contains(where: { inner.isNull($0) }) {
          return builder.appendNull()
        }
        for list in columns[0].range(row) {
          for at in inner.range(list) { builder.children[0].append(inner.children[0], row: at) }
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "sort_array", "The array in ascending order, NULLs first, or in descending order, NULLs last.",
    [
      .column("array", .arrayOf(.orderable), "the array"),
      .value(
        "ascending", .exactly(.boolean), default: "true", filler: (.boolean(true), .boolean),
        "the order"),
    ], returns: "the type of `array`",
    [
      Example("sort_array(array('b', 'd', NULL, 'c', 'a'))", "[null, a, b, c, d]"),
      Example("sort_array(array('b', 'd', NULL, 'c', 'a'), false)", "[d, c, b, a, null]"),
      Example("sort_array(array(double('NaN'), 1d, double('Infinity')))", "[1.0, Infinity, NaN]"),
      Example("sort_array(NULL)", "NULL"),
      Example("sort_array(array())", "[]"),
      Example("sort_array(array('é', 'B', '', 'a'))", "[, B, a, é]"),
    ]
  ) { call in
    call.result(call.types[0]) { columns, _ in
      if columns[1].isConstant, columns[1].isNull(0) {
        return .nulls(columns[0].type, count: columns[0].count)
      }
      let values = columns[0].flat.children[0]
      var row = 0
      return rearranged(columns[0]) { range in
        defer { row += 1 }
        let sign = columns[1].isNull(row) || columns[1].boolean(row) ? 1 : -1
        return range.sortedStably { sign * ValueOrder.compare(values, $0, values, $1) }
      }
    }
  },
  collectionFunction(
    "shuffle", "The array in a random order.", [arrayParameter], returns: "the type of `array`",
    [Example("shuffle(NULL)", "NULL")]
  ) { call in
    let salt = Attribute.newId()
    return call.result(call.types[0], isDeterministic: false) { columns, context in
      var row = 0
      return rearranged(columns[0]) { range in
        defer { row += 1 }
        var random = RowRandom(context, row: row, salt: salt)
        return range.shuffled(using: &random)
      }
    }
  },
]

extension Sequence {
  /// Sorted by an order, equal elements as they came.
  func sortedStably(_ compare: (Element, Element) -> Int) -> [Element] {
    enumerated().sorted {
      let order = compare($0.element, $1.element)
      return order != 0 ? order < 0 : $0.offset < $1.offset
    }.map(\.element)
  }
}

extension Vector {
  /// This result, made of some of the arguments, for as many rows as all of them have.
  func spread(over columns: [Vector]) -> Vector {
    guard isConstant, !columns.allSatisfy(\.isConstant) else { return self }
    return flat
  }
}

/// The same lists with their elements picked anew. `pick` sees each row, a NULL as an empty range.
func rearranged(
  _ list: Vector, _ pick: (Range<Int>) throws -> some Sequence<Int>
) rethrows -> Vector {
  if list.nullCount == list.count { return .nulls(list.type, count: list.count) }
  let list = list.flat
  let offsets = Buffer(capacity: (list.count + 1) * 4)
  let ends = offsets.typed(Int32.self)
  ends[0] = 0
  var picks: [Int] = []
  picks.reserveCapacity(list.children[0].count)
  for row in 0..<list.count {
    let range = list.isNull(row) ? 0..<0 : list.range(row)
    picks.append(contentsOf: try pick(range))
    ends[row + 1] = Int32(picks.count)
  }
  let selection = Selection(picks)
  return Vector(
    list.type, count: list.count, validity: list.validity, values: offsets,
    children: list.children.map { $0.flat.gathered(selection) })
}

private func insertCall(
  _ call: FunctionCall, position: Int?, _ place: @escaping @Sendable (Range<Int>, Int) -> Int
) throws -> Expression {
  let type = DataType.array(
    call.types[0].element, containsNull: call.types[0].containsNull || call[1].isNullable)
  return call.result(type, nullable: call[0].isNullable ? .always : .never) { columns, _ in
    try mappedRows([columns[0]], to: type) { row, builder in
      let range = columns[0].range(row)
      let at = place(range, row)
      for (index, element) in range.enumerated() {
        if index == at { builder.children[0].append(columns[1], row: row) }
        builder.children[0].append(columns[0].children[0], row: element)
      }
      if at == range.count { builder.children[0].append(columns[1], row: row) }
      builder.endList()
    }.spread(over: columns)
  }
}

private func insertAtCall(_ call: FunctionCall) throws -> Expression {
  let type = DataType.array(call.types[0].element, containsNull: true)
  return call.result(type, nullable: .always, canFail: true) { columns, _ in
    let (arrays, positions) = (columns[0].flat, columns[1].flat)
    return try mappedRows([arrays, positions], to: type) { row, builder in
      let (range, position) = (arrays.range(row), Int(positions.integer(row)))
      if position == 0 {
        throw Failure("INVALID_INDEX_OF_ZERO", "the elements of an array are counted from 1")
      }
      if position.magnitude > 2_147_483_632 {
        throw Failure(
          "COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION",
          "`array_insert` would make \(position.magnitude) elements")
      }
      let elements = builder.children[0]
      let at = position > 0 ? position - 1 : range.count + position + 1
      try requireElements(max(abs(position), range.count), function: "array_insert", "FUNCTION")
      if at < 0 {
        elements.append(columns[2], row: row)
        for _ in 0..<(-at) { elements.appendNull() }
      }
      for (index, element) in range.enumerated() {
        if index == at { elements.append(columns[2], row: row) }
        elements.append(arrays.children[0], row: element)
      }
      if at >= range.count {
        for _ in 0..<(at - range.count) { elements.appendNull() }
        elements.append(columns[2], row: row)
      }
      builder.endList()
    }
  }
}

@Sendable private func concatCall(_ call: FunctionCall) throws -> Expression {
  if call.arguments.isEmpty { return .literal(.text(""), .string, origin: call.origin) }
  let odd = call.types.firstIndex {
    switch $0 {
    case .map, .structure: true
    default: false
    }
  }
  if let odd { throw call.unexpectedType(odd, expected: "(\"STRING\" or \"BINARY\" or \"ARRAY\")") }
  if call.types.contains(where: { if case .array = $0 { true } else { false } }) {
    for (index, type) in call.types.enumerated() {
      if case .array = type { continue }
      if type.isNested { throw call.unexpectedType(index, expected: "\"ARRAY\"") }
    }
    // A bare NULL is no array here.
    guard
      let type = ImplicitCast.leastCommonType(
        call.types.map { $0 == .null ? .boolean : $0 }), case .array = type
    else { throw call.differentTypes(call.arguments) }
    let call = call.with(call.arguments.map { $0.implicitlyCast(to: type) })
    return call.result(type) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        for column in columns {
          for at in column.range(row) { builder.children[0].append(column.children[0], row: at) }
        }
        builder.endList()
      }
    }
  }
  let type: DataType = call.types.allSatisfy { $0 == .binary } ? .binary : .string
  let parts = try call.arguments.enumerated().map { index, argument in
    if argument.type.isNested { throw call.unexpectedType(index, expected: "\"STRING\"") }
    return argument.implicitlyCast(to: type)
  }
  return call.with(parts).result(type) { columns, _ in
    if columns.count == 2 {
      return try mappedText(columns[0], columns[1], to: type) { (a: Bytes, b: Bytes, out) in
        out.append(a)
        out.append(b)
      }
    }
    let shape = KernelShape(of: columns)
    if shape.isAllNull { return .nulls(type, count: shape.count) }
    let readers = columns.map(\.strings)
    var out = TextCollector(shape, type)
    try shape.forEachRow { row in
      try out.row(row) { writer in for reader in readers { writer.append(reader[row]) } }
    }
    return out.finish()
  }
}
