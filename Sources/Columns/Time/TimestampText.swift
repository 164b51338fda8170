/// Text → microseconds since the epoch, as Spark's `CAST(string AS TIMESTAMP)`.
///
/// A caller that reads a column keeps one reader: it remembers the last date and the last stretch
/// of the zone, which neighbouring rows mostly share.
public struct TimestampReader {
  /// The zone of texts that name none.
  public let zone: TimeZone
  /// Now, which gives texts with a time alone their date.
  public let nowUs: Int64

  // The bytes "1970-01-" and "01" as little-endian words: the date of `lastMidnightUs`.
  @usableFromInline var lastYearMonth: UInt64 = 0x2D31_302D_3037_3931
  @usableFromInline var lastDay: UInt16 = 0x3130
  @usableFromInline var lastMidnightUs: Int64 = 0
  @usableFromInline var localSpan = TimeZone.Span()

  public init(zone: TimeZone, nowUs: Int64) {
    self.zone = zone
    self.nowUs = nowUs
    if let offset = zone.fixedOffsetUs {
      localSpan.startUs = Int64.min
      localSpan.endUs = Int64.max
      localSpan.offsetUs = offset
    }
  }

  /// The instant, nil where Spark's `try_cast` gives NULL.
  @inlinable
  public mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    if let us = readShaped(bytes) { return us }
    return readAny(bytes)
  }

  /// The instant of a text of the common shape; nil for any other.
  @inlinable
  mutating func readShaped(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    guard let local = readCommon(bytes) else { return nil }
    if bytes[bytes.count &- 1] == 0x5A { return local }
    if !localSpan.contains(local) { localSpan = zone.span(atLocal: local) }
    return local &- localSpan.offsetUs
  }

  /// A timestamp without time zone; nil where malformed, or where a zone is given and
  /// `allowsZone` is false. A zone that is allowed is checked and then ignored, as Spark does.
  @inlinable
  public mutating func readWithoutZone(
    _ bytes: UnsafeBufferPointer<UInt8>, allowsZone: Bool = true
  ) -> Int64? {
    if let local = readCommon(bytes) {
      return allowsZone || bytes[bytes.count &- 1] != 0x5A ? local : nil
    }
    guard let parts = TimestampParts(bytes), !parts.isTimeOnly else { return nil }
    if parts.zone.count > 0 {
      guard allowsZone, TimestampParts.offset(parts.zone) != nil || TimeZone.find(parts.zone) != nil
      else { return nil }
    }
    return parts.localUs(days: parts.days).flatMap { Int64(exactly: $0) }
  }

  /// `yyyy-MM-dd[ T]HH:mm:ss[.S*][Z]` as a local time; nil sends the caller to the whole grammar.
  @inlinable
  mutating func readCommon(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    let count = bytes.count
    guard count >= 19, let base = UnsafeRawPointer(bytes.baseAddress) else { return nil }
    let separator = base.load(fromByteOffset: 10, as: UInt8.self)
    guard separator == 0x20 || separator == 0x54 else { return nil }
    let yearMonth = base.loadUnaligned(as: UInt64.self)
    let day = base.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    if yearMonth != lastYearMonth || day != lastDay {
      guard let days = DateText.packedDays(yearMonth, day) else { return nil }
      lastYearMonth = yearMonth
      lastDay = day
      lastMidnightUs = Int64(days) &* Calendar.microsecondsPerDay
    }
    // "00:00:00" as a little-endian word; see DateText.packedDays.
    let time = base.loadUnaligned(fromByteOffset: 11, as: UInt64.self) ^ 0x3030_3A30_303A_3030
    let isOdd = (time &+ 0x0606_0006_0600_0606 | time) & 0xF0F0_FFF0_F0FF_F0F0
    let pairs = time &* 10 &+ time &>> 8
    let hour = Int64(truncatingIfNeeded: pairs & 0xFF)
    let minute = Int64(truncatingIfNeeded: pairs &>> 24 & 0xFF)
    let second = Int64(truncatingIfNeeded: pairs &>> 48 & 0xFF)
    guard isOdd == 0, hour < 24, minute < 60, second < 60 else { return nil }
    var local =
      lastMidnightUs &+ ((hour &* 60 &+ minute) &* 60 &+ second) &* 1_000_000
    if count == 19 { return local }
    var position = 19
    if bytes[19] == 0x2E {
      var unit: Int64 = 100_000
      position = 20
      while position < count {
        let digit = Int64(bytes[position]) &- 48
        guard digit >= 0, digit <= 9 else { break }
        local &+= digit &* unit
        unit /= 10
        position &+= 1
      }
    }
    if position == count || position &+ 1 == count && bytes[position] == 0x5A { return local }
    return nil
  }

  /// The whole grammar.
  @usableFromInline
  func readAny(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    guard let parts = TimestampParts(bytes) else { return nil }
    if parts.zone.count > 0, let offset = TimestampParts.offset(parts.zone) {
      let days =
        parts.isTimeOnly
        ? Int(Calendar.floorQuotient(nowUs &+ offset, Calendar.microsecondsPerDay)) : parts.days
      return parts.localUs(days: days).flatMap { Int64(exactly: $0 - Int128(offset)) }
    }
    var zone = zone
    if parts.zone.count > 0 {
      guard let named = TimeZone.find(parts.zone) else { return nil }
      zone = named
    }
    let days = parts.isTimeOnly ? zone.days(ofInstant: nowUs) : parts.days
    return parts.localUs(days: days).flatMap { local in
      let offset = zone.span(atLocal: Int64(clamping: local)).offsetUs
      return Int64(exactly: local - Int128(offset))
    }
  }
}

extension TimestampReader {
  /// Whether a text is a time of day alone, whose date is the day on which it is read.
  public static func isTimeOnly(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { TimestampParts($0)?.isTimeOnly ?? false }
  }
}

/// The pieces of a timestamp's text, by Spark's `SparkDateTimeUtils.parseTimestampString`.
@usableFromInline
struct TimestampParts {
  /// Year, month, day, hour, minute, second, fraction in microseconds.
  private var values: (Int, Int, Int, Int, Int, Int, Int) = (1, 1, 1, 0, 0, 0, 0)
  /// The zone's name, untrimmed; empty where there is none.
  @usableFromInline private(set) var zone = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  @usableFromInline private(set) var isTimeOnly = false
  /// Days since the epoch, nil in a text that names no such date.
  private var validDays: Int?

  @usableFromInline var days: Int? { validDays }

  /// nil: malformed.
  @usableFromInline
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    let text = Blanks.trimmed(bytes)
    guard text.count > 0 else { return nil }
    guard readSegments(text) else { return nil }
    validDays = Calendar.validDays(year: values.0, month: values.1, day: values.2)
    guard values.3 < 24, values.4 < 60, values.5 < 60 else { return nil }
  }

  /// Microseconds of the local time on a day. Wide, since the first and the last local times of
  /// some zones are beyond 64 bits though their instants are not.
  @usableFromInline
  func localUs(days: Int?) -> Int128? {
    guard let days else { return nil }
    let seconds = Int64(values.3 * 3600 + values.4 * 60 + values.5)
    let time = seconds * 1_000_000 + Int64(values.6)
    return Int128(days) * Int128(Calendar.microsecondsPerDay) + Int128(time)
  }

  /// The offset (µs) of a zone given as `Z` or `[+-]hh:mm`; nil: look the name up.
  @usableFromInline
  static func offset(_ zone: UnsafeBufferPointer<UInt8>) -> Int64? {
    if zone.count == 1, zone[0] == 0x5A { return 0 }
    guard zone.count == 6, zone[0] == 0x2B || zone[0] == 0x2D, zone[3] == 0x3A else { return nil }
    func digit(_ index: Int) -> Int64 { Int64(zone[index]) - 48 }
    for index in [1, 2, 4, 5] where digit(index) < 0 || digit(index) > 9 { return nil }
    let minutes = digit(4) * 10 + digit(5)
    let total = (digit(1) * 10 + digit(2)) * 60 + minutes
    guard minutes < 60, total <= 18 * 60 else { return nil }
    return (zone[0] == 0x2D ? -total : total) * 60_000_000
  }

  private mutating func keep(_ value: Int, _ segment: Int) {
    switch segment {
    case 0: values.0 = value
    case 1: values.1 = value
    case 2: values.2 = value
    case 3: values.3 = value
    case 4: values.4 = value
    case 5: values.5 = value
    case 6: values.6 = value
    default: break
    }
  }

  private static func isValid(_ segment: Int, digits: Int) -> Bool {
    switch segment {
    case 0: digits >= 4 && digits <= 6
    case 6: true
    case 7: digits <= 2
    default: digits > 0 && digits <= 2
    }
  }

  private mutating func readSegments(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let end = text.count
    var position = 0
    var sign = 1
    if text[0] == 0x2D || text[0] == 0x2B {
      sign = text[0] == 0x2D ? -1 : 1
      position = 1
    }
    let isSigned = position == 1
    var segment = 0
    var value = 0
    var digits = 0
    var fractionDigits = 0
    // Ends the present segment; false: it has the wrong number of digits.
    func close(_ parts: inout TimestampParts, as index: Int) -> Bool {
      guard Self.isValid(index, digits: digits) else { return false }
      parts.keep(value, index)
      value = 0
      digits = 0
      return true
    }
    while position < end {
      let byte = text[position]
      if byte >= 48, byte <= 57 {
        if segment == 6 { fractionDigits += 1 }
        if segment != 6 || digits < 6 { value = value &* 10 &+ Int(byte) &- 48 }
        digits += 1
        if digits > 6, segment != 6 { return false }
      } else if position == 0, byte == 0x54 {
        isTimeOnly = true
        segment += 3
      } else if segment == 0, byte == 0x3A, !isSigned {
        isTimeOnly = true
        guard close(&self, as: 3) else { return false }
        segment = 4
      } else if segment < 2 {
        guard byte == 0x2D, close(&self, as: segment) else { return false }
        segment += 1
      } else if segment == 2 {
        guard byte == 0x20 || byte == 0x54, close(&self, as: 2) else { return false }
        segment = 3
      } else if segment < 5 {
        guard byte == 0x3A, close(&self, as: segment) else { return false }
        segment += 1
      } else {
        // A point begins the fraction; anything else begins the zone.
        guard segment < 7, close(&self, as: segment) else { return false }
        if byte == 0x2E, segment == 5 {
          segment = 6
        } else {
          zone = UnsafeBufferPointer(rebasing: text[position..<end])
          segment = 7
          position = end
        }
      }
      position += 1
    }
    guard close(&self, as: segment) else { return false }
    while fractionDigits < 6 {
      values.6 *= 10
      fractionDigits += 1
    }
    values.0 *= sign
    return true
  }
}
