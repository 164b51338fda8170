/// Prints a column of timestamps or dates by a pattern; a caller keeps one for a column, since it
/// remembers the last stretch of the zone.
public struct PatternPrinter {
  private let pattern: DateTimePattern
  private let zone: TimeZone
  private var span = TimeZone.Span()

  public init(_ pattern: DateTimePattern, zone: TimeZone) {
    self.pattern = pattern
    self.zone = zone
  }

  /// Appends the instant by the zone's clock. false: a field cannot be printed in the width that
  /// the pattern gives it (a negative year as `yy` can, one of 20 digits cannot).
  public mutating func append(_ us: Int64, to bytes: inout [UInt8]) -> Bool {
    if !span.contains(us) { span = zone.span(atInstant: us) }
    let perDay = Calendar.microsecondsPerDay
    var day = Calendar.floorQuotient(us, perDay)
    var time = us &- day &* perDay &+ span.offsetUs
    if time < 0 {
      time &+= perDay
      day &-= 1
    } else if time >= perDay {
      time &-= perDay
      day &+= 1
    }
    let moment = Moment(
      days: Int(day), timeUs: Int(time), offsetSeconds: Int(span.offsetUs / 1_000_000),
      zone: zone, instantUs: us)
    return moment.append(pattern.items, to: &bytes)
  }

  /// Appends a timestamp without time zone; where the pattern asks for a zone, UTC's.
  public func appendWithoutZone(_ us: Int64, to bytes: inout [UInt8]) -> Bool {
    let day = Calendar.floorQuotient(us, Calendar.microsecondsPerDay)
    let moment = Moment(
      days: Int(day), timeUs: Int(us &- day &* Calendar.microsecondsPerDay), offsetSeconds: 0,
      zone: .utc, instantUs: us)
    return moment.append(pattern.items, to: &bytes)
  }

  /// Appends a date; a field of the time of day prints as at midnight.
  public func append(days: Int, to bytes: inout [UInt8]) -> Bool {
    let moment = Moment(days: days, timeUs: 0, offsetSeconds: 0, zone: .utc, instantUs: 0)
    return moment.append(pattern.items, to: &bytes)
  }
}

/// One moment taken apart.
private struct Moment {
  let days: Int
  let timeUs: Int
  let offsetSeconds: Int
  let zone: TimeZone
  let instantUs: Int64
  let date: Calendar.Date

  init(days: Int, timeUs: Int, offsetSeconds: Int, zone: TimeZone, instantUs: Int64) {
    self.days = days
    self.timeUs = timeUs
    self.offsetSeconds = offsetSeconds
    self.zone = zone
    self.instantUs = instantUs
    date = Calendar.date(ofDays: days)
  }

  func append(_ items: [DateTimePattern.Item], to bytes: inout [UInt8]) -> Bool {
    for item in items {
      switch item {
      case .literal(let literal): bytes.append(contentsOf: literal)
      case .number(let number):
        guard append(number, to: &bytes) else { return false }
      case .text(let field, let full):
        let (words, first) = DateTimeWords.words(field, full: full)
        bytes.append(contentsOf: words[value(field) - first])
      case .offset(let style): append(style, to: &bytes)
      case .localizedOffset(let full): appendLocalizedOffset(full, to: &bytes)
      case .zoneID: bytes.append(contentsOf: zone.id.utf8)
      case .zoneName(let full, let generic):
        if let name = ZoneNames.name(
          of: zone, atInstant: instantUs, full: full, generic: generic)
        {
          bytes.append(contentsOf: name.utf8)
        } else {
          appendLocalizedOffset(full, to: &bytes)
        }
      case .optional(let items):
        let start = bytes.count
        if !append(items, to: &bytes) { bytes.removeSubrange(start...) }
      }
    }
    return true
  }

  private func value(_ field: DateTimePattern.Field) -> Int {
    let seconds = timeUs / 1_000_000
    let hour = seconds / 3600
    switch field {
    case .era: return date.year > 0 ? 1 : 0
    case .year: return date.year
    case .yearOfEra: return date.year > 0 ? date.year : 1 - date.year
    case .month: return date.month
    case .day: return date.day
    case .dayOfYear: return Calendar.dayOfYear(days)
    case .dayOfWeek: return Calendar.weekday(days) + 1
    case .weekdayInMonth: return (date.day - 1) % 7 + 1
    case .quarter: return (date.month + 2) / 3
    case .modifiedJulianDay: return days + 40_587
    case .hour: return hour
    case .clockHour: return hour == 0 ? 24 : hour
    case .amPmHour: return hour % 12
    case .clockAmPmHour: return hour % 12 == 0 ? 12 : hour % 12
    case .amPm: return hour / 12
    case .minute: return seconds / 60 % 60
    case .second: return seconds % 60
    case .nano: return timeUs % 1_000_000 * 1000
    case .offset: return offsetSeconds
    }
  }

  private func append(_ number: DateTimePattern.Number, to bytes: inout [UInt8]) -> Bool {
    let value = value(number.field)
    if number.isFraction {
      var divisor = 1
      for _ in number.maximum..<9 { divisor *= 10 }
      Digits.append(value / divisor, width: number.maximum, to: &bytes)
      return true
    }
    let magnitude = abs(value)
    if number.isReduced {
      Digits.appendPair(magnitude % 100, to: &bytes)
      return true
    }
    var width = 1
    var power = 10
    while width < 19, magnitude >= power {
      width += 1
      power = power &* 10
    }
    guard width <= number.maximum, value >= 0 || number.sign != .notNegative else { return false }
    if value < 0 {
      bytes.append(0x2D)
    } else if number.sign == .exceedsPad, width > number.minimum {
      bytes.append(0x2B)
    }
    Digits.append(magnitude, width: max(width, number.minimum), to: &bytes)
    return true
  }

  private func append(_ style: DateTimePattern.OffsetStyle, to bytes: inout [UInt8]) {
    let magnitude = abs(offsetSeconds)
    let hours = magnitude / 3600
    let minutes = magnitude / 60 % 60
    let seconds = magnitude % 60
    let showsSeconds = style.seconds == .optional && seconds != 0
    // What is not shown does not count: an offset of 20 seconds is zero without seconds.
    guard hours != 0 || minutes != 0 || showsSeconds else {
      bytes.append(contentsOf: style.zero)
      return
    }
    bytes.append(offsetSeconds < 0 ? 0x2D : 0x2B)
    Digits.appendPair(hours, to: &bytes)
    guard style.minutes == .required || minutes != 0 else { return }
    if style.hasColon { bytes.append(0x3A) }
    Digits.appendPair(minutes, to: &bytes)
    guard showsSeconds else { return }
    if style.hasColon { bytes.append(0x3A) }
    Digits.appendPair(seconds, to: &bytes)
  }

  private func appendLocalizedOffset(_ full: Bool, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "GMT".utf8)
    guard offsetSeconds != 0 else { return }
    let magnitude = abs(offsetSeconds)
    let minutes = magnitude / 60 % 60
    let seconds = magnitude % 60
    bytes.append(offsetSeconds < 0 ? 0x2D : 0x2B)
    if full {
      Digits.appendPair(magnitude / 3600, to: &bytes)
    } else {
      Digits.append(Int64(magnitude / 3600), to: &bytes)
    }
    guard full || minutes != 0 || seconds != 0 else { return }
    bytes.append(0x3A)
    Digits.appendPair(minutes, to: &bytes)
    guard seconds != 0 else { return }
    bytes.append(0x3A)
    Digits.appendPair(seconds, to: &bytes)
  }
}
