import Columns
import Contract
import Glibc

let stringFunction = FunctionFamily(category: "strings", type: .string)

let textParameter = FunctionParameter.column("text", .string, "the string")

/// Upper case, lower case, trimming, padding.
let caseAndPaddingFunctions: [FunctionSpec] = [
  stringFunction(
    "upper", aliases: ["ucase"], "The string in capital letters.", [textParameter],
    [
      Example("upper('SparkSql')", "SPARKSQL"), Example("upper('straße élan')", "STRASSE ÉLAN"),
      Example("upper('')", ""), Example("upper(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      LetterCase.appendUpper(text.octets, to: &out.bytes)
    }
  },
  stringFunction(
    "lower", aliases: ["lcase"], "The string in small letters.", [textParameter],
    [
      Example("lower('SparkSql')", "sparksql"), Example("lower('ÄÖÜ İ')", "äöü i̇"),
      Example("lower(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      LetterCase.appendLower(text.octets, to: &out.bytes)
    }
  },
  stringFunction(
    "initcap", "Each word with its first letter a capital and the rest small. Words end at spaces.",
    [textParameter],
    [
      Example("initcap('sPark sql')", "Spark Sql"),
      Example("initcap('élan-vital ÖL  x')", "Élan-vital Öl  X"),
      Example("initcap(NULL)", "NULL"),
      Example("initcap('')", ""),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in
      LetterCase.appendTitle(text.octets, to: &out.bytes)
    }
  },
  trimFunction(
    "trim",
    [
      Example("concat('[', trim('  é x  '), ']')", "[é x]"), Example("trim('   ')", ""),
      Example("trim(NULL)", "NULL"),
      Example("trim(BOTH 'SLé' FROM 'éSSparkSQLS')", "parkSQ"),
      Example("trim('')", ""),
    ], left: true, right: true, "The string without blanks at its ends."),
  trimFunction(
    "btrim",
    [
      Example("concat('[', btrim('  é x  '), ']')", "[é x]"), Example("btrim('   ')", ""),
      Example("btrim(NULL)", "NULL"),
      Example("btrim('', 'é')", ""),
    ], left: true, right: true, "As `trim`."),
  trimFunction(
    "ltrim",
    [
      Example("concat('[', ltrim('  é x  '), ']')", "[é x  ]"), Example("ltrim('   ')", ""),
      Example("ltrim(NULL)", "NULL"),
      Example("trim(LEADING 'SLé' FROM 'éSSparkSQLS')", "parkSQLS"),
      Example("ltrim('', 'é')", "é"),
    ], left: true, right: false, "The string without blanks at its start."),
  trimFunction(
    "rtrim",
    [
      Example("concat('[', rtrim('  é x  '), ']')", "[  é x]"), Example("rtrim('   ')", ""),
      Example("rtrim(NULL)", "NULL"),
      Example("trim(TRAILING 'SLé' FROM 'éSSparkSQLS')", "éSSparkSQ"),
      Example("rtrim('', 'é')", "é"),
    ], left: false, right: true, "The string without blanks at its end."),
  padFunction(
    "lpad",
    [
      Example("lpad('hi', 5, '??é')", "??éhi"), Example("lpad('hié', 1, '??')", "h"),
      Example("concat('[', lpad('hi', 4), ']')", "[  hi]"), Example("lpad('hi', -1, 'x')", ""),
      Example("lpad('hi', 5, '')", "hi"), Example("lpad(NULL, 5, 'x')", "NULL"),
      Example("hex(lpad(unhex('aabb'), 4))", "0000AABB"), Example("lpad('é😀', -5)", ""),
      Example("lpad('hi', 2147483647, '')", "hi"),
    ], isLeft: true, "The string, filled up at its start or cut to a length."),
  padFunction(
    "rpad",
    [
      Example("rpad('hi', 5, '??é')", "hi??é"), Example("rpad('hié', 1, '??')", "h"),
      Example("concat('[', rpad('hi', 4), ']')", "[hi  ]"), Example("rpad('hi', -1, 'x')", ""),
      Example("rpad('hi', 5, '')", "hi"), Example("rpad(NULL, 5, 'x')", "NULL"),
      Example("hex(rpad(unhex('aabb'), 4))", "AABB0000"),
      Example("rpad('é', -5)", ""),
      Example("rpad('hi', 2147483647, '')", "hi"),
    ], isLeft: false, "The string, filled up at its end or cut to a length."),
  stringFunction(
    "repeat", "The string, several times over.",
    [.column("text", .string, "the string"), .column("times", .int, "how often")], canFail: true,
    [
      Example("repeat('12é', 2)", "12é12é"), Example("repeat('a', 0)", ""),
      Example("repeat('a', -1)", ""),
      Example("repeat('', 2147483647)", ""),
      Example("repeat(NULL, 2)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1]) { (text: Bytes, times: Int32, out) in
      if text.isEmpty { return }
      try requireLength(text.count * max(Int(times), 0), function: "repeat")
      for _ in 0..<max(Int(times), 0) { out.append(text) }
    }
  },
  stringFunction(
    "space", "So many spaces.", [.column("count", .int, "how many")], canFail: true,
    [
      Example("concat(space(2), '1')", "  1"), Example("concat(space(-2), '1')", "1"),
      Example("space(NULL)", "NULL"),
      Example("length(space(100000))", "100000"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (count: Int32, out) in
      try requireLength(Int(count), function: "space")
      out.bytes.append(contentsOf: repeatElement(0x20, count: max(Int(count), 0)))
    }
  },
]

/// Throws when a result would be longer than any string may be.
func requireLength(_ count: Int, function: String) throws {
  if count > maximumTextLength {
    throw Failure(
      "STRING_TOO_LONG",
      "the result of `\(function)` would have \(count) bytes; "
        + "a string has at most \(maximumTextLength)")
  }
}

private func trimFunction(
  _ name: String, _ examples: [Example], left: Bool, right: Bool, _ summary: String
) -> FunctionSpec {
  stringFunction(
    name, summary,
    [
      textParameter,
      .column(
        "characters", .string, default: "' '", filler: (.text(" "), .string),
        "the characters to take off"),
    ],
    examples
  ) { columns, _ in
    let characters = columns[1].strings
    return try mappedSlice(columns[0], [columns[1]]) { row, text in
      let set = characters[row]
      if Characters.isASCII(set) {
        return trimmed(text, left: left, right: right) { byte in set.contains(byte) }
      }
      let scalars = Set(Characters.scalars(set))
      return trimmedScalars(text, left: left, right: right, scalars)
    }
  }
}

@inline(__always)
private func trimmed(
  _ text: Bytes, left: Bool, right: Bool, _ isTaken: (UInt8) -> Bool
) -> Range<Int> {
  var (start, end) = (0, text.count)
  if left { while start < end, isTaken(text[start]) { start &+= 1 } }
  if right { while end > start, isTaken(text[end &- 1]) { end &-= 1 } }
  return start..<end
}

private func trimmedScalars(
  _ text: Bytes, left: Bool, right: Bool, _ set: Set<Unicode.Scalar>
) -> Range<Int> {
  let scalars = Characters.scalars(text)
  var (start, end) = (0, scalars.count)
  if left { while start < end, set.contains(scalars[start]) { start += 1 } }
  if right { while end > start, set.contains(scalars[end - 1]) { end -= 1 } }
  let first = Characters.offset(text, start)
  return first..<Characters.offset(text, end - start, from: first)
}

private func padFunction(_ name: String, _ examples: [Example], isLeft: Bool, _ summary: String)
  -> FunctionSpec
{
  .scalar(
    name, category: "strings", summary: summary,
    [
      .column("text", .stringOrBinary, "the string"),
      .value("length", .int, "how many characters the result has"),
      .value("pad", .stringOrBinary, default: "' '", "what is filled in, over and over"),
    ], returns: "the type of `text`",
    examples: examples
  ) { call in
    // Bytes are filled up with bytes; text on either side makes text.
    let type = call.types.count > 2 && call.types[2] == .string ? DataType.string : call.types[0]
    var arguments = call.arguments
    arguments[0] = arguments[0].implicitlyCast(to: type)
    if arguments.count > 2 { arguments[2] = arguments[2].implicitlyCast(to: type) }
    if arguments.count == 2 {
      arguments.append(
        .literal(type == .string ? .text(" ") : .bytes([0]), type, origin: call.origin))
    }
    return call.with(arguments).result(type, canFail: true) { columns, _ in
      try mappedText(columns[0], columns[1], columns[2], to: type) {
        (text: Bytes, length: Int32, pad: Bytes, out) in
        try padded(
          text, Int(length), pad, isLeft: isLeft, isText: type == .string, &out, function: name)
      }
    }
  }
}

private func padded(
  _ text: Bytes, _ length: Int, _ pad: Bytes, isLeft: Bool, isText: Bool,
  _ out: inout TextWriter, function: String
) throws {
  let have = isText ? Characters.count(text) : text.count
  if length <= have {
    let end = isText ? Characters.offset(text, max(length, 0)) : max(length, 0)
    out.append(Characters.slice(text, 0..<end))
    return
  }
  if !isLeft { out.append(text) }
  if !pad.isEmpty { try requireLength(text.count + length - have, function: function) }
  let padCount = isText ? Characters.count(pad) : pad.count
  if padCount > 0 {
    var missing = length - have
    while missing >= padCount {
      out.append(pad)
      missing -= padCount
    }
    let end = isText ? Characters.offset(pad, missing) : missing
    out.append(Characters.slice(pad, 0..<end))
  }
  if isLeft { out.append(text) }
}
