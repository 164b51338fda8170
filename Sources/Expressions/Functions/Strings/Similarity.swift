import Columns
import Contract

/// The Jaro similarity of two texts, raised for a common beginning as Winkler does.
/// Over the halves of UTF-16, as Spark's library sees them.
private func jaroWinkler(_ a: [UInt16], _ b: [UInt16]) -> Double {
  if a == b { return 1 }
  if a.isEmpty || b.isEmpty { return 0 }
  let reach = max(max(a.count, b.count) / 2 - 1, 0)
  var taken = [Bool](repeating: false, count: b.count)
  var (matched, places): ([UInt16], [Int]) = ([], [])
  for (i, character) in a.enumerated() {
    let (first, last) = (max(0, i - reach), min(i + reach, b.count - 1))
    guard first <= last,
      let j = (first...last).first(where: { !taken[$0] && b[$0] == character })
    else { continue }
    taken[j] = true
    matched.append(character)
    places.append(j)
  }
  if matched.isEmpty { return 0 }
  let swapped = zip(matched, places.sorted()).count { $0 != b[$1] }
  let m = Double(matched.count)
  let jaro =
    (m / Double(a.count) + m / Double(b.count) + (m - Double(swapped) / 2) / m) / 3
  let common = zip(a, b).prefix(4).prefix { $0 == $1 }.count
  return jaro + Double(common) * 0.1 * (1 - jaro)
}

/// Words of the sentences of a text, as ranges of its scalars. A sentence ends behind `.`, `?` or
/// `!` that white space follows, unless a small letter goes on after a dot; a word is a run of
/// letters and digits with the apostrophes and dots that join them.
private func sentences(_ text: [Unicode.Scalar]) -> [[Range<Int>]] {
  var sentences: [[Range<Int>]] = []
  var words: [Range<Int>] = []
  var (at, isOpen) = (0, false)
  func isWord(_ index: Int) -> Bool {
    guard text.indices.contains(index) else { return false }
    let properties = text[index].properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .nonspacingMark, .spacingMark:
      return true
    default: return text[index] == "_"
    }
  }
  func isDigit(_ index: Int) -> Bool {
    text.indices.contains(index) && text[index].properties.generalCategory == .decimalNumber
  }
  func joins(_ index: Int) -> Bool {
    guard isWord(index + 1) else { return false }
    switch text[index] {
    case "'", "\u{2019}", "\u{B7}", ":": return !isDigit(index - 1) && !isDigit(index + 1)
    case ".": return isDigit(index - 1) == isDigit(index + 1)
    case ",", ";": return isDigit(index - 1) && isDigit(index + 1)
    default: return false
    }
  }
  func close() {
    if isOpen { sentences.append(words) }
    (words, isOpen) = ([], false)
  }
  while at < text.count {
    if isWord(at) {
      let start = at
      while isWord(at) || (at < text.count && joins(at)) { at += 1 }
      words.append(start..<at)
      isOpen = true
      continue
    }
    let mark = text[at]
    at += 1
    if !mark.properties.isWhitespace { isOpen = true }
    if mark == "\u{2029}" { close() }
    guard mark == "." || mark == "?" || mark == "!" || mark == "\u{3002}" else { continue }
    while at < text.count, ".?!)]}\"'\u{201D}\u{2019}".unicodeScalars.contains(text[at]) { at += 1 }
    let isSpaced = at < text.count && text[at].properties.isWhitespace
    var next = at
    while next < text.count, text[next].properties.isWhitespace { next += 1 }
    let goesOn = mark == "." && next < text.count && text[next].properties.isLowercase
    if mark == "\u{3002}" || (isSpaced && !goesOn) || next == text.count { close() }
  }
  close()
  return sentences
}

/// How alike two texts are, and the words of a text.
let similarityFunctions: [FunctionSpec] = [
  stringFunction(
    "jaro_winkler_similarity", "How alike two strings are, from 0 to 1 (Jaro and Winkler).",
    [
      .column("a", .string, "the one"), .column("b", .string, "the other"),
    ], returns: .double,
    [
      Example("jaro_winkler_similarity('MARTHA', 'MARHTA')", "0.9611111111111111"),
      Example("jaro_winkler_similarity('kitten', 'sitting')", "0.746031746031746"),
      Example("jaro_winkler_similarity('DIXON', 'DICKSONX')", "0.8133333333333332"),
      Example("jaro_winkler_similarity('żółw', 'żółty')", "0.8483333333333334"),
      Example("jaro_winkler_similarity('', '')", "1.0"),
      Example("jaro_winkler_similarity('a', '')", "0.0"),
      Example("jaro_winkler_similarity(NULL, 'a')", "NULL"),
    ]
  ) { columns, _ in
    try mapped(columns[0], columns[1], to: .double) { (a: Bytes, b: Bytes) in
      jaroWinkler(
        Array(String(decoding: a, as: UTF8.self).utf16),
        Array(String(decoding: b, as: UTF8.self).utf16))
    }
  },
  .scalar(
    "sentences", category: "strings", summary: "The words of each sentence of a text.",
    [
      .column("text", .string, "the text"),
      .column("language", .string, default: "''", "such as 'en'"),
      .column("country", .string, default: "''", "such as 'US'"),
    ], returns: "ARRAY<ARRAY<STRING>>",
    examples: [
      Example("sentences('Hi there! Good morning.')", "[[Hi, there], [Good, morning]]"),
      Example("sentences('Hi there! Good morning.', 'en', 'US')", "[[Hi, there], [Good, morning]]"),
      Example(
        "sentences(\"It's 3.14, e.g. one; żółw-2 (two).\")",
        "[[It's, 3.14, e.g, one, żółw, 2, two]]"),
      Example("sentences('a\\nb')", "[[a, b]]"), Example("sentences('')", "[]"),
      Example("sentences('...')", "[[]]"), Example("sentences(NULL)", "NULL"),
    ],
    notes: "Language and country change nothing: the breaks are those of the Unicode default."
  ) { call in
    let type = DataType.array(.array(.string, containsNull: false), containsNull: false)
    return call.with([call[0]]).result(type) { columns, _ in
      try mappedRows(columns, to: type) { row, builder in
        let text = Characters.scalars(columns[0].strings[row])
        for sentence in sentences(text) {
          for word in sentence {
            var utf8: [UInt8] = []
            for scalar in text[word] { utf8 += Array(String(Character(scalar)).utf8) }
            utf8.withUnsafeBytes { builder.children[0].children[0].append(bytes: $0) }
          }
          builder.children[0].endList()
        }
        builder.endList()
      }
    }
  },
]
