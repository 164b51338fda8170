import Columns
import Contract

/// How texts name times: the options that JSON and CSV share.
public struct TextTimeOptions: Sendable {
  public var timeZoneId = "UTC"
  public var dateFormat: String?
  public var timestampFormat: String?
  public var timestampNtzFormat: String?
  /// Whether a text that the pattern refuses is read as Spark's casts would; nil: where no pattern
  /// was given.
  public var fallback: Bool?
  /// Now, which gives texts with a time alone their date.
  public var nowUs: Int64 = 0

  public init() {}

  public init(_ options: Options, timeZoneId: String) throws {
    self.timeZoneId = options["timeZone"] ?? timeZoneId
    dateFormat = options["dateFormat"]
    timestampFormat = options["timestampFormat"]
    timestampNtzFormat = options["timestampNTZFormat"]
    fallback = try options.boolean("enableDateTimeParsingFallback")
    nowUs = SystemClock().nowUs
    if let locale = options["locale"], !["en-us", "en_us", "en"].contains(locale.lowercased()) {
      throw Failure(
        "INVALID_OPTION_VALUE", "the option `locale` is en-US alone, not `\(locale)`",
        hint: "Names of months and days are read and written in English")
    }
    _ = try zone()
  }

  func zone() throws -> TimeZone {
    if let zone = TimeZone.find(timeZoneId) { return zone }
    throw Failure("INVALID_TIMEZONE", "there is no time zone `\(timeZoneId)`")
  }
}

extension TextTimeOptions {
  static let names = ["timeZone", "dateFormat", "timestampFormat", "timestampNTZFormat", "locale"]
  static let readNames = names + ["enableDateTimeParsingFallback"]
}

/// Reads times for one reader, with what it remembers from one value to the next.
struct TextTimes {
  private var timestamps: TimestampReader
  private let hasTimestampPattern: Bool
  private var timestampPattern: PatternReader?
  private let timestampNtzPattern: DateTimePattern?
  private let datePattern: DateTimePattern?
  private let timestampFallback: Bool
  private let dateFallback: Bool

  init(_ options: TextTimeOptions) throws {
    let zone = try options.zone()
    timestamps = TimestampReader(zone: zone, nowUs: options.nowUs)
    func pattern(_ text: String?) throws -> DateTimePattern? {
      try text.map { try DateTimePattern($0, for: .parsing) }
    }
    timestampPattern = try pattern(options.timestampFormat).map { PatternReader($0, zone: zone) }
    hasTimestampPattern = timestampPattern != nil
    timestampNtzPattern = try pattern(options.timestampNtzFormat)
    datePattern = try pattern(options.dateFormat)
    timestampFallback = options.fallback ?? (options.timestampFormat == nil)
    dateFallback = options.fallback ?? (options.dateFormat == nil)
  }

  @inline(__always)
  mutating func timestamp(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    if hasTimestampPattern {
      if let us = timestampPattern?.timestamp(text) { return us }
      if !timestampFallback { return nil }
    }
    return timestamps.read(text)
  }

  mutating func timestampNtz(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    if let timestampNtzPattern {
      return timestampNtzPattern.timestampWithoutZone(text, allowsZone: false)
    }
    return timestamps.readWithoutZone(text, allowsZone: false)
  }

  /// Whether inference takes a text for a timestamp.
  mutating func isTimestamp(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if hasTimestampPattern { return timestampPattern?.timestamp(text) != nil }
    return timestamps.read(text) != nil
  }

  /// A number alone counts days, as Spark 1.5 wrote dates.
  mutating func date(_ text: UnsafeBufferPointer<UInt8>, allowsDays: Bool = true) -> Int32? {
    if let datePattern {
      if let days = datePattern.date(text) { return days }
      if !dateFallback { return nil }
    }
    if let days = DateText.read(text) { return days }
    guard allowsDays, dateFallback, text.count > 0, text[0] > 0x20, text[text.count - 1] > 0x20
    else {
      return nil
    }
    return IntegerText.readInt32(text)
  }

  /// An interval of these units, as raw values of `IntervalUnit`.
  func interval(_ text: UnsafeBufferPointer<UInt8>, _ from: Int, _ to: Int) -> Int64? {
    guard let first = IntervalUnit(rawValue: from), let last = IntervalUnit(rawValue: to),
      case .value(let value) = IntervalLiteral.read(text, from: first, to: last)
    else { return nil }
    return value
  }
}
