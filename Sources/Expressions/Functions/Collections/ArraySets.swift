import Columns
import Contract

// The types of both are checked together.
private let one = FunctionParameter.column("array", .any, "the array")
private let other = FunctionParameter.column("other", .any, "the other array")

/// Appends the elements of `range` that `keys` does not hold yet, and notes them there.
private func appendDistinct(
  _ values: Vector, _ range: Range<Int>, _ seen: inout Set<[UInt8]>, to out: VectorBuilder,
  where isWanted: ([UInt8]) -> Bool = { _ in true }
) {
  var key = ValueKey()
  for at in range {
    key.clear()
    key.append(values, at)
    if isWanted(key.bytes), seen.insert(key.bytes).inserted { out.append(values, row: at) }
  }
}

private func keys(_ values: Vector, _ range: Range<Int>) -> Set<[UInt8]> {
  var (keys, key) = (Set<[UInt8]>(), ValueKey())
  for at in range {
    key.clear()
    key.append(values, at)
    keys.insert(key.bytes)
  }
  return keys
}

private func setFunction(
  _ name: String, _ summary: String, _ examples: [Example],
  _ body: @escaping @Sendable (Vector, Range<Int>, Vector, Range<Int>, VectorBuilder) -> Void
) -> FunctionSpec {
  collectionFunction(name, summary, [one, other], returns: "the type of both", examples) {
    call in
    let call = try call.withCommonArrays().refusingMaps()
    let type = call.types[0]
    return call.result(type) { columns, _ in
      let (a, b) = (columns[0].withoutNegativeZeros, columns[1].withoutNegativeZeros)
      return try mappedRows(columns, to: type) { row, builder in
        body(a.children[0], a.range(row), b.children[0], b.range(row), builder.children[0])
        builder.endList()
      }
    }
  }
}

/// Arrays as sets, and what is taken out of arrays.
let arraySetFunctions: [FunctionSpec] = [
  collectionFunction(
    "array_distinct", "The array without repeated elements.",
    [.column("array", .arrayOf(.orderable), "the array")],
    returns: "the type of `array`",
    [
      Example("array_distinct(array(1, 2, 3, NULL, 3, NULL))", "[1, 2, 3, null]"),
      Example("array_distinct(array(double('NaN'), double('NaN'), 0d))", "[NaN, 0.0]"),
      Example("array_distinct(NULL)", "NULL"), Example("array_distinct(array())", "[]"),
      Example("array_distinct(array(-0.0d, 0.0d))", "[0.0]"),
      Example("array_distinct(array('é', 'e\u{301}', 'é'))", "[é, e\u{301}]"),
    ]
  ) { call in
    try call.refusingMaps().result(call.types[0]) { columns, _ in
      if columns[0].type == .null { return columns[0] }
      let values = columns[0].withoutNegativeZeros.children[0]
      return try mappedRows(columns, to: columns[0].type) { row, builder in
        var seen: Set<[UInt8]> = []
        appendDistinct(values, columns[0].range(row), &seen, to: builder.children[0])
        builder.endList()
      }
    }
  },
  setFunction(
    "array_union", "The elements of either array, each once.",
    [
      Example("array_union(array(1, 2, 3), array(1, 3, 5))", "[1, 2, 3, 5]"),
      Example("array_union(array(1, NULL), array(NULL))", "[1, null]"),
      Example("array_union(CAST(NULL AS ARRAY<INT>), array(1))", "NULL"),
      Example("array_union(array(), array('é', 'é'))", "[é]"),
    ]
  ) { a, aRange, b, bRange, out in
    var seen: Set<[UInt8]> = []
    appendDistinct(a, aRange, &seen, to: out)
    appendDistinct(b, bRange, &seen, to: out)
  },
  setFunction(
    "array_intersect", "The elements that both arrays have, each once.",
    [
      Example("array_intersect(array(1, 2, 3), array(1, 3, 5))", "[1, 3]"),
      Example("array_intersect(array(1, NULL), array(NULL))", "[null]"),
      Example("array_intersect(CAST(NULL AS ARRAY<INT>), array(1))", "NULL"),
      Example("array_intersect(array('é'), array())", "[]"),
    ]
  ) { a, aRange, b, bRange, out in
    let wanted = keys(b, bRange)
    var seen: Set<[UInt8]> = []
    appendDistinct(a, aRange, &seen, to: out) { wanted.contains($0) }
  },
  setFunction(
    "array_except", "The elements of the first array that the second has not, each once.",
    [
      Example("array_except(array(1, 2, 2, 3), array(1, 3, 5))", "[2]"),
      Example("array_except(array(1, NULL), array(NULL))", "[1]"),
      Example("array_except(array(1), CAST(NULL AS ARRAY<INT>))", "NULL"),
      Example("array_except(array('é', 'e'), array())", "[é, e]"),
    ]
  ) { a, aRange, b, bRange, out in
    let unwanted = keys(b, bRange)
    var seen: Set<[UInt8]> = []
    appendDistinct(a, aRange, &seen, to: out) { !unwanted.contains($0) }
  },
  collectionFunction(
    "arrays_overlap", "Whether the arrays share an element; NULL when only a NULL could be it.",
    [one, other], returns: "BOOLEAN",
    [
      Example("arrays_overlap(array(1, 2, 3), array(3, 4, 5))", "true"),
      Example("arrays_overlap(array(1, NULL), array(2))", "NULL"),
      Example("arrays_overlap(array(1), array(2))", "false"),
      Example("arrays_overlap(array(NULL), array())", "false"),
      Example("arrays_overlap(CAST(NULL AS ARRAY<INT>), array(1))", "NULL"),
    ]
  ) { call in
    let call = try call.withCommonArrays().refusingMaps()
    return call.result(.boolean, nullable: .always) { columns, _ in
      let (a, b) = (columns[0], columns[1])
      return try mappedRows(columns, to: .boolean) { row, builder in
        let (x, y) = (a.children[0], b.children[0])
        let (p, q) = (a.range(row), b.range(row))
        let shared = keys(x, p).intersection(keys(y, q)).subtracting([[0]])
        let hasNull = p.contains { x.isNull($0) } || q.contains { y.isNull($0) }
        if !shared.isEmpty {
          builder.append(boolean: true)
        } else if hasNull, !p.isEmpty, !q.isEmpty {
          builder.appendNull()
        } else {
          builder.append(boolean: false)
        }
      }
    }
  },
  collectionFunction(
    "array_remove", "The array without the elements that equal a value.",
    [one, .value("value", .any, "the value")], returns: "the type of `array`",
    [
      Example("array_remove(array(1, 2, 3, NULL, 3), 3)", "[1, 2, null]"),
      Example("array_remove(array(1), NULL)", "NULL"),
      Example("array_remove(array('', 'é'), '')", "[é]"),
    ]
  ) { call in
    let call = try call.withElement().refusingMaps()
    return call.result(call.types[0]) { columns, _ in
      try mappedRows(columns, to: columns[0].type) { row, builder in
        let values = columns[0].children[0]
        for at in columns[0].range(row)
        where values.isNull(at) || ValueOrder.compare(values, at, columns[1], row) != 0 {
          builder.children[0].append(values, row: at)
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "array_compact", "The array without its NULLs.", [arrayParameter],
    returns: "the type of `array`",
    [
      Example("array_compact(array(1, 2, NULL, 3))", "[1, 2, 3]"),
      Example("array_compact(NULL)", "NULL"),
      Example("array_compact(array())", "[]"),
    ]
  ) { call in
    let type = DataType.array(call.types[0].element, containsNull: false)
    return call.result(type) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        for at in columns[0].range(row) where !columns[0].children[0].isNull(at) {
          builder.children[0].append(columns[0].children[0], row: at)
        }
        builder.endList()
      }
    }
  },
  collectionFunction(
    "array_join",
    "The elements as one string, a delimiter between them; NULLs left out or replaced.",
    [
      .column("array", .arrayOf(.string), "the strings"),
      .value("delimiter", .exactly(.string), "what comes between two"),
      .value("nullReplacement", .exactly(.string), default: "", "what stands for NULL"),
    ], returns: "STRING",
    [
      Example("array_join(array('hello', 'world'), ' ')", "hello world"),
      Example("array_join(array('hello', NULL, 'world'), ' ')", "hello world"),
      Example("array_join(array('hello', NULL, 'world'), ' ', ',')", "hello , world"),
      Example("array_join(array(1, 2), '-')", "1-2"),
      Example("array_join(NULL, ' ')", "NULL"),
      Example("array_join(array(), ',')", ""),
      Example("array_join(array('é', '', '😀'), 'ß')", "éßß😀"),
    ]
  ) { call in
    call.result(.string) { columns, _ in
      try mappedRows(columns, to: .string) { row, builder in
        let strings = columns[0].children[0]
        let delimiter = columns[1].strings[row]
        var bytes: [UInt8] = []
        var isFirst = true
        for at in columns[0].range(row) where !strings.isNull(at) || columns.count > 2 {
          if !isFirst { bytes.append(contentsOf: delimiter) }
          isFirst = false
          bytes.append(
            contentsOf: strings.isNull(at) ? columns[2].strings[row] : strings.strings[at])
        }
        bytes.withUnsafeBytes { builder.append(bytes: $0) }
      }
    }
  },
  collectionFunction(
    "arrays_zip", "An array of structs: the nth struct has the nth elements of all arrays.",
    [.column("arrays", .anyArray, default: "", "the arrays")], isVariadic: true,
    returns: "ARRAY<STRUCT>",
    [
      Example("arrays_zip(array(1, 2, 3), array(2, 3, 4))", "[{1, 2}, {2, 3}, {3, 4}]"),
      Example("arrays_zip(array(1, 2), array('a'))", "[{1, a}, {2, null}]"),
      Example("arrays_zip(array(1), NULL)", "NULL"),
      Example("arrays_zip(array(), array('é'))", "[{null, é}]"),
    ]
  ) { call in
    let fields = call.arguments.enumerated().map { index, argument in
      Field(argument.fieldName ?? "\(index)", argument.type.element)
    }
    let type = DataType.array(.structure(fields), containsNull: false)
    if call.arguments.isEmpty { return .literal(.array([]), type, origin: call.origin) }
    return call.result(type) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        let ranges = columns.map { $0.range(row) }
        for index in 0..<(ranges.map(\.count).max() ?? 0) {
          for (child, (column, range)) in zip(builder.children[0].children, zip(columns, ranges)) {
            if index < range.count {
              child.append(column.children[0], row: range.lowerBound + index)
            } else {
              child.appendNull()
            }
          }
          builder.children[0].endStructure()
        }
        builder.endList()
      }
    }
  },
]

extension Expression {
  /// The name that this expression brings to a struct made of it.
  var fieldName: String? {
    switch kind {
    case .attribute(let attribute), .alias(_, let attribute): attribute.name
    case .call(let function, _) where function.name == "getstructfield":
      // Its text is `base.field`.
      if case .custom(let text) = function.notation { String(text([""]).dropFirst()) } else { nil }
    default: nil
    }
  }
}
