/// Durations of settings and triggers as text: `10 seconds`, `1 minute 30 seconds`, `500 ms`, `0`.
///
/// A whole number with no unit counts milliseconds, as in Spark's settings. Event-time intervals
/// (months, `INTERVAL '1' DAY`) are expressions and parsed there.
public enum DurationText {
  private static let unitsUs: [(names: [String], us: Int64)] = [
    (["microsecond", "microseconds", "us"], 1),
    (["millisecond", "milliseconds", "ms"], 1000),
    (["second", "seconds", "s", "sec"], 1_000_000),
    (["minute", "minutes", "m"], 60_000_000),
    (["hour", "hours", "h"], 3_600_000_000),
    (["day", "days", "d"], 86_400_000_000),
    (["week", "weeks"], 604_800_000_000),
  ]

  /// Microseconds, or nil where the text is no duration.
  public static func microseconds(_ text: String) -> Int64? {
    var words: [String] = []
    var word = ""
    // `10s` is split between digit and letter.
    for character in text.lowercased() {
      let splits =
        character.isWhitespace
        || (word.last?.isNumber == true && character.isLetter)
      if splits, !word.isEmpty {
        words.append(word)
        word = ""
      }
      if !character.isWhitespace { word.append(character) }
    }
    if !word.isEmpty { words.append(word) }
    if words.first == "interval" { words.removeFirst() }
    if words.count == 1, let ms = Int64(words[0]) { return ms >= 0 ? ms * 1000 : nil }
    guard !words.isEmpty, words.count.isMultiple(of: 2) else { return nil }
    var total: Int64 = 0
    for index in stride(from: 0, to: words.count, by: 2) {
      guard let count = Int64(words[index]), count >= 0,
        let unit = unitsUs.first(where: { $0.names.contains(words[index + 1]) })
      else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit.us)
      let (sum, carry) = total.addingReportingOverflow(product)
      if overflow || carry { return nil }
      total = sum
    }
    return total
  }
}
