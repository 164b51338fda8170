import Contract

/// A span of time as Spark's interval text gives it: `10 minutes`, `1 hour 30 seconds`.
public struct CalendarInterval: Hashable, Sendable {
  public let months: Int64
  public let days: Int64
  public let us: Int64

  private static let units: [(names: [String], months: Int64, days: Int64, us: Int64)] = [
    (["year", "years"], 12, 0, 0), (["month", "months"], 1, 0, 0),
    (["week", "weeks"], 0, 7, 0), (["day", "days"], 0, 1, 0),
    (["hour", "hours"], 0, 0, 3_600_000_000), (["minute", "minutes"], 0, 0, 60_000_000),
    (["second", "seconds"], 0, 0, 1_000_000), (["millisecond", "milliseconds"], 0, 0, 1000),
    (["microsecond", "microseconds"], 0, 0, 1),
  ]

  /// Reads interval text; what is none is Spark's CANNOT_PARSE_INTERVAL.
  public init(_ text: String) throws {
    var words = text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
    if words.first == "interval" { words.removeFirst() }
    var total = (months: Int64(0), days: Int64(0), us: Int64(0))
    var isValid = !words.isEmpty && words.count.isMultiple(of: 2)
    for index in stride(from: 0, to: words.count - 1, by: 2) where isValid {
      guard let unit = Self.units.first(where: { $0.names.contains(words[index + 1]) }),
        let amount = Self.amount(words[index], isSeconds: unit.us == 1_000_000)
      else {
        isValid = false
        break
      }
      let scale = unit.us == 1_000_000 ? 1 : unit.us
      let (us, overflow) = amount.multipliedReportingOverflow(by: scale)
      let (sum, carry) = total.us.addingReportingOverflow(unit.us > 0 ? us : 0)
      isValid = !overflow && !carry
      total = (
        total.months &+ amount &* unit.months, total.days &+ amount &* unit.days, sum
      )
    }
    guard isValid else {
      throw Failure(
        "CANNOT_PARSE_INTERVAL", "`\(text)` is no interval",
        hint: "Write it as `10 minutes`, `1 hour 30 seconds`, `2 days`.")
    }
    (months, days, us) = total
  }

  /// A whole number; microseconds where the unit is seconds, which may have a fraction.
  private static func amount(_ text: String, isSeconds: Bool) -> Int64? {
    if !isSeconds { return Int64(text) }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = Int64(parts[0]) else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    if overflow { return nil }
    guard parts.count == 2 else { return scaled }
    guard parts[1].count <= 9, parts[1].allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    let digits = (parts[1] + "000000").prefix(6)
    guard let fraction = Int64(digits) else { return nil }
    return text.hasPrefix("-") ? scaled - fraction : scaled + fraction
  }

  /// Microseconds, a month counted as 31 days, as a watermark's delay counts it.
  public var delayUs: Int64 { (months &* 31 &+ days) &* 86_400_000_000 &+ us }

  /// Microseconds of an interval that may have no months: a window's width.
  public func windowUs(_ text: String) throws -> Int64 {
    if months != 0 {
      throw Failure(
        "_LEGACY_ERROR_TEMP_3231", "intervals greater than a month are not supported (\(text))",
        hint: "A window's width is counted in days at most: a month has no fixed length.")
    }
    return days &* 86_400_000_000 &+ us
  }
}
