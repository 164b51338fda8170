/// The proleptic Gregorian calendar over days since 1970-01-01, as `java.time` counts it.
public enum Calendar {
  public static let microsecondsPerDay: Int64 = 86_400_000_000
  public static let microsecondsPerSecond: Int64 = 1_000_000
  public static let secondsPerDay: Int64 = 86_400

  /// A day as year, month (1…12) and day of the month (1…31).
  public struct Date: Hashable, Sendable {
    public var year: Int
    public var month: Int
    public var day: Int

    @inlinable
    public init(year: Int, month: Int, day: Int) {
      self.year = year
      self.month = month
      self.day = day
    }
  }

  /// Days since the epoch; the date must be valid.
  @inlinable
  public static func days(year: Int, month: Int, day: Int) -> Int {
    // Years are counted from March, so that the leap day is the last of its year, and grouped in
    // eras of 400 years, which all have 146,097 days.
    let shiftedYear = year &- (month <= 2 ? 1 : 0)
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear &- 399) / 400
    let yearOfEra = shiftedYear &- era &* 400
    let monthFromMarch = month > 2 ? month &- 3 : month &+ 9
    let dayOfYear = (153 &* monthFromMarch &+ 2) / 5 &+ day &- 1
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    return era &* 146_097 &+ dayOfEra &- 719_468
  }

  /// The date of a day since the epoch.
  @inlinable
  public static func date(ofDays days: Int) -> Date {
    let shifted = days &+ 719_468
    let era = (shifted >= 0 ? shifted : shifted &- 146_096) / 146_097
    let dayOfEra = UInt32(truncatingIfNeeded: shifted &- era &* 146_097)
    let yearOfEra =
      (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let monthFromMarch = (5 &* dayOfYear &+ 2) / 153
    let day = dayOfYear &- (153 &* monthFromMarch &+ 2) / 5 &+ 1
    let month = monthFromMarch < 10 ? monthFromMarch &+ 3 : monthFromMarch &- 9
    let year = Int(yearOfEra) &+ era &* 400 &+ (month <= 2 ? 1 : 0)
    return Date(year: year, month: Int(month), day: Int(day))
  }

  @inlinable
  public static func isLeap(_ year: Int) -> Bool {
    year & 3 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// How many days the month has.
  @inlinable
  public static func length(ofMonth month: Int, year: Int) -> Int {
    if month == 2 { return isLeap(year) ? 29 : 28 }
    // Bit m is set for the months of 31 days.
    return 30 &+ (0b1_0101_1010_1010 &>> month) & 1
  }

  /// Days since the epoch, or nil where the calendar has no such date.
  @inlinable
  public static func validDays(year: Int, month: Int, day: Int) -> Int? {
    guard month >= 1, month <= 12, day >= 1, day <= length(ofMonth: month, year: year) else {
      return nil
    }
    return days(year: year, month: month, day: day)
  }

  /// 1 = Sunday … 7 = Saturday, as Spark's `dayofweek`.
  @inlinable
  public static func dayOfWeek(_ days: Int) -> Int { floorModulo(days &+ 4, 7) &+ 1 }

  /// 0 = Monday … 6 = Sunday, as Spark's `weekday`.
  @inlinable
  public static func weekday(_ days: Int) -> Int { floorModulo(days &+ 3, 7) }

  /// 1…366.
  @inlinable
  public static func dayOfYear(_ days: Int) -> Int {
    days &- Calendar.days(year: date(ofDays: days).year, month: 1, day: 1) &+ 1
  }

  @inlinable
  public static func quarter(_ days: Int) -> Int { (date(ofDays: days).month &+ 2) / 3 }

  /// The ISO week (1…53) and the year that it belongs to.
  public static func isoWeek(_ days: Int) -> (year: Int, week: Int) {
    // A week belongs to the year of its Thursday.
    let thursday = days &- weekday(days) &+ 3
    let year = date(ofDays: thursday).year
    return (year, (thursday &- Calendar.days(year: year, month: 1, day: 1)) / 7 &+ 1)
  }

  /// The last day of the month.
  @inlinable
  public static func lastDay(_ days: Int) -> Int {
    let date = date(ofDays: days)
    return days &- date.day &+ length(ofMonth: date.month, year: date.year)
  }

  /// The day `months` later; a day that the month lacks becomes its last.
  @inlinable
  public static func addMonths(_ days: Int, _ months: Int) -> Int {
    let date = date(ofDays: days)
    let count = date.year &* 12 &+ date.month &- 1 &+ months
    let year = floorQuotient(count, 12)
    let month = count &- year &* 12 &+ 1
    let day = min(date.day, length(ofMonth: month, year: year))
    return Calendar.days(year: year, month: month, day: day)
  }

  /// The first day after `days` that falls on `weekday` (0 = Monday), as Spark's `next_day`.
  @inlinable
  public static func nextDay(_ days: Int, weekday: Int) -> Int {
    days &+ 1 &+ floorModulo(weekday &- Calendar.weekday(days) &- 1, 7)
  }

  /// Spark's `next_day` words: MO, MON, MONDAY in any case. 0 = Monday; nil: no such day.
  public static func weekday(named name: String) -> Int? {
    let wanted = name.uppercased()
    let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    return names.firstIndex { wanted == $0 || wanted == $0.prefix(2) || wanted == $0.prefix(3) }
  }

  /// The day and the time in it, microseconds, at an instant where clocks are `offsetUs` ahead. The
  /// offset is added to the time, so that the ends of the range do not wrap.
  @inline(__always)
  static func local(_ us: Int64, offsetUs: Int64) -> (day: Int64, timeUs: Int64) {
    var day = floorQuotient(us, microsecondsPerDay)
    var time = us &- day &* microsecondsPerDay &+ offsetUs
    if time < 0 {
      time &+= microsecondsPerDay
      day &-= 1
    } else if time >= microsecondsPerDay {
      time &-= microsecondsPerDay
      day &+= 1
    }
    return (day, time)
  }

  @inlinable
  public static func floorQuotient<T: FixedWidthInteger & SignedInteger>(_ a: T, _ b: T) -> T {
    let quotient = a / b
    return quotient &* b > a ? quotient &- 1 : quotient
  }

  /// The remainder that is never negative for a positive divisor.
  @inlinable
  public static func floorModulo<T: FixedWidthInteger & SignedInteger>(_ a: T, _ b: T) -> T {
    let remainder = a % b
    return remainder < 0 ? remainder &+ b : remainder
  }
}
