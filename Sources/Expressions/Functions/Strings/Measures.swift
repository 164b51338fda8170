import Columns
import Contract
import Glibc

private let anyText = FunctionParameter.column("text", .stringOrBinary, "the string")

/// Lengths and codes of characters, and strings made of them.
let measureFunctions: [FunctionSpec] = [
  .scalar(
    "length", aliases: ["len", "char_length", "character_length"], category: "strings",
    summary: "How many characters a string has, or how many bytes a BINARY.", [anyText],
    returns: "INT",
    examples: [
      Example("length('Spark SQL ')", "10"), Example("length('aé漢😀')", "4"),
      Example("length(X'0102')", "2"), Example("length('')", "0"), Example("length(NULL)", "NULL"),
    ]
  ) { call in
    let isText = call.types[0] == .string
    return call.result(.int) { columns, _ in
      try mapped(columns[0], to: .int) { (text: Bytes) in
        Int32(truncatingIfNeeded: isText ? Characters.count(text) : text.count)
      }
    }
  },
  stringFunction(
    "octet_length", "How many bytes it has.", [anyText], returns: .int,
    [
      Example("octet_length('aé')", "3"), Example("octet_length(X'0102')", "2"),
      Example("octet_length(NULL)", "NULL"),
      Example("octet_length('')", "0"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .int) { (text: Bytes) in Int32(truncatingIfNeeded: text.count) }
  },
  stringFunction(
    "bit_length", "How many bits it has.", [anyText], returns: .int,
    [
      Example("bit_length('aé')", "24"), Example("bit_length(NULL)", "NULL"),
      Example("bit_length('')", "0"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .int) { (text: Bytes) in
      Int32(truncatingIfNeeded: text.count &* 8)
    }
  },
  stringFunction(
    "ascii", "The code point of the first character; 0 for the empty string.", [textParameter],
    returns: .int,
    [
      Example("ascii('222')", "50"), Example("ascii('é')", "233"), Example("ascii('😀')", "128512"),
      Example("ascii('')", "0"), Example("ascii(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mapped(columns[0], to: .int) { (text: Bytes) in
      if text.isEmpty { return Int32(0) }
      if text[0] < 0x80 { return Int32(text[0]) }
      let first = Characters.slice(text, 0..<Characters.offset(text, 1))
      return Characters.scalars(first).first.map { Int32(bitPattern: $0.value) } ?? 0
    }
  },
  stringFunction(
    "chr", aliases: ["char"], "The character of a code from 0 to 255; larger codes modulo 256.",
    [.column("code", .long, "the code")],
    [
      Example("chr(65)", "A"), Example("hex(chr(233))", "C3A9"), Example("chr(256 + 65)", "A"),
      Example("chr(-9)", ""), Example("chr(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (code: Int64, out) in
      if code < 0 { return }
      out.append(Unicode.Scalar(UInt8(truncatingIfNeeded: code)))
    }
  },
  stringFunction(
    "replace", "Every place of a substring replaced.",
    [
      textParameter, .column("search", .string, "what is replaced"),
      .column(
        "replacement", .string, default: "''", filler: (.text(""), .string),
        "what stands in its place"),
    ],
    [
      Example("replace('ABCabc', 'abc', 'DEF')", "ABCDEF"), Example("replace('aéa', 'é')", "aa"),
      Example("replace('abc', '', 'x')", "abc"), Example("replace('abc', NULL, 'x')", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0], columns[1], columns[2]) {
      (text: Bytes, search: Bytes, replacement: Bytes, out) in
      var at = 0
      if !search.isEmpty {
        while let found = Characters.find(search, in: text, from: at) {
          out.append(Characters.slice(text, at..<found))
          out.append(replacement)
          at = found + search.count
        }
      }
      out.append(Characters.slice(text, at..<text.count))
    }
  },
  stringFunction(
    "translate", "Each character of one list replaced by that of another; without one, dropped.",
    [
      textParameter, .value("from", .string, "what is replaced"),
      .value("to", .string, "what stands in its place"),
    ],
    [
      Example("translate('AaBbCc', 'abc', '123')", "A1B2C3"),
      Example("translate('AaBbCc', 'abc', '1')", "A1BC"),
      Example("translate('aéa', 'éa', 'xy')", "yxy"), Example("translate(NULL, 'a', 'b')", "NULL"),
      Example("translate('', 'é', 'e')", ""),
    ]
  ) { columns, _ in
    // The lists are constant in practice: the table of the last row serves the next.
    var table: [Unicode.Scalar: Unicode.Scalar?] = [:]
    var lists: ([UInt8], [UInt8])?
    return try mappedText(columns[0], columns[1], columns[2]) {
      (text: Bytes, from: Bytes, to: Bytes, out) in
      if lists == nil || !(lists?.0.elementsEqual(from) ?? false)
        || !(lists?.1.elementsEqual(to) ?? false)
      {
        lists = (Array(from), Array(to))
        table = [:]
        let targets = Characters.scalars(to)
        for (index, scalar) in Characters.scalars(from).enumerated() where table[scalar] == nil {
          table[scalar] = index < targets.count ? .some(targets[index]) : .some(nil)
        }
      }
      for scalar in Characters.scalars(text) {
        guard let target = table[scalar] else {
          out.append(scalar)
          continue
        }
        if let target { out.append(target) }
      }
    }
  },
  .scalar(
    "overlay", category: "strings",
    summary: "A part of the string, from a position, replaced by another string.",
    [
      .column("text", .stringOrBinary, "the string"),
      .column("replacement", .stringOrBinary, "what is laid over it"),
      .column("position", .int, "where, from 1"),
      .column(
        "length", .int, default: "-1", filler: (.integer(-1), .int),
        "how many characters give way; -1: as many as the replacement has"),
    ], returns: "the type of `text`",
    examples: [
      Example("overlay('Spark SQL', '_', 6)", "Spark_SQL"),
      Example("overlay('Spark SQL', 'CORE', 7)", "Spark CORE"),
      Example("overlay('Spark SQL', 'ANSI ', 7, 0)", "Spark ANSI SQL"),
      Example("overlay('Späék', 'tructured', 2, 4)", "Structured"),
      Example("overlay('ab', 'x', 9)", "abx"),
      Example("overlay(NULL, 'x', 1)", "NULL"),
      Example("overlay('', 'é', 1)", "é"),
      Example("overlay('abc', 'x', -2)", "xc"),
      Example("overlay('abc', 'é', 2147483647, -1)", "abcé"),
    ]
  ) { call in
    if call.types[0] != call.types[1], !call.types.prefix(2).contains(.null) {
      throw call.differentTypes(Array(call.arguments.prefix(2)))
    }
    return call.result(call.types[0]) { columns, _ in
      let lengths = FixedReader<Int32>(columns[3])
      let positions = FixedReader<Int32>(columns[2])
      let (texts, replacements) = (columns[0].strings, columns[1].strings)
      let shape = KernelShape(of: columns)
      if shape.isAllNull { return .nulls(columns[0].type, count: shape.count) }
      var out = TextCollector(shape, columns[0].type)
      try shape.forEachRow { row in
        try out.row(row) { writer in
          let (text, replacement) = (texts[row], replacements[row])
          let position = Int(positions[row])
          let length = lengths[row] >= 0 ? Int(lengths[row]) : Characters.count(replacement)
          let head = Characters.substring(text, position: 1, length: position - 1)
          writer.append(Characters.slice(text, head))
          writer.append(replacement)
          let tail = Characters.substring(
            text, position: position + length, length: Int(Int32.max))
          writer.append(Characters.slice(text, tail))
        }
      }
      return out.finish()
    }
  },
  stringFunction(
    "levenshtein", "How many characters must change to make one string of the other.",
    [
      .column("a", .string, "the one"), .column("b", .string, "the other"),
      .value(
        "threshold", .int, default: "", filler: (.integer(Int64(Int32.max)), .int),
        "-1 is returned when it is more than this"),
    ], returns: .int,
    [
      Example("levenshtein('kitten', 'sitting')", "3"),
      Example("levenshtein('kitten', 'sitting', 2)", "-1"),
      Example("levenshtein('', 'é')", "1"), Example("levenshtein(NULL, 'a')", "NULL"),
      Example("levenshtein('é', 'e', -1)", "-1"),
      Example("levenshtein('', '😀😀', 2147483647)", "2"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], columns[2], to: .int) {
      (a: Bytes, b: Bytes, threshold: Int32) in
      let distance = Int32(distance(Characters.scalars(a), Characters.scalars(b)))
      return distance > threshold ? -1 : distance
    }
  },
  stringFunction(
    "soundex", "The Soundex code: what the word sounds like in English.",
    [.column("text", .exactly(.string), "the string")],
    [
      Example("soundex('Miller')", "M460"), Example("soundex('Ashcraft')", "A261"),
      Example("soundex('1a')", "1a"), Example("soundex('')", ""), Example("soundex('é')", "é"),
      Example("soundex(NULL)", "NULL"),
    ]
  ) { columns, _ in
    try mappedText(columns[0]) { (text: Bytes, out) in appendSoundex(text, &out) }
  },
]

private func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let change = x == y ? diagonal : diagonal + 1
      diagonal = row[j + 1]
      row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}

private func appendSoundex(_ text: Bytes, _ out: inout TextWriter) {
  // The code of each letter from A on; 7: passed over, and equal codes around it are one.
  let codes = Array("01230127022455012623017202".utf8)
  func letter(_ byte: UInt8) -> Int? {
    let upper = byte & 0xDF
    return upper >= 65 && upper <= 90 ? Int(upper - 65) : nil
  }
  guard let first = text.first else { return }
  guard let firstLetter = letter(first) else { return out.append(text) }
  out.append(UInt8(firstLetter + 65))
  var last = codes[firstLetter]
  for byte in text.dropFirst() {
    guard let index = letter(byte) else {
      last = UInt8(ascii: "0")
      continue
    }
    let code = codes[index]
    if code == UInt8(ascii: "7") { continue }
    if code != UInt8(ascii: "0"), code != last {
      out.append(code)
      if out.bytes.count == 4 { return }
    }
    last = code
  }
  while out.bytes.count < 4 { out.append(UInt8(ascii: "0")) }
}
