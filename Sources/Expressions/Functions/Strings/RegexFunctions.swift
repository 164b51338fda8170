import Columns
import Contract
import Glibc

private let pattern = FunctionParameter.value("pattern", .string, "a regular expression")
private let group = FunctionParameter.value(
  "group", .int, default: "1", filler: (.integer(1), .int), "which group; 0: the whole match")

private func requireGroup(_ group: Int32, _ regex: Regex, function: String) throws -> Int {
  if group < 0 || Int(group) > regex.groupCount {
    throw Failure(
      "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX",
      "the group of `\(function)` must be between 0 and \(regex.groupCount), not \(group)")
  }
  return Int(group)
}

/// The functions that take regular expressions.
let regexFunctions: [FunctionSpec] = [
  stringFunction(
    "regexp_like", aliases: ["rlike", "regexp"],
    "Whether the regular expression matches somewhere in the string.", [textParameter, pattern],
    returns: .boolean, canFail: true,
    [
      Example(#"regexp_like('a1b', '[0-9]')"#, "true"),
      Example(#"regexp_like('été', '^.t.$')"#, "true"),
      Example(#"regexp_like('cde', '^[a-z&&[^b]]+$')"#, "true"),
      Example(#"regexp_like('été', '^\\p{IsAlphabetic}++$')"#, "true"),
      Example(#"regexp_like('', '')"#, "true"),
      Example(#"regexp_like('abc', '(')"#, "error INVALID_PARAMETER_VALUE.PATTERN"),
      Example(#"regexp_like(NULL, 'a')"#, "NULL"),
    ], notes: "Patterns are those of `java.util.regex`, as in Spark."
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_like")
    let texts = columns[0].strings
    return try mappedRegexRows(columns, to: .boolean) { row, builder in
      builder.append(boolean: try regexes[row].match(texts[row], from: 0) != nil)
    }
  },
  stringFunction(
    "regexp_extract", "A group of the first match; empty when there is none.",
    [textParameter, pattern, group], canFail: true,
    [
      Example("regexp_extract('a', 'b', 1)", ""),
      Example(#"regexp_extract('100-200', '(\\d+)-(\\d+)', 1)"#, "100"),
      Example(#"regexp_extract('100-200', '(\\d+)-(\\d+)', 2)"#, "200"),
      Example(#"regexp_extract('100-200', '(\\d+)')"#, "100"),
      Example(#"regexp_extract('foo', '(\\d+)', 1)"#, ""),
      Example(#"regexp_extract('ab', '(a)|(c)', 2)"#, ""),
      Example(
        #"regexp_extract('foo', '(o)', 2)"#, "error INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX"),
      Example(#"regexp_extract(NULL, '(o)', 1)"#, "NULL"),
      Example("regexp_extract('', '(a)?', 1)", ""),
      Example("regexp_extract('naïve été', '(\\\\p{L}+)$', 1)", "été"),
      Example("regexp_extract('a', 'a', -1)", "error INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX"),
    ]
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_extract")
    let groups = FixedReader<Int32>(columns[2])
    return try mappedSlice(columns[0], [columns[1], columns[2]]) { row, text in
      let regex = try regexes[row]
      if try regex.match(text, from: 0) == nil { return 0..<0 }
      let wanted = try requireGroup(groups[row], regex, function: "regexp_extract")
      return regex.range(wanted) ?? 0..<0
    }
  },
  stringFunction(
    "regexp_extract_all", "A group of every match.", [textParameter, pattern, group],
    returns: .array(.string, containsNull: true), canFail: true,
    [
      Example(#"regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 1)"#, "[100, 300]"),
      Example(#"regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 0)"#, "[100-200, 300-400]"),
      Example(#"regexp_extract_all('foo', '(\\d+)')"#, "[]"),
      Example(#"regexp_extract_all(NULL, '(\\d+)')"#, "NULL"),
      Example("regexp_extract_all('', 'a', 0)", "[]"),
      Example("regexp_extract_all('é1ß2', '(\\\\p{L})(\\\\d)', 1)", "[é, ß]"),
      Example(
        "regexp_extract_all('a', 'a', -1)",
        "error INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX"),
    ]
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_extract_all")
    let (texts, groups) = (columns[0].strings, FixedReader<Int32>(columns[2]))
    return try mappedRows(columns, to: .array(.string, containsNull: true)) { row, builder in
      let (regex, text) = (try regexes[row], texts[row])
      try regex.forEachMatch(text) { _ in
        let wanted = try requireGroup(groups[row], regex, function: "regexp_extract_all")
        builder.children[0].append(bytes: Characters.slice(text, regex.range(wanted) ?? 0..<0))
        return true
      }
      builder.endList()
    }
  },
  .scalar(
    "regexp_replace", category: "strings",
    summary: "Every match replaced; `$1` in the replacement is the first group.",
    [
      textParameter, pattern, .value("replacement", .string, "what stands in its place"),
      .value(
        "position", .int, default: "1", filler: (.integer(1), .int),
        "the character at which the search begins"),
    ], returns: "STRING",
    examples: [
      Example(#"regexp_replace('100-200', '(\\d+)', 'num')"#, "num-num"),
      Example(#"regexp_replace('100-200', '(\\d+)-(\\d+)', '$2-$1')"#, "200-100"),
      Example(#"regexp_replace('héé', 'é', 'e', 3)"#, "hée"),
      Example(#"regexp_replace('abc', 'x*', '-')"#, "-a-b-c-"),
      Example(#"regexp_replace('abc', 'b', '\\$')"#, "a$c"),
      Example(#"regexp_replace('abc', 'b', '$1')"#, "error INVALID_REGEXP_REPLACE"),
      Example(#"regexp_replace('aab', '(?<=a)a', 'é')"#, "aéb"),
      Example(#"regexp_replace(NULL, 'b', '')"#, "NULL"),
      Example("regexp_replace('abc', 'b', 'x', -1)", "error DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      Example("regexp_replace('', '^', 'é')", "é"),
    ]
  ) { call in
    if let position = try? call.constant(3), case .integer(..<1) = position {
      throw Failure(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
        "the position of `regexp_replace` must be 1 or more", origin: call.origin)
    }
    return call.result(.string, canFail: true) { columns, _ in try replaceMatches(columns) }
  },
  stringFunction(
    "regexp_count", "How many matches there are.", [textParameter, pattern], returns: .int,
    canFail: true,
    [
      Example(#"regexp_count('Steven Jones and Stephen Smith', 'Ste(v|ph)en')"#, "2"),
      Example(#"regexp_count('abc', 'x*')"#, "4"), Example(#"regexp_count(NULL, 'x')"#, "NULL"),
      Example("regexp_count('👨‍👩‍👧', '.')", "5"), Example("regexp_count('', 'a')", "0"),
    ]
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_count")
    let texts = columns[0].strings
    return try mappedRegexRows(columns, to: .int) { row, builder in
      var count: Int64 = 0
      try regexes[row].forEachMatch(texts[row]) { _ in
        count += 1
        return true
      }
      builder.append(integer: count)
    }
  },
  stringFunction(
    "regexp_instr", "Where the first match begins, from 1; 0: nowhere.",
    [
      textParameter, pattern,
      .value(
        "group", .int, default: "0", filler: (.integer(0), .int), "not looked at, as in Spark"),
    ], returns: .int, canFail: true,
    [
      Example(#"regexp_instr('user@spark.apache.org', '@[^.]*')"#, "5"),
      Example(#"regexp_instr('éa1', '[0-9]')"#, "3"), Example(#"regexp_instr('a', 'b')"#, "0"),
      Example(#"regexp_instr(NULL, 'b')"#, "NULL"),
      Example("regexp_instr('', 'a')", "0"),
    ]
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_instr")
    let texts = columns[0].strings
    return try mappedRegexRows(columns, to: .int) { row, builder in
      let text = texts[row]
      guard let found = try regexes[row].match(text, from: 0) else {
        return builder.append(integer: 0)
      }
      let before = Characters.slice(text, 0..<found.lowerBound)
      builder.append(integer: Int64(Characters.count(before) + 1))
    }
  },
  stringFunction(
    "regexp_substr", "The first match; NULL when there is none.", [textParameter, pattern],
    nullable: .always, canFail: true,
    [
      Example(#"regexp_substr('Steven Jones and Stephen Smith', 'Ste(v|ph)en')"#, "Steven"),
      Example(#"regexp_substr('abc', 'x')"#, "NULL"), Example(#"regexp_substr(NULL, 'x')"#, "NULL"),
      Example("regexp_substr('été', '[^a-z]')", "é"),
      Example("regexp_substr('', 'a')", "NULL"),
    ]
  ) { columns, _ in
    var regexes = RegexColumn(columns[1], function: "regexp_substr")
    return try mappedSlice(columns[0], [columns[1]]) { row, text in
      try regexes[row].match(text, from: 0).flatMap { $0.isEmpty ? nil : $0 }
    }
  },
  stringFunction(
    "split", "The parts of the string between the matches of a regular expression.",
    [
      textParameter, pattern,
      .column(
        "limit", .int, default: "-1", filler: (.integer(-1), .int),
        "how many parts at most; the last keeps the rest; 0 or less: all"),
    ], returns: .array(.string, containsNull: false), canFail: true,
    [
      Example(#"split('oneAtwoBthreeC', '[ABC]')"#, "[one, two, three, ]"),
      Example(#"split('oneAtwoBthreeC', '[ABC]', 2)"#, "[one, twoBthreeC]"),
      Example(#"split('a,b,,', ',')"#, "[a, b, , ]"), Example(#"split('', ',')"#, "[]"),
      Example(#"split('aéb', '')"#, "[a, é, b]"), Example(#"split('aéb', '', 2)"#, "[a, éb]"),
      Example(#"split('a b  c', '\\s')"#, "[a, b, , c]"),
      Example(#"split('abc', '(?=b)')"#, "[a, bc]"),
      Example(#"split('a.b', '.')"#, "[, , , ]"), Example(#"split('a.b', '\\.', 0)"#, "[a, b]"),
      Example(#"split(NULL, ',')"#, "NULL"),
      Example("split('aéb', 'é', -5)", "[a, b]"),
      Example("split('aéb', 'é', 2147483647)", "[a, b]"),
    ]
  ) { columns, _ in try splitColumn(columns) },
]

/// Rows of a fixed-width result, made with a regular expression.
private func mappedRegexRows(
  _ columns: [Vector], to type: DataType, _ body: (Int, VectorBuilder) throws -> Void
) throws -> Vector {
  try mappedRows(columns, to: type, body)
}

private func replaceMatches(_ columns: [Vector]) throws -> Vector {
  var regexes = RegexColumn(columns[1], function: "regexp_replace")
  let (texts, replacements) = (columns[0].strings, columns[2].strings)
  let positions = FixedReader<Int32>(columns[3])
  let shape = KernelShape(of: columns)
  if shape.isAllNull { return .nulls(.string, count: shape.count) }
  var out = TextCollector(shape, .string)
  try shape.forEachRow { row in
    let regex = try regexes[row]
    let (text, replacement) = (texts[row], replacements[row])
    try out.row(row) { writer in
      let start = Characters.offset(text, max(Int(positions[row]) - 1, 0))
      var at = 0
      try regex.forEachMatch(text, from: start) { found in
        writer.append(Characters.slice(text, at..<found.lowerBound))
        try appendReplacement(replacement, text, regex, &writer)
        at = found.upperBound
        return true
      }
      writer.append(Characters.slice(text, at..<text.count))
    }
  }
  return out.finish()
}

/// Appends a replacement in Java's notation: `$1` and `${name}` are groups, a backslash quotes.
private func appendReplacement(
  _ replacement: Bytes, _ text: Bytes, _ regex: Regex, _ out: inout TextWriter
) throws {
  var at = 0
  func digit() -> Int? {
    at < replacement.count && replacement[at] &- 48 < 10 ? Int(replacement[at] - 48) : nil
  }
  while at < replacement.count {
    let byte = replacement[at]
    at += 1
    if byte == UInt8(ascii: "\\") {
      guard at < replacement.count else { throw badReplacement("it ends with a backslash") }
      out.append(replacement[at])
      at += 1
    } else if byte == UInt8(ascii: "$") {
      var number = 0
      if let first = digit() {
        number = first
        at += 1
        while let next = digit(), number * 10 + next <= regex.groupCount {
          number = number * 10 + next
          at += 1
        }
      } else {
        number = try namedGroup(replacement, &at, regex)
      }
      if number > regex.groupCount {
        throw badReplacement("it names group \(number), but there are \(regex.groupCount)")
      }
      if let range = regex.range(number) { out.append(Characters.slice(text, range)) }
    } else {
      out.append(byte)
    }
  }
}

/// The group of `{name}` at `at`, which is moved behind it.
private func namedGroup(_ replacement: Bytes, _ at: inout Int, _ regex: Regex) throws -> Int {
  let rest = replacement[at...]
  guard rest.first == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
    throw badReplacement("a `$` names no group")
  }
  let name = String(decoding: rest[(at + 1)..<end], as: UTF8.self)
  guard let number = regex.names[name] else { throw badReplacement("no group is named `\(name)`") }
  at = end + 1
  return number
}

private func badReplacement(_ reason: String) -> Failure {
  Failure(
    "INVALID_REGEXP_REPLACE", "the replacement of `regexp_replace` cannot be used: \(reason)",
    hint: "`$1` and `${name}` are groups; a backslash makes `$` plain.")
}

/// The one byte that a pattern stands for, where it is that simple.
private func literalByte(_ pattern: Bytes) -> UInt8? {
  let special = Array("\\^$.|?*+()[]{}".utf8)
  if pattern.count == 1, pattern[0] < 0x80, !special.contains(pattern[0]) { return pattern[0] }
  if pattern.count == 2, pattern[0] == UInt8(ascii: "\\"), special.contains(pattern[1]) {
    return pattern[1]
  }
  return nil
}

/// SPLIT over a column. The parts are views into the text's own blocks.
private func splitColumn(_ columns: [Vector]) throws -> Vector {
  let type = DataType.array(.string, containsNull: false)
  let shape = KernelShape(of: columns)
  if shape.isAllNull { return .nulls(type, count: shape.count) }
  let (texts, patterns) = (columns[0].strings, columns[1].strings)
  let limits = FixedReader<Int32>(columns[2])
  var regexes = RegexColumn(columns[1], function: "split")
  let constantByte = columns[1].isConstant ? literalByte(patterns[0]) : nil
  var parts: [StringView] = []
  parts.reserveCapacity(shape.computed * 4)
  let offsets = Buffer(capacity: (shape.computed + 1) * 4)
  let ends = offsets.typed(Int32.self)
  ends.initialize(repeating: 0, count: shape.computed + 1)
  var done = 0
  try shape.forEachRow { row in
    while done < row {
      done += 1
      ends[done] = Int32(parts.count)
    }
    let (text, view) = (texts[row], texts.view(row))
    func add(_ range: Range<Int>) {
      parts.append(part(of: view, text, range))
    }
    let limit = Int(limits[row])
    if let constantByte, limit <= 0 {
      splitAtByte(text, constantByte, add)
    } else if patterns[row].isEmpty, !text.isEmpty {
      splitCharacters(text, limit, add)
    } else {
      try splitAtMatches(text, try regexes[row], limit, add)
    }
    done = row + 1
    ends[done] = Int32(parts.count)
  }
  while done < shape.computed {
    done += 1
    ends[done] = Int32(parts.count)
  }
  let values = parts.withUnsafeBytes { Buffer(copying: $0) }
  let child = Vector(.string, count: parts.count, values: values, blocks: columns[0].blocks)
  return Vector(
    type, count: shape.count, validity: shape.validity, values: offsets, children: [child],
    isConstant: shape.isConstant)
}

@inline(__always)
private func part(of view: StringView, _ text: Bytes, _ range: Range<Int>) -> StringView {
  guard !range.isEmpty, let base = text.baseAddress else { return .empty }
  return StringView(
    base + range.lowerBound, count: range.count, block: view.isInline ? 0 : view.block,
    offset: view.isInline ? 0 : view.offset + range.lowerBound)
}

@inline(__always)
private func splitAtByte(_ text: Bytes, _ byte: UInt8, _ add: (Range<Int>) -> Void) {
  var start = 0
  if let base = text.baseAddress {
    while start < text.count, let found = memchr(base + start, Int32(byte), text.count - start) {
      let at = UnsafeRawPointer(found) - base
      add(start..<at)
      start = at + 1
    }
  }
  add(start..<text.count)
}

private func splitCharacters(_ text: Bytes, _ limit: Int, _ add: (Range<Int>) -> Void) {
  var (start, parts) = (0, 1)
  while true {
    let end = Characters.offset(text, 1, from: start)
    if end >= text.count || parts == limit { return add(start..<text.count) }
    add(start..<end)
    start = end
    parts += 1
  }
}

func splitAtMatches(
  _ text: Bytes, _ regex: Regex, _ limit: Int, _ add: (Range<Int>) -> Void
) throws {
  var (start, parts) = (0, 1)
  try regex.forEachMatch(text) { found in
    if limit > 0, parts == limit { return false }
    // A match of no width at the start makes no empty first part.
    if found.isEmpty, found.lowerBound == 0 { return true }
    if found.isEmpty, found.lowerBound == text.count, start == 0, text.isEmpty { return true }
    add(start..<found.lowerBound)
    start = found.upperBound
    parts += 1
    return true
  }
  add(start..<text.count)
}
