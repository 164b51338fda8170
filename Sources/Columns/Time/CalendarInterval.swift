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

  /// The interval as one number of 128 bits, as columns hold it.
  public var bits: Int128 {
    let low = UInt64(UInt32(bitPattern: months)) | UInt64(UInt32(bitPattern: days)) << 32
    return Int128(microseconds) << 64 | Int128(low)
  }

  /// The other way.
  public init(bits: Int128) {
    let low = UInt64(truncatingIfNeeded: bits)
    self.init(
      months: Int32(truncatingIfNeeded: low), days: Int32(truncatingIfNeeded: low >> 32),
      microseconds: Int64(truncatingIfNeeded: bits >> 64))
  }

  /// Field by field; nil where a field overflows.
  public static func sum(_ a: Self, _ b: Self) -> Self? {
    let months = a.months.addingReportingOverflow(b.months)
    let days = a.days.addingReportingOverflow(b.days)
    let us = a.microseconds.addingReportingOverflow(b.microseconds)
    if months.overflow || days.overflow || us.overflow { return nil }
    return Self(
      months: months.partialValue, days: days.partialValue, microseconds: us.partialValue)
  }

  /// The interval that undoes this one; nil where a field overflows.
  public var negated: Self? {
    if months == .min || days == .min || microseconds == .min { return nil }
    return Self(months: -months, days: -days, microseconds: -microseconds)
  }

  /// Every field times a factor, what is left of a day as time; nil where that overflows.
  public func scaled(by factor: Double) -> Self? { scaled { $0 * factor } }

  /// Every field divided.
  public func divided(by divisor: Double) -> Self? { scaled { $0 / divisor } }

  private func scaled(_ change: (Double) -> Double) -> Self? {
    let (months, days) = (change(Double(months)), change(Double(days)))
    if months.isNaN { return Self() }
    guard let wholeMonths = Int32(exactly: months.rounded(.towardZero)),
      let wholeDays = Int32(exactly: days.rounded(.towardZero))
    else { return nil }
    let rest = (days - Double(wholeDays)) * Double(Calendar.microsecondsPerDay)
    let us = ((change(Double(microseconds)) + rest) + 0.5).rounded(.down)
    guard let whole = Int64(exactly: us) else { return nil }
    return Self(months: wholeMonths, days: wholeDays, microseconds: whole)
  }
}
