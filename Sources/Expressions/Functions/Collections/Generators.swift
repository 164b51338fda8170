import Columns
import Contract

/// EXPLODE and POSEXPLODE over an array or map, INLINE over an array of structs.
struct ExplodeGenerator: Generator {
  let name: String
  let output: [Field]
  let isOuter: Bool
  private let hasPosition: Bool
  private let isInline: Bool

  init(_ name: String, _ fields: [Field], isOuter: Bool, hasPosition: Bool, isInline: Bool = false)
  {
    self.name = name
    self.isOuter = isOuter
    self.hasPosition = hasPosition
    self.isInline = isInline
    let all = hasPosition ? [Field("pos", .int, isNullable: false)] + fields : fields
    output = isOuter ? all.map { Field($0.name, $0.type, isNullable: true) } : all
  }

  func generate(
    _ arguments: [Vector], count: Int, context: EvaluationContext
  ) throws -> (columns: [Vector], rows: Selection) {
    let list = arguments[0].type == .null ? nil : arguments[0].flat
    var (rows, picks, positions): ([Int], [Int], [Int32]) = ([], [], [])
    for row in 0..<count {
      let range = list.map { $0.isNull(row) ? 0..<0 : $0.range(row) } ?? 0..<0
      for (index, at) in range.enumerated() {
        rows.append(row)
        picks.append(at)
        if hasPosition { positions.append(Int32(index)) }
      }
      if range.isEmpty, isOuter {
        rows.append(row)
        picks.append(Int(Selection.none))
        if hasPosition { positions.append(0) }
      }
    }
    let selection = Selection(picks)
    var columns = (list?.children ?? output.map { .nulls($0.type, count: 0) }).map {
      $0.flat.gathered(selection, hasMissing: true)
    }
    if isInline, let entries = columns.first, case .structure = entries.type {
      // An element that is NULL gives NULL fields.
      columns = entries.children.map { $0.flat.restricted(to: entries) }
    }
    if hasPosition {
      let values = positions.withUnsafeBytes { Buffer(copying: $0) }
      var validity: Buffer?
      if isOuter, picks.contains(Int(Selection.none)) {
        let bits = Bitmap.filled(true, count: picks.count)
        for (index, pick) in picks.enumerated() where pick == Int(Selection.none) {
          Bitmap.clear(bits.pointer, index)
        }
        validity = bits
      }
      columns.insert(Vector(.int, count: rows.count, validity: validity, values: values), at: 0)
    }
    return (columns, Selection(rows))
  }
}

/// STACK: the arguments laid out in so many rows.
struct StackGenerator: Generator {
  let name = "stack"
  let output: [Field]
  let isOuter = false
  private let rowCount: Int

  init(_ rowCount: Int, _ output: [Field]) {
    self.rowCount = rowCount
    self.output = output
  }

  func generate(
    _ arguments: [Vector], count: Int, context: EvaluationContext
  ) throws -> (columns: [Vector], rows: Selection) {
    let width = output.count
    // No batch of rows is that long: better told than run out of memory.
    if count.multipliedReportingOverflow(by: rowCount).partialValue > 1 << 28 {
      throw Failure(
        "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER",
        "`stack` would make \(rowCount) rows of each of \(count)")
    }
    let columns = output.indices.map { column in
      let builder = VectorBuilder(output[column].type, capacity: count * rowCount)
      for row in 0..<count {
        for made in 0..<rowCount {
          let index = made * width + column
          if index < arguments.count {
            builder.append(arguments[index], row: row)
          } else {
            builder.appendNull()
          }
        }
      }
      return builder.finish()
    }
    return (columns, Selection((0..<count).flatMap { Array(repeating: $0, count: rowCount) }))
  }
}

extension FunctionCall {
  /// This call as a generator.
  func generator(_ generator: any Generator, _ arguments: [Expression]? = nil) -> Expression {
    Expression(
      .generator(generator, arguments ?? self.arguments), .structure(generator.output),
      origin: origin)
  }
}

private func explode(
  _ name: String, isOuter: Bool, hasPosition: Bool, _ summary: String, _ examples: [Example]
) -> FunctionSpec {
  .function(
    .generator, name, category: "generators", summary: summary,
    [.column("collection", .any, "the array or map")],
    returns: hasPosition ? "pos, col; or pos, key, value" : "col; or key, value",
    examples: examples
  ) { call in
    let fields: [Field]
    switch call.types[0] {
    case .array(let element, let containsNull):
      fields = [Field("col", element, isNullable: containsNull)]
    case .map(let key, let value, let containsNull):
      fields = [
        Field("key", key, isNullable: false), Field("value", value, isNullable: containsNull),
      ]
    default: throw call.unexpectedType(0, expected: "(\"ARRAY\" or \"MAP\")")
    }
    return call.generator(
      ExplodeGenerator(name, fields, isOuter: isOuter, hasPosition: hasPosition))
  }
}

private func inline(_ name: String, isOuter: Bool, _ summary: String, _ examples: [Example])
  -> FunctionSpec
{
  .function(
    .generator, name, category: "generators", summary: summary,
    [
      .column(
        "structs", .exactly(.arrayOf(.anyStructure), orNull: false), "an array of structs")
    ],
    returns: "the fields of the structs", examples: examples
  ) { call in
    guard case .structure(let fields) = call.types[0].element else {
      throw call.unexpectedType(0, expected: "\"ARRAY<STRUCT>\"")
    }
    let containsNull = call.types[0].containsNull
    let output = fields.map {
      Field($0.name, $0.type, isNullable: $0.isNullable || containsNull)
    }
    return call.generator(
      ExplodeGenerator(name, output, isOuter: isOuter, hasPosition: false, isInline: true))
  }
}

/// Functions that make several rows of one.
let generatorFunctions: [FunctionSpec] = [
  explode(
    "explode", isOuter: false, hasPosition: false, "A row for each element of an array or map.",
    [
      Example("explode(array(10, NULL, 20))", "10 | NULL | 20"),
      Example("explode(map('a', 1, 'b', 2))", "a, 1 | b, 2"),
      Example("explode(CAST(NULL AS ARRAY<INT>))", ""),
      Example("explode('a')", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("explode(array())", ""),
    ]),
  explode(
    "explode_outer", isOuter: true, hasPosition: false,
    "As `explode`; an empty array or NULL gives a row of NULL.",
    [
      Example("explode_outer(array(10, 20))", "10 | 20"),
      Example("explode_outer(CAST(NULL AS ARRAY<INT>))", "NULL"),
      Example("explode_outer(array())", "NULL"),
    ]),
  explode(
    "posexplode", isOuter: false, hasPosition: true,
    "A row for each element, with its position from 0.",
    [
      Example("posexplode(array(10, 20))", "0, 10 | 1, 20"),
      Example("posexplode(map('a', 1))", "0, a, 1"),
      Example("posexplode(array())", ""),
      Example("posexplode(CAST(NULL AS ARRAY<INT>))", ""),
    ]),
  explode(
    "posexplode_outer", isOuter: true, hasPosition: true,
    "As `posexplode`; an empty array or NULL gives a row of NULLs.",
    [
      Example("posexplode_outer(array(10, 20))", "0, 10 | 1, 20"),
      Example("posexplode_outer(CAST(NULL AS ARRAY<INT>))", "NULL, NULL"),
      Example("posexplode_outer(array())", "NULL, NULL"),
    ]),
  inline(
    "inline", isOuter: false, "A row for each struct of an array, a column for each field.",
    [
      Example("inline(array(struct(1, 'a'), struct(2, 'b'), NULL))", "1, a | 2, b | NULL, NULL"),
      Example("inline(CAST(array() AS ARRAY<STRUCT<a: INT>>))", ""),
    ]),
  inline(
    "inline_outer", isOuter: true, "As `inline`; an empty array or NULL gives a row of NULLs.",
    [
      Example("inline_outer(array(struct(1, 'a'), struct(2, 'b')))", "1, a | 2, b"),
      Example("inline_outer(CAST(NULL AS ARRAY<STRUCT<a: INT, b: INT>>))", "NULL, NULL"),
      Example("inline_outer(CAST(array() AS ARRAY<STRUCT<a: INT>>))", "NULL"),
    ]),
  .function(
    .generator, "stack", category: "generators",
    summary: "The arguments laid out in so many rows.",
    [
      .value("rows", .exactly(.int), "how many rows"),
      .column("values", .any, "the values, row by row"),
    ], isVariadic: true, returns: "col0, col1, …",
    examples: [
      Example("stack(2, 1, 2, 3)", "1, 2 | 3, NULL"),
      Example("stack(2, 'a', 1, 'b', NULL)", "a, 1 | b, NULL"),
      Example("stack(-1, 'a')", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("stack(3, 'é')", "é | NULL | NULL"),
      Example("stack(0, 1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
    ]
  ) { call in
    if call.arguments.count < 2 { throw call.wrongCount(expected: "at least 2") }
    let rows = Int(try call.constantInteger(0))
    try requireElements(rows, function: "stack")
    if rows < 1 {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "`stack` makes at least 1 row of at least 1 value",
        origin: call.origin)
    }
    var values = Array(call.arguments.dropFirst())
    let width = (values.count + rows - 1) / rows
    var fields: [Field] = []
    for column in 0..<width {
      let places = stride(from: column, to: values.count, by: width)
      let types = places.map { values[$0].type }.filter { $0 != .null }
      let type = types.first ?? .null
      guard types.allSatisfy({ $0.hasSameShape(as: type) }) else {
        throw Failure(
          "DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES",
          "the values of column \(column) of `stack` must be of one type, but they are "
            + types.map { "\"\($0)\"" }.joined(separator: ", "), origin: call.origin)
      }
      for place in places { values[place] = values[place].implicitlyCast(to: type) }
      fields.append(Field("col\(column)", type))
    }
    return call.generator(StackGenerator(rows, fields), values)
  },
]

extension ImplicitCast {
  /// The tightest type that several types turn into.
  static func tightestCommonType(_ types: [DataType]) -> DataType? {
    var common = DataType.null
    for type in types {
      guard let wider = tightestCommonType(common, type) else { return nil }
      common = wider
    }
    return common
  }
}
