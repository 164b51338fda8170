/// The units of `trunc` and `date_trunc`.
public enum TruncationUnit: Int, Sendable, Comparable {
  case microsecond, millisecond, second, minute, hour, day, week, month, quarter, year

  public static func < (a: TruncationUnit, b: TruncationUnit) -> Bool { a.rawValue < b.rawValue }

  /// The unit that Spark's word means (`YEAR`, `YYYY`, `YY`, `MON` …, any case), nil: none.
  public init?(named name: String) {
    switch name.uppercased() {
    case "MICROSECOND": self = .microsecond
    case "MILLISECOND": self = .millisecond
    case "SECOND": self = .second
    case "MINUTE": self = .minute
    case "HOUR": self = .hour
    case "DAY", "DD": self = .day
    case "WEEK": self = .week
    case "MON", "MONTH", "MM": self = .month
    case "QUARTER": self = .quarter
    case "YEAR", "YYYY", "YY": self = .year
    default: return nil
    }
  }

  /// The first day of the week, month, quarter or year; nil for a unit below the week, which
  /// `trunc` does not know.
  public func truncate(days: Int) -> Int? {
    switch self {
    case .week: return days &- Calendar.weekday(days)
    case .month, .quarter, .year:
      let date = Calendar.date(ofDays: days)
      let month =
        self == .month ? date.month : self == .year ? 1 : (date.month &- 1) / 3 &* 3 &+ 1
      return Calendar.days(year: date.year, month: month, day: 1)
    default: return nil
    }
  }

  /// The start of the unit that holds the instant, by the zone's clock.
  public func truncate(us: Int64, in zone: TimeZone) -> Int64 {
    switch self {
    case .microsecond: return us
    case .millisecond: return us &- Calendar.floorModulo(us, 1000)
    case .second: return us &- Calendar.floorModulo(us, 1_000_000)
    case .minute: return zone.truncate(us, toMultipleOf: 60_000_000)
    case .hour: return zone.truncate(us, toMultipleOf: 3_600_000_000)
    case .day: return zone.truncate(us, toMultipleOf: Calendar.microsecondsPerDay)
    case .week, .month, .quarter, .year:
      let days = zone.days(ofInstant: us)
      return zone.startOfDay(truncate(days: days) ?? days)
    }
  }
}
