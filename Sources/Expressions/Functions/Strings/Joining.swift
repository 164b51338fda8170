import Columns
import Contract

private func letter(_ name: String, _ default: String, _ what: String) -> FunctionParameter {
  .column(
    name, .exactly(.string), default: "'\(`default`)'", filler: (.text(`default`), .string),
    "what stands for \(what); NULL: they stay")
}

/// Strings made of several, chosen among several, or covered up.
let joiningFunctions: [FunctionSpec] = [
  .scalar(
    "concat_ws", category: "strings",
    summary: "The strings, and those of arrays, joined by a separator; NULLs are left out.",
    [
      .value("separator", .string, "what comes between two"),
      .column(
        "strings", .oneOf([.string, .arrayOf(.string)]), default: "", "strings or arrays of them"),
    ], isVariadic: true, returns: "STRING",
    examples: [
      Example("concat_ws(' ', 'Spark', 'SQL')", "Spark SQL"), Example("concat_ws('s')", ""),
      Example("concat_ws('/', 'foo', NULL, array('bar', NULL, 'é'))", "foo/bar/é"),
      Example("concat_ws(',', 1, true)", "1,true"), Example("concat_ws(NULL, 'a')", "NULL"),
      Example("concat_ws('', 'é', '')", "é"),
    ]
  ) { call in
    call.result(.string, nullable: call[0].isNullable ? .always : .never) { columns, context in
      let separators = columns[0]
      let builder = VectorBuilder(.string, capacity: context.count)
      var out: [UInt8] = []
      for row in 0..<context.count {
        if separators.isNull(row) {
          builder.appendNull()
          continue
        }
        let separator = separators.strings[row]
        out.removeAll(keepingCapacity: true)
        var isFirst = true
        func add(_ vector: Vector, _ row: Int) {
          if vector.isNull(row) { return }
          if !isFirst { out.append(contentsOf: separator) }
          isFirst = false
          out.append(contentsOf: vector.strings[row])
        }
        for column in columns.dropFirst() where !column.isNull(row) {
          if column.type == .string {
            add(column, row)
          } else {
            for at in column.range(row) { add(column.children[0], at) }
          }
        }
        out.withUnsafeBytes { builder.append(bytes: $0) }
      }
      return builder.finish()
    }
  },
  .scalar(
    "elt", category: "strings", summary: "One of the arguments, by its number from 1.",
    [
      .column("number", .int, "which one"), .column("values", .stringOrBinary, "the choices"),
    ], isVariadic: true, returns: "STRING",
    examples: [
      Example("elt(1, 'scala', 'java')", "scala"), Example("elt(2, 'a', NULL)", "NULL"),
      Example("elt(3, 'a', 'b')", "error INVALID_ARRAY_INDEX"), Example("elt(NULL, 'a')", "NULL"),
      Example("elt(1, '', 'é')", ""),
      Example("elt(-1, 'a', 'b')", "error INVALID_ARRAY_INDEX"),
      Example("elt(2, 'a', 'é')", "é"),
    ]
  ) { call in
    let type = call.types.dropFirst().allSatisfy { $0 == .binary } ? DataType.binary : .string
    let cast = call.arguments.enumerated().map { $0 == 0 ? $1 : $1.implicitlyCast(to: type) }
    let count = cast.count - 1
    return call.with(cast).result(type, nullable: .always, canFail: true) { columns, context in
      let builder = VectorBuilder(type, capacity: context.count)
      for row in 0..<context.count {
        if columns[0].isNull(row) {
          builder.appendNull()
          continue
        }
        let index = columns[0].integer(row)
        if index < 1 || index > count {
          throw RowFailure(
            row: row,
            Failure(
              "INVALID_ARRAY_INDEX", "`elt` has no choice \(index) among \(count)"))
        }
        builder.append(columns[Int(index)], row: row)
      }
      return builder.finish()
    }
  },
  .scalar(
    "mask", category: "strings",
    summary: "The string with its letters and digits covered up.",
    [
      .column("text", .exactly(.string), "the string"), letter("upper", "X", "capital letters"),
      letter("lower", "x", "small letters"),
      letter("digit", "n", "digits"),
      .column(
        "other", .exactly(.string), default: "NULL", filler: (.null, .string),
        "what stands for other characters; NULL: they stay"),
    ], returns: "STRING",
    examples: [
      Example("mask(12)", "error DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"),
      Example("mask('ab', 'XY')", "error DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE"),
      Example("mask('abcd-EFGH-8765-4321')", "xxxx-XXXX-nnnn-nnnn"),
      Example("mask('AbCD123-@$#', 'Q', 'q', 'd', 'o')", "QqQQdddoooo"),
      Example("mask('AbCD123-@$#', NULL, 'q')", "AqCDnnn-@$#"), Example("mask(NULL)", "NULL"),
      Example("lower('')", ""),
      Example("lower('ΌΔΟΣ ΑΣΑ')", "όδος ασα"),
      Example("mask('')", ""),
      Example("mask('AbÉé1😀', 'Ω', 'ω', '0', '*')", "ΩωΩω0*"),
      Example("upper('')", ""),
      Example("upper('ŉ ﬁ ΐ')", "ʼN FI Ϊ́"),
    ]
  ) { call in
    for index in 1..<call.arguments.count {
      let text = try call.constant(index).text
      if let text, text.unicodeScalars.count != 1 {
        throw Failure(
          "DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE",
          "what `mask` covers characters with must be one character, not '\(text)'",
          origin: call.origin)
      }
    }
    return call.result(.string, nullable: call[0].isNullable ? .always : .never) { columns, _ in
      let covers = columns.dropFirst()
      let texts = columns[0].flat
      var row = -1
      let rows = (0..<texts.count).filter { !texts.isNull($0) }
      return try mappedText(texts) { (text: Bytes, out) in
        row += 1
        for scalar in Characters.scalars(text) {
          let properties = scalar.properties
          let kind =
            properties.generalCategory == .uppercaseLetter
            ? 0
            : properties.generalCategory == .lowercaseLetter
              ? 1
              : properties.generalCategory == .decimalNumber ? 2 : 3
          let cover = covers[covers.startIndex + kind]
          if cover.isNull(rows[row]) {
            out.append(scalar)
          } else {
            out.append(cover.strings[rows[row]])
          }
        }
      }
    }
  },
  stringFunction(
    "luhn_check", "Whether the digits end in the check digit of Luhn's formula.", [textParameter],
    returns: .boolean,
    [
      Example("luhn_check('8112189876')", "true"), Example("luhn_check('79927398713')", "true"),
      Example("luhn_check('79927398714')", "false"),
      Example("luhn_check('')", "false"), Example("luhn_check('12a')", "false"),
      Example("luhn_check(NULL)", "NULL"),
      Example("luhn_check('é')", "false"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .boolean) { (text: Bytes) in
      if text.isEmpty || !text.allSatisfy({ $0 &- 48 < 10 }) { return false }
      var sum = 0
      for (index, byte) in text.reversed().enumerated() {
        let digit = Int(byte - 48) * (index.isMultiple(of: 2) ? 1 : 2)
        sum += digit > 9 ? digit - 9 : digit
      }
      return sum.isMultiple(of: 10)
    }
  },
]
