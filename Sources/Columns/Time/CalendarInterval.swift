/// Spark's calendar interval: months, days and microseconds, kept apart since their lengths differ.
public struct CalendarInterval: Hashable, Sendable {
  public var months: Int32
  public var days: Int32
  public var microseconds: Int64

  public init(months: Int32 = 0, days: Int32 = 0, microseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.microseconds = microseconds
  }

  /// Appends as Spark prints it: `1 years 2 months 3 days 4 hours 5.5 seconds`.
  public func append(to bytes: inout [UInt8]) {
    if self == CalendarInterval() {
      bytes.append(contentsOf: "0 seconds".utf8)
      return
    }
    let start = bytes.count
    func append(_ count: Int64, _ unit: StaticString) {
      guard count != 0 else { return }
      if bytes.count > start { bytes.append(0x20) }
      Digits.append(count, to: &bytes)
      bytes.append(0x20)
      bytes.append(
        contentsOf: UnsafeBufferPointer(start: unit.utf8Start, count: unit.utf8CodeUnitCount))
    }
    append(Int64(months / 12), "years")
    append(Int64(months % 12), "months")
    append(Int64(days), "days")
    append(microseconds / 3_600_000_000, "hours")
    append(microseconds / 60_000_000 % 60, "minutes")
    let rest = microseconds % 60_000_000
    guard rest != 0 else { return }
    if bytes.count > start { bytes.append(0x20) }
    if rest < 0 { bytes.append(0x2D) }
    IntervalText.appendSeconds(rest.magnitude, width: 1, to: &bytes)
    bytes.append(contentsOf: " seconds".utf8)
  }

  /// The interval of `months`, `days` and a time of microseconds as one count of microseconds,
  /// nil where months make that impossible or it overflows. A day counts 24 hours.
  public var totalMicroseconds: Int64? {
    guard months == 0 else { return nil }
    let (ofDays, isLost) = Int64(days).multipliedReportingOverflow(by: Calendar.microsecondsPerDay)
    let (total, overflow) = microseconds.addingReportingOverflow(ofDays)
    return isLost || overflow ? nil : total
  }
}
