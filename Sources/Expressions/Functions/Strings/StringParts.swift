import Columns
import Contract
import Glibc

private let length = FunctionParameter.column("length", .int, "how many characters")

private func substringFunction(_ name: String, _ examples: [Example], aliases: [String])
  -> FunctionSpec
{
  .scalar(
    name, aliases: aliases, category: "strings",
    summary: "A part of the string: from a position (from 1; negative: from the end), so long.",
    [
      .column("text", .stringOrBinary, "the string"),
      .column("position", .int, "where it begins"),
      .column(
        "length", .int, default: "2147483647", filler: (.integer(2_147_483_647), .int),
        "how many characters"),
    ], returns: "the type of `text`",
    examples: examples
  ) { call in
    let type = call.types[0]
    return call.result(type) { columns, _ in
      let (positions, lengths) = (
        FixedReader<Int32>(columns[1]), FixedReader<Int32>(columns[2])
      )
      return try mappedSlice(columns[0], [columns[1], columns[2]]) { row, text in
        let (position, length) = (Int(positions[row]), Int(lengths[row]))
        if type == .string {
          return Characters.substring(text, position: position, length: length)
        }
        let start = position > 0 ? position - 1 : (position < 0 ? text.count + position : 0)
        let end = min(start + length, text.count)
        return max(start, 0) < end ? max(start, 0)..<end : 0..<0
      }
    }
  }
}

/// Parts of strings, and where they lie.
let partFunctions: [FunctionSpec] = [
  substringFunction(
    "substring",
    [
      Example("substring('Spark SQL', 5)", "k SQL"), Example("substring('Spark SQL', -3)", "SQL"),
      Example("substring('Spark SQL', 5, 1)", "k"), Example("substring('añb', 2, 1)", "ñ"),
      Example("substring('abc', 0, 2)", "ab"), Example("substring('abc', -5, 3)", "a"),
      Example("substring('abc', 2, -1)", ""), Example("substring(NULL, 1, 1)", "NULL"),
      Example("hex(substring(X'0A0B0C', 2, 1))", "0B"),
      Example("length('')", "0"),
      Example("position('', 'abc')", "1"),
      Example("position('a', 'abc', 2147483647)", "0"),
      Example("substring('', 1, 2)", ""),
      Example("substring('é😀', -5, 4)", "é"),
      Example("substring('é😀', 2147483647, 2147483647)", ""),
    ], aliases: ["substr"]),
  .scalar(
    "left", category: "strings", summary: "The first characters, or bytes of a BINARY.",
    [.column("text", .stringOrBinary, "the string"), length], returns: "the type of `text`",
    examples: [
      Example("left('Spark SQL', 3)", "Spa"), Example("left('éa', 1)", "é"),
      Example("hex(left(X'00FFAA', 2))", "00FF"),
      Example("left('abc', -1)", ""), Example("left(NULL, 3)", "NULL"),
      Example("left('', 3)", ""),
      Example("left('é😀', 2147483647)", "é😀"),
    ]
  ) { call in
    let isText = call.types[0] == .string
    return call.result(call.types[0]) { columns, _ in
      let lengths = FixedReader<Int32>(columns[1])
      return try mappedSlice(columns[0], [columns[1]]) { row, text in
        let count = Int(lengths[row])
        return isText
          ? Characters.range(text, 0, count) : 0..<min(max(count, 0), text.count)
      }
    }
  },
  stringFunction(
    "right", "The last characters.", [textParameter, length],
    [
      Example("right('Spark SQL', 3)", "SQL"), Example("right('aé', 1)", "é"),
      Example("right('abc', -1)", ""), Example("right(NULL, 3)", "NULL"),
      Example("right('', 3)", ""),
      Example("right('é😀', 2147483647)", "é😀"),
    ]
  ) { columns, _ in
    let lengths = FixedReader<Int32>(columns[1])
    return try mappedSlice(columns[0], [columns[1]]) { row, text in
      let length = Int(lengths[row])
      return length <= 0
        ? 0..<0 : Characters.substring(text, position: -length, length: Int(Int32.max))
    }
  },
  stringFunction(
    "substring_index",
    "What lies before the nth delimiter; with a negative count, behind the nth from the end.",
    [
      textParameter, .value("delimiter", .string, "what is counted"),
      .value("count", .int, "which one"),
    ],
    [
      Example("substring_index('www.apache.org', '.', 2)", "www.apache"),
      Example("substring_index('www.apache.org', '.', -2)", "apache.org"),
      Example("substring_index('www.apache.org', '', 1)", ""),
      Example("substring_index('a', '.', 2)", "a"), Example("substring_index('a.b', '.', 0)", ""),
      Example("substring_index(NULL, '.', 2)", "NULL"),
      Example("substring_index('aéßéc', 'é', -2)", "ßéc"),
      Example("substring_index('a.b', '.', -2147483648)", "a.b"),
    ]
  ) { columns, _ in
    let (delimiters, counts) = (columns[1].strings, FixedReader<Int32>(columns[2]))
    return try mappedSlice(columns[0], [columns[1], columns[2]]) { row, text in
      substringIndex(text, delimiters[row], Int(counts[row]))
    }
  },
  stringFunction(
    "split_part", "One part of the string between delimiters, counted from 1 or from the end.",
    [
      textParameter, .column("delimiter", .string, "what lies between the parts"),
      .column("part", .int, "which one"),
    ], canFail: true,
    [
      Example("split_part('11.12.13', '.', 3)", "13"),
      Example("split_part('11.12.13', '.', -1)", "13"),
      Example("split_part('11.12.13', '.', 5)", ""),
      Example("split_part('11.12.13', '.', 0)", "error INVALID_INDEX_OF_ZERO"),
      Example("split_part('abc', '', 1)", "abc"),
      Example("split_part(NULL, '.', 1)", "NULL"),
      Example("split_part('aé😀éb', 'é', -2)", "😀"),
      Example("split_part('', ',', 2147483647)", ""),
    ]
  ) { columns, _ in
    let (delimiters, parts) = (columns[1].strings, FixedReader<Int32>(columns[2]))
    return try mappedSlice(columns[0], [columns[1], columns[2]]) { row, text in
      try splitPart(text, delimiters[row], Int(parts[row]))
    }
  },
  stringFunction(
    "instr", "Where the substring begins, from 1; 0: nowhere.",
    [
      textParameter, .value("part", .string, "what is looked for"),
      .value(
        "start", .int, default: "1", filler: (.integer(1), .int),
        "where the search begins; negative: from the end, backwards"),
      .value(
        "occurrence", .int, default: "1", filler: (.integer(1), .int), "which of them, from 1"),
    ], returns: .int, canFail: true,
    [
      Example("instr('SparkSQL', 'SQL')", "6"), Example("instr('éa', 'a')", "2"),
      Example("instr('abc', '')", "1"), Example("instr('abc', NULL)", "NULL"),
      Example("instr('żabżab', 'b', 4)", "6"), Example("instr('abcabc', 'b', 1, 2)", "5"),
      Example("instr('abcabc', 'b', -1)", "5"), Example("instr('abcabc', 'b', -3, 1)", "2"),
      Example("instr('abcabc', 'b', -1, 2)", "2"), Example("instr('abcabc', 'b', 0)", "0"),
      Example("instr('aaaa', 'aa', 1, 2)", "2"),
      Example("instr('abc', 'b', 1, 0)", "error INVALID_PARAMETER_VALUE.OCCURRENCE"),
      Example("instr('abc', 'b', 9)", "0"), Example("instr('abc', 'b', -9)", "0"),
      Example("instr('abc', '', 2)", "1"), Example("instr('abc', 'b', 1, NULL)", "NULL"),
    ]
  ) { columns, _ in
    let shape = KernelShape(of: columns)
    if shape.isAllNull { return .nulls(.int, count: shape.count) }
    let values = Buffer.zeroed(capacity: shape.computed * 4)
    let (starts, places) = (FixedReader<Int32>(columns[2]), FixedReader<Int32>(columns[3]))
    let (texts, parts) = (columns[0].strings, columns[1].strings)
    try shape.forEachRow { row in
      values.typed(Int32.self)[row] = try place(
        of: parts[row], in: texts[row], from: Int(starts[row]), occurrence: Int(places[row]))
    }
    return shape.vector(.int, values)
  },
  stringFunction(
    "locate", aliases: ["position", "charindex"],
    "Where the substring first begins at or behind a position, from 1; 0: nowhere.",
    [
      .value("part", .string, "what is looked for"), .column("text", .string, "the string"),
      .value(
        "start", .int, default: "1", filler: (.integer(1), .int), "where the search begins"),
    ], returns: .int,
    [
      Example("locate('a', 'ba', NULL)", "0"),
      Example("locate('bar', 'foobarbar')", "4"), Example("locate('bar', 'foobarbar', 5)", "7"),
      Example("locate('bar', 'foobarbar', 0)", "0"), Example("locate('', 'abc', 2)", "1"),
      Example("locate(NULL, 'abc')", "NULL"),
      Example("locate('é', 'aéé', 3)", "3"),
      Example("locate('a', 'abc', -1)", "0"),
      Example("locate('a', 'abc', 2147483647)", "0"),
    ]
  ) { columns, context in
    // A position of NULL is before the text.
    let (start, starts) = (columns[2], FixedReader<Int32>(columns[2]))
    let shape = KernelShape(columns[0], columns[1])
    if shape.isAllNull { return .nulls(.int, count: shape.count) }
    let (texts, parts) = (columns[1].strings, columns[0].strings)
    let values = Buffer.zeroed(capacity: context.count * 4)
    try KernelShape(of: columns.filter { $0.nullCount < $0.count }).forEachRow { row in
      if start.isNull(row) { return }
      values.typed(Int32.self)[row] = position(
        of: parts[row], in: texts[row], from: Int(starts[row]))
    }
    return shape.vector(.int, values)
  },
  matchFunction(
    "contains",
    [
      Example("contains('Spark SQL', 'SQL')", "true"),
      Example("contains('Spark SQL', 'Spark')", "true"),
      Example("contains('Spark SQL', '')", "true"), Example("contains('Spark SQL', NULL)", "NULL"),
      Example("contains('Żółw', 'ółw')", "true"),
      Example("contains('é', '')", "true"),
    ], "Whether the first string contains the second."
  ) { text, part in
    Characters.find(part, in: text) != nil
  },
  matchFunction(
    "startswith",
    [
      Example("startswith('Spark SQL', 'SQL')", "false"),
      Example("startswith('Spark SQL', 'Spark')", "true"),
      Example("startswith('Spark SQL', '')", "true"),
      Example("startswith('Spark SQL', NULL)", "NULL"),
      Example("startswith('Żółw', 'Ż')", "true"),
      Example("startswith('é', '')", "true"),
    ], "Whether the first string begins with the second."
  ) { text, part in
    text.count >= part.count && Characters.equal(Characters.slice(text, 0..<part.count), part)
  },
  matchFunction(
    "endswith",
    [
      Example("endswith('Spark SQL', 'SQL')", "true"),
      Example("endswith('Spark SQL', 'Spark')", "false"),
      Example("endswith('Spark SQL', '')", "true"), Example("endswith('Spark SQL', NULL)", "NULL"),
      Example("endswith('Żółw', 'łw')", "true"),
      Example("endswith('é', '')", "true"),
    ], "Whether the first string ends with the second."
  ) { text, part in
    text.count >= part.count
      && Characters.equal(Characters.slice(text, (text.count - part.count)..<text.count), part)
  },
  stringFunction(
    "find_in_set", "Which of a comma-separated list's strings it is, from 1; 0: none.",
    [.column("text", .string, "the string"), .column("list", .string, "the list")], returns: .int,
    [
      Example("find_in_set('ab', 'abc,b,ab,c,def')", "3"), Example("find_in_set('', 'a,,b')", "2"),
      Example("find_in_set('a,b', 'a,b')", "0"), Example("find_in_set(NULL, 'a')", "NULL"),
      Example("find_in_set('é', 'a,é')", "2"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .int) { (text: Bytes, list: Bytes) in
      findInSet(text, list)
    }
  },
]

private func matchFunction(
  _ name: String, _ examples: [Example], _ summary: String,
  _ matches: @escaping @Sendable (Bytes, Bytes) -> Bool
) -> FunctionSpec {
  stringFunction(
    name, summary,
    [
      .column("text", .stringOrBinary, "the string"),
      .column("part", .stringOrBinary, "what is looked for"),
    ], returns: .boolean,
    examples
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .boolean) { (text: Bytes, part: Bytes) in
      matches(text, part)
    }
  }
}

/// From 1, in characters.
private func position(of part: Bytes, in text: Bytes, from start: Int) -> Int32 {
  if start < 1 { return 0 }
  if part.isEmpty { return 1 }
  let first = Characters.offset(text, start - 1)
  guard let found = Characters.find(part, in: text, from: first) else { return 0 }
  return Int32(Characters.count(Characters.slice(text, 0..<found)) + 1)
}

private func substringIndex(_ text: Bytes, _ delimiter: Bytes, _ count: Int) -> Range<Int> {
  if delimiter.isEmpty || count == 0 { return 0..<0 }
  if count > 0 {
    var (at, left) = (0, count)
    while let found = Characters.find(delimiter, in: text, from: at) {
      left -= 1
      if left == 0 { return 0..<found }
      at = found + 1
    }
    return 0..<text.count
  }
  var (end, left) = (text.count - delimiter.count, -count)
  while end >= 0 {
    if Characters.equal(Characters.slice(text, end..<(end + delimiter.count)), delimiter) {
      left -= 1
      if left == 0 { return (end + delimiter.count)..<text.count }
    }
    end -= 1
  }
  return 0..<text.count
}

private func splitPart(_ text: Bytes, _ delimiter: Bytes, _ part: Int) throws -> Range<Int> {
  if part == 0 {
    throw Failure("INVALID_INDEX_OF_ZERO", "the parts of `split_part` are counted from 1")
  }
  var parts: [Range<Int>] = []
  var at = 0
  if !delimiter.isEmpty {
    while let found = Characters.find(delimiter, in: text, from: at) {
      parts.append(at..<found)
      at = found + delimiter.count
    }
  }
  parts.append(at..<text.count)
  let index = part > 0 ? part - 1 : parts.count + part
  return parts.indices.contains(index) ? parts[index] : 0..<0
}

private func findInSet(_ text: Bytes, _ list: Bytes) -> Int32 {
  if text.contains(UInt8(ascii: ",")) { return 0 }
  var (number, start): (Int32, Int) = (1, 0)
  for at in 0...list.count where at == list.count || list[at] == UInt8(ascii: ",") {
    if Characters.equal(Characters.slice(list, start..<at), text) { return number }
    number += 1
    start = at + 1
  }
  return 0
}

/// INSTR's search: forwards from a position, or backwards from one counted from the end.
private func place(of part: Bytes, in text: Bytes, from start: Int, occurrence: Int) throws -> Int32
{
  if occurrence < 1 {
    throw Failure(
      "INVALID_PARAMETER_VALUE.OCCURRENCE", "the occurrence of `instr` is counted from 1")
  }
  if start == 0 { return 0 }
  if start == 1, occurrence == 1 { return position(of: part, in: text, from: 1) }
  var left = occurrence
  if start > 0 {
    var at = start
    while true {
      let found = position(of: part, in: text, from: at)
      left -= 1
      if found == 0 || left == 0 { return found }
      at = Int(found) + 1
    }
  }
  let (all, wanted) = (Characters.scalars(text), Characters.scalars(part))
  var at = min(all.count + start, all.count - wanted.count)
  while at >= 0 {
    if all[at...].starts(with: wanted) {
      left -= 1
      if left == 0 { return Int32(at + 1) }
    }
    at -= 1
  }
  return 0
}
