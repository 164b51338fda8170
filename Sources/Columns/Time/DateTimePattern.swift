import Contract

/// A datetime pattern of Spark (`yyyy-MM-dd HH:mm:ss[.SSS]`), compiled once.
///
/// Spark's patterns are Java's `DateTimeFormatter`'s, parsed strictly, with a few letters refused;
/// for parsing, a run of `S` reads from one to that many digits.
public final class DateTimePattern: Sendable {
  /// What the pattern is for: Spark refuses more letters where it parses.
  public enum Purpose: Sendable { case formatting, parsing }

  /// As the user wrote it.
  public let text: String
  public let purpose: Purpose
  let items: [Item]
  /// The shape that the fast reader knows, nil: every text goes through the items.
  let shape: Shape?

  /// What is read or printed, in `java.time`'s terms.
  enum Field: Int, Sendable {
    case era, year, yearOfEra, month, day, dayOfYear, dayOfWeek, weekdayInMonth, quarter
    case modifiedJulianDay
    case hour, clockHour, amPmHour, clockAmPmHour, amPm, minute, second, nano, offset
  }

  enum Sign: Sendable { case normal, notNegative, exceedsPad }

  /// A number of at least `minimum` digits; `reserved` digits after it belong to its neighbours.
  struct Number: Sendable {
    var field: Field
    var minimum: Int
    var maximum: Int
    var sign: Sign
    var reserved = 0
    /// `yy`: the last two digits, from 2000 on.
    var isReduced = false
    /// Digits of a fraction of a second.
    var isFraction = false

    var isFixed: Bool { minimum == maximum && sign == .notNegative }
  }

  /// How an offset from UTC is written; `minutes` and `seconds` may be left out where optional.
  struct OffsetStyle: Sendable {
    enum Part: Sendable { case none, optional, required }
    var minutes: Part
    var seconds: Part
    var hasColon: Bool
    /// What stands for offset zero.
    var zero: [UInt8]
  }

  indirect enum Item: Sendable {
    case literal([UInt8])
    case number(Number)
    case text(Field, full: Bool)
    case offset(OffsetStyle)
    /// `GMT+8` or `GMT+08:00`.
    case localizedOffset(full: Bool)
    case zoneID
    case zoneName(full: Bool, generic: Bool)
    case optional([Item])
  }

  /// `yyyy-MM-dd`, a separator, `HH:mm:ss`, perhaps a fraction and an offset as `XXX`.
  struct Shape: Sendable {
    var separator: UInt8
    /// 0: no fraction.
    var fractionDigits = 0
    var isFractionOptional = false
    /// `[XXX]` at the end.
    var hasOptionalOffset = false
  }

  /// Throws Spark's error where Spark refuses the pattern.
  public init(_ text: String, for purpose: Purpose) throws {
    self.text = text
    self.purpose = purpose
    do {
      items = try PatternCompiler.compile(text, purpose)
    } catch let failure as Failure {
      throw PatternCompiler.isLegacyPattern(text)
        ? Failure(
          "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION",
          "the datetime pattern `\(text)` was valid before Spark 3.0 and is not now: "
            + failure.message,
          hint: "See https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html")
        : failure
    }
    shape = Shape(text)
  }

  /// The pattern reads an offset or a zone.
  public var hasZone: Bool { Self.contains(items) { $0 == .offset } }

  /// The pattern names a field of the time of day.
  public var hasTime: Bool { Self.contains(items) { $0.rawValue >= Field.hour.rawValue } }
}

extension DateTimePattern.Shape {
  /// nil: some other pattern.
  init?(_ text: String) {
    let date = "yyyy-MM-dd"
    guard text.hasPrefix(date) else { return nil }
    var rest = text.dropFirst(date.count)
    if rest.hasPrefix("'T'") {
      separator = 0x54
      rest = rest.dropFirst(3)
    } else if rest.first == " " {
      separator = 0x20
      rest = rest.dropFirst()
    } else {
      return nil
    }
    guard rest.hasPrefix("HH:mm:ss") else { return nil }
    rest = rest.dropFirst(8)
    isFractionOptional = rest.hasPrefix("[.S")
    if isFractionOptional || rest.hasPrefix(".S") {
      rest = rest.dropFirst(isFractionOptional ? 2 : 1)
      fractionDigits = rest.prefix { $0 == "S" }.count
      rest = rest.dropFirst(fractionDigits)
      if isFractionOptional {
        guard rest.first == "]" else { return nil }
        rest = rest.dropFirst()
      }
      guard fractionDigits <= 9 else { return nil }
    }
    hasOptionalOffset = rest == "[XXX]"
    guard rest.isEmpty || hasOptionalOffset else { return nil }
  }
}

extension DateTimePattern {
  private static func contains(_ items: [Item], _ matches: (Field) -> Bool) -> Bool {
    items.contains { item in
      switch item {
      case .number(let number): matches(number.field)
      case .text(let field, _): matches(field)
      case .offset, .localizedOffset, .zoneID, .zoneName: matches(.offset)
      case .optional(let items): contains(items, matches)
      case .literal: false
      }
    }
  }
}
