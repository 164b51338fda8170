import Columns
import Contract

// What event time makes of an interval that the script gave as text.

extension CalendarInterval {
  /// Reads interval text; what is none is Spark's CANNOT_PARSE_INTERVAL.
  public init(_ text: String) throws {
    do { self = try IntervalText.parse(text) } catch let failure as Failure {
      throw Failure(
        "CANNOT_PARSE_INTERVAL", "`\(text)` is no interval",
        hint: "Write it as `10 minutes`, `1 hour 30 seconds`, `2 days`.", cause: failure)
    }
  }

  /// Microseconds, a month counted as 31 days, as a watermark's delay counts it.
  public var delayUs: Int64 {
    (Int64(months) &* 31 &+ Int64(days)) &* Calendar.microsecondsPerDay &+ microseconds
  }

  /// Microseconds of an interval that may have no months: a window's width.
  public func windowUs(_ text: String) throws -> Int64 {
    if months != 0 {
      throw Failure(
        "_LEGACY_ERROR_TEMP_3231", "intervals greater than a month are not supported (\(text))",
        hint: "A window's width is counted in days at most: a month has no fixed length.")
    }
    return Int64(days) &* Calendar.microsecondsPerDay &+ microseconds
  }
}
