/// Prints a column of timestamps or dates by a pattern; a caller keeps one for a column, since it
/// remembers the last stretch of the zone.
public struct PatternPrinter {
  private let zone: TimeZone
  private let steps: [PrintStep]
  /// For values without a zone, and for dates; nil where the pattern needs what they lack.
  private let localSteps: [PrintStep]?
  private let dateSteps: [PrintStep]?
  private var span = TimeZone.Span()

  public init(_ pattern: DateTimePattern, zone: TimeZone) {
    self.zone = zone
    typealias Field = DateTimePattern.Field
    steps = PrintStep.flat(pattern.items) { _ in true } ?? []
    localSteps = PrintStep.flat(pattern.items) { $0.rawValue < Field.offset.rawValue }
    dateSteps = PrintStep.flat(pattern.items) { $0.rawValue < Field.hour.rawValue }
  }

  /// Appends the instant by the zone's clock; always true, since an instant lacks no field.
  @discardableResult
  public mutating func append(_ us: Int64, to bytes: inout [UInt8]) -> Bool {
    if !span.contains(us) { span = zone.span(atInstant: us) }
    let (day, time) = Calendar.local(us, offsetUs: span.offsetUs)
    let moment = Moment(
      days: Int(day), timeUs: Int(time), offsetSeconds: Int(span.offsetUs / 1_000_000),
      instantUs: us)
    moment.append(steps, zone, to: &bytes)
    return true
  }

  /// Appends a timestamp without time zone. An optional section that asks for a zone is left out;
  /// false: the pattern asks for one outside such sections.
  @discardableResult
  public func appendWithoutZone(_ us: Int64, to bytes: inout [UInt8]) -> Bool {
    guard let localSteps else { return false }
    let day = Calendar.floorQuotient(us, Calendar.microsecondsPerDay)
    let moment = Moment(
      days: Int(day), timeUs: Int(us &- day &* Calendar.microsecondsPerDay), offsetSeconds: 0,
      instantUs: us)
    moment.append(localSteps, .utc, to: &bytes)
    return true
  }

  /// Appends a date. An optional section that asks for a time is left out; false: the pattern asks
  /// for one outside such sections.
  @discardableResult
  public func append(days: Int, to bytes: inout [UInt8]) -> Bool {
    guard let dateSteps else { return false }
    let moment = Moment(days: days, timeUs: 0, offsetSeconds: 0, instantUs: 0)
    moment.append(dateSteps, .utc, to: &bytes)
    return true
  }
}

/// One step of printing, without a reference in it, so that a row costs no counting of them.
/// Nothing that a moment holds fails to print, so optional sections are printed as they stand.
private struct PrintStep {
  enum Kind: UInt8 {
    case byte, two, number, fraction, word, offset, localizedOffset, zoneID, zoneName
  }

  var kind: Kind
  var field = DateTimePattern.Field.era
  /// The literal's byte; the digits of a number; the form of an offset.
  var minimum: UInt8 = 0
  var hasPlus = false
  var isFull = false
  var isGeneric = false
  var minutes = DateTimePattern.OffsetStyle.Part.none
  var seconds = DateTimePattern.OffsetStyle.Part.none
  var hasColon = false
  /// Offset zero prints as Z.
  var isZ = false

  /// The steps of the items; nil where one asks for a field that the value lacks. A section in
  /// brackets goes away with such an item.
  static func flat(
    _ items: [DateTimePattern.Item], has: (DateTimePattern.Field) -> Bool
  ) -> [PrintStep]? {
    var steps: [PrintStep] = []
    for item in items {
      switch item {
      case .literal(let literal):
        steps += literal.map { PrintStep(kind: .byte, minimum: $0) }
      case .number(let number):
        guard has(number.field) else { return nil }
        steps.append(step(number))
      case .text(let field, let full):
        guard has(field) else { return nil }
        steps.append(PrintStep(kind: .word, field: field, isFull: full))
      case .optional(let items): steps += flat(items, has: has) ?? []
      case .offset, .localizedOffset, .zoneID, .zoneName:
        guard has(.offset) else { return nil }
        steps.append(zoneStep(item))
      }
    }
    return steps
  }

  private static func step(_ number: DateTimePattern.Number) -> PrintStep {
    let isPair =
      number.isReduced || number.minimum == 2 && number.isFixed && !number.isFraction
    var step = PrintStep(
      kind: number.isFraction ? .fraction : isPair ? .two : .number, field: number.field)
    step.minimum = UInt8(number.isFraction ? number.maximum : number.minimum)
    step.hasPlus = number.sign == .exceedsPad
    return step
  }

  private static func zoneStep(_ item: DateTimePattern.Item) -> PrintStep {
    switch item {
    case .offset(let style):
      PrintStep(
        kind: .offset, minutes: style.minutes, seconds: style.seconds, hasColon: style.hasColon,
        isZ: style.zero == [0x5A])
    case .localizedOffset(let full): PrintStep(kind: .localizedOffset, isFull: full)
    case .zoneName(let full, let generic):
      PrintStep(kind: .zoneName, isFull: full, isGeneric: generic)
    default: PrintStep(kind: .zoneID)
    }
  }
}

/// One moment taken apart.
private struct Moment {
  let days: Int
  let timeUs: Int
  let offsetSeconds: Int
  let instantUs: Int64
  let date: Calendar.Date

  init(days: Int, timeUs: Int, offsetSeconds: Int, instantUs: Int64) {
    self.days = days
    self.timeUs = timeUs
    self.offsetSeconds = offsetSeconds
    self.instantUs = instantUs
    date = Calendar.date(ofDays: days)
  }

  func append(_ steps: [PrintStep], _ zone: TimeZone, to bytes: inout [UInt8]) {
    for step in steps {
      switch step.kind {
      case .byte: bytes.append(step.minimum)
      case .two: Digits.appendPair(abs(value(step.field)) % 100, to: &bytes)
      case .number: appendNumber(step, to: &bytes)
      case .fraction: appendFraction(Int(step.minimum), to: &bytes)
      case .word:
        let (words, first) = DateTimeWords.words(step.field, full: step.isFull)
        bytes.append(contentsOf: words[value(step.field) - first])
      case .offset: appendOffset(step, to: &bytes)
      case .localizedOffset: appendLocalizedOffset(step.isFull, to: &bytes)
      case .zoneID: bytes.append(contentsOf: zone.id.utf8)
      case .zoneName:
        if let name = ZoneNames.name(
          of: zone, atInstant: instantUs, full: step.isFull, generic: step.isGeneric)
        {
          bytes.append(contentsOf: name.utf8)
        } else {
          appendLocalizedOffset(step.isFull, to: &bytes)
        }
      }
    }
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

  private func appendNumber(_ step: PrintStep, to bytes: inout [UInt8]) {
    let value = value(step.field)
    let minimum = Int(step.minimum)
    let magnitude = abs(value)
    if minimum == 4, value >= 0, value < 10_000 {
      Digits.appendPair(value / 100, to: &bytes)
      Digits.appendPair(value % 100, to: &bytes)
      return
    }
    var width = 1
    var power = 10
    while width < 19, magnitude >= power {
      width += 1
      power = power &* 10
    }
    if value < 0 {
      bytes.append(0x2D)
    } else if step.hasPlus, width > minimum {
      bytes.append(0x2B)
    }
    Digits.append(magnitude, width: max(width, minimum), to: &bytes)
  }

  private func appendFraction(_ digits: Int, to bytes: inout [UInt8]) {
    let us = timeUs % 1_000_000
    switch digits {
    case 3:
      let ms = us / 1000
      bytes.append(UInt8(truncatingIfNeeded: 48 &+ ms / 100))
      Digits.appendPair(ms % 100, to: &bytes)
    case 6:
      Digits.appendPair(us / 10_000, to: &bytes)
      Digits.appendPair(us / 100 % 100, to: &bytes)
      Digits.appendPair(us % 100, to: &bytes)
    default:
      var divisor = 1
      for _ in digits..<9 { divisor *= 10 }
      Digits.append(us * 1000 / divisor, width: digits, to: &bytes)
    }
  }

  private func appendOffset(_ style: PrintStep, to bytes: inout [UInt8]) {
    let magnitude = abs(offsetSeconds)
    let minutes = magnitude / 60 % 60
    let seconds = magnitude % 60
    let showsSeconds = style.seconds == .optional && seconds != 0
    // What is not shown does not count: an offset of 20 seconds is zero without seconds.
    let isZero = magnitude < 60 && !showsSeconds
    if isZero, style.isZ {
      bytes.append(0x5A)
      return
    }
    bytes.append(offsetSeconds < 0 && !isZero ? 0x2D : 0x2B)
    Digits.appendPair(magnitude / 3600, to: &bytes)
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
