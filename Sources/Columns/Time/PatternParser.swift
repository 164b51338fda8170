import Contract

extension DateTimePattern {
  /// Why a text does not follow the pattern, in Java's words.
  struct Mismatch: Error { var message: String }

  /// The instant that the text says; nil where `try_to_timestamp` gives NULL.
  public func timestamp(_ bytes: UnsafeBufferPointer<UInt8>, zone: TimeZone) -> Int64? {
    guard let (fields, local) = try? resolve(bytes) else { return nil }
    let zone = fields.zone ?? zone
    if let offset = fields[.offset] {
      return Int64(exactly: local - Int128(offset) * 1_000_000)
    }
    let offset = zone.span(atLocal: Int64(clamping: local)).offsetUs
    return Int64(exactly: local - Int128(offset))
  }

  /// The local time that the text says; a zone in it is read and ignored, or refuses the text.
  public func timestampWithoutZone(
    _ bytes: UnsafeBufferPointer<UInt8>, allowsZone: Bool = true
  ) -> Int64? {
    guard let (fields, local) = try? resolve(bytes), allowsZone || fields.zone == nil else {
      return nil
    }
    return Int64(exactly: local)
  }

  /// Days since the epoch that the text says; nil where it says none.
  public func date(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
    guard let fields = try? read(bytes), let days = try? fields.days(),
      (try? fields.nanosecondsOfDay()) != nil
    else { return nil }
    return Int32(exactly: days)
  }

  /// The error of `to_timestamp` for a text that `timestamp` refuses.
  public func failure(_ bytes: UnsafeBufferPointer<UInt8>) -> Failure {
    let text = String(decoding: bytes, as: UTF8.self)
    var reason = "Text '\(text)' could not be parsed: it is beyond the range of a timestamp"
    do { _ = try resolve(bytes) } catch { reason = error.message }
    return Failure(
      "CANNOT_PARSE_TIMESTAMP", reason + ".",
      hint: "Use `try_to_timestamp` to tolerate invalid input string and return NULL instead.")
  }

  /// The fields and the local time in microseconds.
  private func resolve(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(Mismatch) -> (PatternFields, Int128) {
    let fields = try read(bytes)
    do throws(PatternFields.Conflict) {
      let nanoseconds = try fields.nanosecondsOfDay()
      let midnight = Int128(try fields.days()) * Int128(Calendar.microsecondsPerDay)
      return (fields, midnight + Int128(nanoseconds / 1000))
    } catch {
      let text = String(decoding: bytes, as: UTF8.self)
      throw Mismatch(message: "Text '\(text)' could not be parsed: \(error.message)")
    }
  }

  private func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(Mismatch) -> PatternFields {
    var reader = PatternTextReader(bytes: bytes)
    let isRead = reader.read(items)
    if isRead, reader.position == bytes.count { return reader.fields }
    let text = String(decoding: bytes, as: UTF8.self)
    throw Mismatch(
      message: isRead
        ? "Text '\(text)' could not be parsed, unparsed text found at index \(reader.position)"
        : "Text '\(text)' could not be parsed at index \(reader.position)")
  }
}

/// Walks a text along a pattern's items. Where a step fails, `position` says where.
private struct PatternTextReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  var fields = PatternFields()

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func read(_ items: [DateTimePattern.Item]) -> Bool {
    for item in items {
      let isRead =
        switch item {
        case .literal(let literal): take(literal)
        case .number(let number): read(number)
        case .text(let field, let full): readWord(field, full)
        case .offset(let style): readOffset(style)
        case .localizedOffset(let full): readLocalizedOffset(full)
        case .zoneID: readZoneID(allowsNames: false)
        case .zoneName: readZoneID(allowsNames: true)
        case .optional(let items): readOptional(items)
        }
      if !isRead { return false }
    }
    return true
  }

  private mutating func readOptional(_ items: [DateTimePattern.Item]) -> Bool {
    let start = position
    let before = fields
    if !read(items) {
      position = start
      fields = before
    }
    return true
  }

  private func isNext(_ literal: some Collection<UInt8>) -> Bool {
    guard position + literal.count <= bytes.count else { return false }
    var index = position
    for byte in literal {
      let other = bytes[index]
      let isLetter = byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
      guard other == byte || isLetter && other ^ byte == 0x20 else { return false }
      index += 1
    }
    return true
  }

  private mutating func take(_ literal: some Collection<UInt8>) -> Bool {
    guard isNext(literal) else { return false }
    position += literal.count
    return true
  }

  private func digit(_ index: Int) -> Int? {
    guard index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 else { return nil }
    return Int(bytes[index]) - 48
  }

  /// Java's `NumberPrinterParser`, strict.
  private mutating func read(_ number: DateTimePattern.Number) -> Bool {
    if number.isFraction { return readFraction(number) }
    let start = position
    guard position < bytes.count else { return false }
    let isNegative = bytes[position] == 0x2D
    let isPositive = bytes[position] == 0x2B
    if isNegative || isPositive {
      guard number.sign != .notNegative, isNegative || number.sign == .exceedsPad else {
        return false
      }
      position += 1
    }
    let first = position
    var count = 0
    while digit(first + count) != nil, count < number.maximum + max(number.reserved, 0) {
      count += 1
    }
    if number.reserved > 0 { count = max(number.minimum, count - number.reserved) }
    guard count >= number.minimum, first + count <= bytes.count else { return false }
    var value = 0
    for index in 0..<count {
      guard let digit = digit(first + index) else { return false }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return fail(at: start) }
      value = sum
    }
    if isNegative {
      if value == 0 { return fail(at: start) }
      value = -value
    } else if number.sign == .exceedsPad, isPositive != (count > number.minimum) {
      return fail(at: start)
    }
    if number.isReduced { value += 2000 }
    guard fields.set(number.field, value) else { return fail(at: start) }
    position = first + count
    return true
  }

  private mutating func fail(at start: Int) -> Bool {
    position = start
    return false
  }

  private mutating func readFraction(_ number: DateTimePattern.Number) -> Bool {
    var value = 0
    var count = 0
    while count < number.maximum, let digit = digit(position + count) {
      value = value * 10 + digit
      count += 1
    }
    guard count >= number.minimum else { return false }
    for _ in count..<9 { value *= 10 }
    guard fields.set(number.field, value) else { return false }
    position += count
    return true
  }

  private mutating func readWord(_ field: DateTimePattern.Field, _ full: Bool) -> Bool {
    let (words, first) = DateTimeWords.words(field, full: full)
    for (index, word) in words.enumerated() where isNext(word) {
      guard fields.set(field, first + index) else { return false }
      position += word.count
      return true
    }
    return false
  }

  /// Two digits below sixty; nil leaves the position.
  private mutating func takePair(after separator: Bool) -> Int? {
    let start = separator ? position + 1 : position
    if separator, position >= bytes.count || bytes[position] != 0x3A { return nil }
    guard let tens = digit(start), let ones = digit(start + 1) else { return nil }
    position = start + 2
    return tens * 10 + ones
  }

  private mutating func readOffset(_ style: DateTimePattern.OffsetStyle) -> Bool {
    let start = position
    if take(style.zero) { return fields.set(.offset, 0) || fail(at: start) }
    guard position < bytes.count, bytes[position] == 0x2D || bytes[position] == 0x2B else {
      return false
    }
    let sign = bytes[position] == 0x2D ? -1 : 1
    position += 1
    guard let hours = takePair(after: false) else { return fail(at: start) }
    var minutes: Int?
    if style.minutes != .none {
      minutes = takePair(after: style.hasColon)
      if minutes == nil, style.minutes == .required { return fail(at: start) }
    }
    var seconds: Int?
    if style.seconds != .none, minutes != nil { seconds = takePair(after: style.hasColon) }
    return keepOffset(sign, hours, minutes ?? 0, seconds ?? 0) || fail(at: start)
  }

  private mutating func keepOffset(_ sign: Int, _ hours: Int, _ minutes: Int, _ seconds: Int)
    -> Bool
  {
    let total = (hours * 60 + minutes) * 60 + seconds
    guard minutes < 60, seconds < 60, total <= 18 * 3600 else { return false }
    return fields.set(.offset, sign * total)
  }

  private mutating func readLocalizedOffset(_ full: Bool) -> Bool {
    let start = position
    guard take("GMT".utf8) else { return false }
    guard position < bytes.count, bytes[position] == 0x2D || bytes[position] == 0x2B else {
      return fields.set(.offset, 0) || fail(at: start)
    }
    let sign = bytes[position] == 0x2D ? -1 : 1
    position += 1
    var hours = 0
    if full {
      guard let pair = takePair(after: false) else { return fail(at: start) }
      hours = pair
    } else {
      guard let first = digit(position) else { return fail(at: start) }
      hours = first
      position += 1
      if let second = digit(position) {
        hours = hours * 10 + second
        position += 1
      }
    }
    let minutes = takePair(after: true)
    if full, minutes == nil { return fail(at: start) }
    let seconds = minutes == nil ? nil : takePair(after: true)
    return keepOffset(sign, hours, minutes ?? 0, seconds ?? 0) || fail(at: start)
  }

  /// The longest zone name that begins here, in any case.
  private mutating func readZoneID(allowsNames: Bool) -> Bool {
    let others = Array("/._+-:~".utf8)
    var end = position
    while end < bytes.count, end - position < 64,
      digit(end) != nil || bytes[end] | 0x20 >= 0x61 && bytes[end] | 0x20 <= 0x7A
        || others.contains(bytes[end])
    {
      end += 1
    }
    if allowsNames, let (zone, count) = ZoneNames.zone(named: bytes, at: position) {
      fields.zone = zone
      position += count
      return true
    }
    while end > position {
      let name = UnsafeBufferPointer(rebasing: bytes[position..<end])
      if let zone = TimeZone.findIgnoringCase(String(decoding: name, as: UTF8.self)) {
        fields.zone = zone
        position = end
        return true
      }
      end -= 1
    }
    return false
  }
}

/// Reads a column of timestamps by a pattern. The common shapes take the fast way of
/// `TimestampReader`; a text that is not exactly so goes through the pattern's items.
public struct PatternReader {
  public let pattern: DateTimePattern
  /// The pattern's, beside it: a look into the class would count references for every text.
  private let shape: DateTimePattern.Shape?
  private var common: TimestampReader

  public init(_ pattern: DateTimePattern, zone: TimeZone) {
    self.pattern = pattern
    shape = pattern.shape
    common = TimestampReader(zone: zone, nowUs: 0)
  }

  /// The instant; nil where the text does not follow the pattern.
  public mutating func timestamp(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    if let shape, shape.allows(bytes), let us = common.readShaped(bytes) {
      return us
    }
    return pattern.timestamp(bytes, zone: common.zone)
  }
}

extension DateTimePattern.Shape {
  /// The text is of the shape as far as lengths and separators go.
  @inline(__always)
  fileprivate func allows(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var count = bytes.count
    guard count >= 19, bytes[10] == separator else { return false }
    if bytes[count &- 1] == 0x5A {
      guard hasOptionalOffset else { return false }
      count &-= 1
    }
    if count == 19 { return fractionDigits == 0 || isFractionOptional }
    let digits = count &- 20
    return bytes[19] == 0x2E && digits >= 1 && digits <= fractionDigits
  }
}
