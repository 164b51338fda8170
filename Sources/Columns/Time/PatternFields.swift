/// The fields that a pattern has read, and Java's strict resolution of them.
struct PatternFields {
  private var values: [Int?] = Array(repeating: nil, count: 19)
  var zone: TimeZone?

  typealias Field = DateTimePattern.Field

  subscript(field: Field) -> Int? { values[field.rawValue] }

  /// Keeps a value; false: the field has another one already.
  mutating func set(_ field: Field, _ value: Int) -> Bool {
    if let old = values[field.rawValue] { return old == value }
    values[field.rawValue] = value
    return true
  }

  /// Why the fields make no date or time, as Java says it.
  struct Conflict: Error { var message: String }

  private func checked(
    _ field: Field, _ name: String, _ range: ClosedRange<Int>
  ) throws(Conflict) -> Int? {
    guard let value = self[field] else { return nil }
    guard range.contains(value) else {
      throw Conflict(
        message: "Invalid value for \(name) (valid values \(range.lowerBound) - "
          + "\(range.upperBound)): \(value)")
    }
    return value
  }

  private func agree(_ a: Int?, _ b: Int, _ what: String) throws(Conflict) {
    guard let a, a != b else { return }
    throw Conflict(message: "Conflict found: \(what) \(b) differs from \(what) \(a)")
  }

  /// Days since the epoch; the year is 1970, month and day 1, where they were not read.
  func days() throws(Conflict) -> Int {
    var year = try checked(.year, "Year", -999_999_999...999_999_999)
    if let yearOfEra = try checked(.yearOfEra, "YearOfEra", 1...1_000_000_000) {
      let resolved = self[.era] == 0 ? 1 - yearOfEra : yearOfEra
      try agree(year, resolved, "Year")
      year = resolved
    }
    let month = try checked(.month, "MonthOfYear", 1...12)
    let day = try checked(.day, "DayOfMonth", 1...31)
    let dayOfYear = try checked(.dayOfYear, "DayOfYear", 1...366)
    var resolved: Int?
    if let year, let month, let day {
      resolved = try Self.days(year, month, day)
    } else if let dayOfYear, month == nil, day == nil {
      let year = year ?? 1970
      guard dayOfYear < 366 || Calendar.isLeap(year) else {
        throw Conflict(message: "Invalid date 'DayOfYear 366' as '\(year)' is not a leap year")
      }
      resolved = Calendar.days(year: year, month: 1, day: 1) + dayOfYear - 1
    }
    if let julian = self[.modifiedJulianDay] {
      guard abs(julian) < 400_000_000_000 else {
        throw Conflict(message: "Invalid value for ModifiedJulianDay: \(julian)")
      }
      if let resolved { try agree(resolved, julian - 40_587, "ModifiedJulianDay") }
      resolved = julian - 40_587
    }
    guard let resolved else { return try Self.days(year ?? 1970, month ?? 1, day ?? 1) }
    if let dayOfYear { try agree(Calendar.dayOfYear(resolved), dayOfYear, "DayOfYear") }
    return resolved
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) throws(Conflict) -> Int {
    if let days = Calendar.validDays(year: year, month: month, day: day) { return days }
    if day == 29 {
      throw Conflict(message: "Invalid date 'February 29' as '\(year)' is not a leap year")
    }
    throw Conflict(message: "Invalid date '\(DateTimeWords.months[month - 1].uppercased()) \(day)'")
  }

  /// Nanoseconds since midnight; what was not read is 0.
  func nanosecondsOfDay() throws(Conflict) -> Int64 {
    var hour = try checked(.hour, "HourOfDay", 0...23)
    if let clockHour = try checked(.clockHour, "ClockHourOfDay", 1...24) {
      try agree(hour, clockHour % 24, "HourOfDay")
      hour = clockHour % 24
    }
    var half = try checked(.amPmHour, "HourOfAmPm", 0...11)
    if let clockHalf = try checked(.clockAmPmHour, "ClockHourOfAmPm", 1...12) {
      try agree(half, clockHalf % 12, "HourOfAmPm")
      half = clockHalf % 12
    }
    let amPm = self[.amPm]
    if let amPm, let half {
      try agree(hour, amPm * 12 + half, "HourOfDay")
      hour = amPm * 12 + half
    } else if let hour {
      try agree(amPm, hour / 12, "AmPmOfDay")
      try agree(half, hour % 12, "HourOfAmPm")
    }
    let minute = try checked(.minute, "MinuteOfHour", 0...59) ?? 0
    let second = try checked(.second, "SecondOfMinute", 0...59) ?? 0
    // An hour of the half day without its half is taken as morning, a lone PM as noon.
    let resolved = hour ?? half ?? (amPm == 1 ? 12 : 0)
    let seconds = Int64((resolved * 60 + minute) * 60 + second)
    return seconds * 1_000_000_000 + Int64(self[.nano] ?? 0)
  }
}

/// English names, as Java's CLDR data spells them.
enum DateTimeWords {
  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  static let days = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  private static func bytes(_ words: [String], first: Int) -> [[UInt8]] {
    words.map { Array($0.utf8.prefix(first)) }
  }
  private static let shortMonths = bytes(months, first: 3)
  private static let longMonths = bytes(months, first: 20)
  private static let shortDays = bytes(days, first: 3)
  private static let longDays = bytes(days, first: 20)
  private static let shortEras = bytes(["BC", "AD"], first: 2)
  private static let longEras = bytes(["Before Christ", "Anno Domini"], first: 20)
  private static let halves = bytes(["AM", "PM"], first: 2)
  private static let shortQuarters = bytes(["Q1", "Q2", "Q3", "Q4"], first: 2)
  private static let longQuarters = bytes(
    ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"], first: 20)

  /// The words of a field, and the value of the first of them.
  static func words(
    _ field: DateTimePattern.Field, full: Bool
  ) -> (words: [[UInt8]], first: Int) {
    switch field {
    case .month: (full ? longMonths : shortMonths, 1)
    case .dayOfWeek: (full ? longDays : shortDays, 1)
    case .era: (full ? longEras : shortEras, 0)
    case .quarter: (full ? longQuarters : shortQuarters, 1)
    default: (halves, 0)
    }
  }
}
