/// "Did you mean": the known names nearest to a misspelt one.
public enum Suggestion {
  /// The names within a third of the word's length in edits, nearest first, at most `limit`.
  /// Letters are compared without regard to case; a name that contains the word counts as near.
  public static func nearest(to word: String, among names: [String], limit: Int = 3) -> [String] {
    let wanted = Array(word.lowercased().utf8)
    let allowed = max(1, (wanted.count + 2) / 3)
    let scored: [(name: String, score: Int)] = names.compactMap { name in
      let candidate = Array(name.lowercased().utf8)
      let edits = distance(wanted, candidate)
      if edits <= allowed { return (name, edits) }
      if wanted.count >= 3, candidate.count > wanted.count, candidate.starts(with: wanted) {
        return (name, allowed + 1)
      }
      return nil
    }
    return scored.sorted { ($0.score, $0.name) < ($1.score, $1.name) }.prefix(limit).map(\.name)
  }

  /// ``Did you mean `a` or `b`?``, or nil when nothing is near.
  public static func sentence(for word: String, among names: [String]) -> String? {
    let near = nearest(to: word, among: names)
    guard !near.isEmpty else { return nil }
    return "Did you mean " + near.map { "`\($0)`" }.joined(separator: " or ") + "?"
  }

  /// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        row[j] = min(replace, last[j] + 1, row[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], beforeLast[j - 2] + 1)
        }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
