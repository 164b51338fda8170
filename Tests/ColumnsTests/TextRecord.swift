/// One line of recorded answers: the input and what Spark said, nil for NULL.
struct Record {
  let input: String
  let answer: String?

  /// The lines of a table of `TimeRecorded` or `TextRecorded`.
  static func lines(_ table: String) -> [Record] {
    table.split(separator: "\n", omittingEmptySubsequences: true).map { line in
      let parts = line.split(separator: "¦", maxSplits: 1, omittingEmptySubsequences: false)
      // A line feed inside a text is written as its picture.
      func text(_ part: Substring) -> String { String(part.map { $0 == "␊" ? "\n" : $0 }) }
      return Record(input: text(parts[0]), answer: parts[1] == "NULL" ? nil : text(parts[1]))
    }
  }
}

/// Calls `body` with the text's bytes.
func withBytes<T>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
  try Array(text.utf8).withUnsafeBufferPointer(body)
}

/// What `body` appends, as text.
func appended(_ body: (inout [UInt8]) throws -> Void) rethrows -> String {
  var bytes: [UInt8] = []
  try body(&bytes)
  return String(decoding: bytes, as: UTF8.self)
}
