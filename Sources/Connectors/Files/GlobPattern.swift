import Contract

/// Shell patterns with alternatives in braces, which the C library's `fnmatch` lacks.
enum GlobPattern {
  /// The patterns that one with braces stands for.
  static func alternatives(_ pattern: String) throws -> [String] {
    try check(pattern)
    return expanded(Array(pattern)).map { String($0) }
  }

  private static func check(_ pattern: String) throws {
    var isEscaped = false
    var open: [Character] = []
    for letter in pattern {
      if isEscaped {
        isEscaped = false
      } else if letter == "\\" {
        isEscaped = true
      } else if open.last == "[" {
        if letter == "]" { open.removeLast() }
      } else if letter == "[" || letter == "{" {
        open.append(letter)
      } else if letter == "}", open.last == "{" {
        open.removeLast()
      }
    }
    guard open.isEmpty else {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the pattern `\(pattern)` has a `\(open[0])` that nothing closes")
    }
  }

  private static func expanded(_ pattern: [Character]) -> [[Character]] {
    guard let start = pattern.indices.first(where: { isBrace(pattern, $0) }) else {
      return [pattern]
    }
    var depth = 0
    var parts: [[Character]] = [[]]
    var at = start
    while at < pattern.count {
      let letter = pattern[at]
      if letter == "{" { depth += 1 }
      if letter == "}" { depth -= 1 }
      if depth == 0 { break }
      if letter == ",", depth == 1 {
        parts.append([])
      } else if at > start {
        parts[parts.count - 1].append(letter)
      }
      at += 1
    }
    let (head, tail) = (pattern[..<start], pattern[min(at + 1, pattern.count)...])
    return parts.flatMap { expanded(head + $0 + tail) }
  }

  private static func isBrace(_ pattern: [Character], _ index: Int) -> Bool {
    pattern[index] == "{" && (index == 0 || pattern[index - 1] != "\\")
  }
}
