/// Upper and lower case by full Unicode, as Java's in the root locale.
public enum LetterCase {
  /// Appends the text in upper case: `straße` becomes `STRASSE`.
  public static func appendUpper(
    _ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]
  ) {
    if UTF8Text.isASCII(bytes) {
      appendASCII(bytes, first: 0x61, to: &result)
      return
    }
    for scalar in UTF8Text.Scalars(bytes) {
      result.append(contentsOf: scalar.properties.uppercaseMapping.utf8)
    }
  }

  /// Appends the text in lower case; a sigma that ends a word becomes `ς`.
  public static func appendLower(
    _ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]
  ) {
    if UTF8Text.isASCII(bytes) {
      appendASCII(bytes, first: 0x41, to: &result)
      return
    }
    let scalars = Array(UTF8Text.Scalars(bytes))
    for (index, scalar) in scalars.enumerated() {
      let isFinal = scalar == "Σ" && isFinalSigma(scalars, at: index)
      result.append(contentsOf: (isFinal ? "ς" : scalar.properties.lowercaseMapping).utf8)
    }
  }

  /// Appends the text with the first letter of each word, parted by single spaces, in title case
  /// and the rest lower.
  public static func appendTitle(
    _ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]
  ) {
    var lowered: [UInt8] = []
    appendLower(bytes, to: &lowered)
    var isFirst = true
    var startsWithDotted = Self.dottedStarts(bytes)[...]
    lowered.withUnsafeBufferPointer { lowered in
      var scalars = UTF8Text.Scalars(lowered)
      while let scalar = scalars.next() {
        if isFirst, startsWithDotted.popFirst() == true {
          // The capital i with a dot is small as two characters, and is itself as one again.
          result.append(contentsOf: "İ".utf8)
          _ = scalars.next()
          isFirst = false
          continue
        }
        let mapped = isFirst ? scalar.properties.titlecaseMapping : String(scalar)
        result.append(contentsOf: mapped.utf8)
        isFirst = scalar == " "
      }
    }
  }

  /// For each word, also the empty ones, whether it starts with a capital i with a dot.
  private static func dottedStarts(_ bytes: UnsafeBufferPointer<UInt8>) -> [Bool] {
    if UTF8Text.isASCII(bytes) { return [] }
    var (starts, isFirst): ([Bool], Bool) = ([], true)
    for scalar in UTF8Text.Scalars(bytes) {
      if isFirst { starts.append(scalar == "İ") }
      isFirst = scalar == " "
    }
    return starts
  }

  private static func appendASCII(
    _ bytes: UnsafeBufferPointer<UInt8>, first: UInt8, to result: inout [UInt8]
  ) {
    let start = result.count
    result.append(contentsOf: bytes)
    result.withUnsafeMutableBufferPointer { result in
      for index in start..<result.count {
        let byte = result[index]
        let isLetter: UInt8 = byte &- first < 26 ? 0x20 : 0
        result[index] = byte ^ isLetter
      }
    }
  }

  /// Unicode's Final_Sigma: a cased letter before it, none after it, ignorable ones aside.
  private static func isFinalSigma(_ scalars: [Unicode.Scalar], at index: Int) -> Bool {
    func meetsCased(_ indices: some Sequence<Int>) -> Bool {
      for index in indices {
        let properties = scalars[index].properties
        if properties.isCaseIgnorable { continue }
        return properties.isCased
      }
      return false
    }
    return meetsCased((0..<index).reversed()) && !meetsCased((index + 1)..<scalars.count)
  }
}
