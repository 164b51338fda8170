/// Text ↔ days since the epoch, as Spark's `CAST(string AS DATE)` and back.
public enum DateText {
  /// `[+-]yyyy*[-[m]m[-[d]d[ *|T*]]]`; nil where Spark's `try_cast` gives NULL.
  public static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
    if bytes.count == 10, let days = readCommon(bytes) { return days }
    let text = Blanks.trimmed(bytes)
    var position = 0
    let end = text.count
    guard end > 0 else { return nil }
    var sign = 1
    if text[0] == 0x2D || text[0] == 0x2B {
      sign = text[0] == 0x2D ? -1 : 1
      position = 1
    }
    var parts = (1, 1, 1)
    var part = 0
    var value = 0
    var digits = 0
    func isValid() -> Bool { part == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2 }
    func keep() {
      switch part {
      case 0: parts.0 = value
      case 1: parts.1 = value
      default: parts.2 = value
      }
    }
    while position < end, text[position] != 0x20, text[position] != 0x54 {
      let byte = text[position]
      if part < 2, byte == 0x2D {
        guard isValid() else { return nil }
        keep()
        value = 0
        digits = 0
        part += 1
      } else {
        guard byte >= 48, byte <= 57, digits < 8 else { return nil }
        value = value * 10 + Int(byte) - 48
        digits += 1
      }
      position += 1
    }
    guard isValid(), part == 2 || position == end else { return nil }
    keep()
    let days = Calendar.validDays(year: sign * parts.0, month: parts.1, day: parts.2)
    return days.flatMap { Int32(exactly: $0) }
  }

  /// Exactly `yyyy-MM-dd`; nil sends the caller to the whole grammar.
  @inlinable
  static func readCommon(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return nil }
    let yearMonth = base.loadUnaligned(as: UInt64.self)
    let day = base.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    guard let days = packedDays(yearMonth, day) else { return nil }
    return Int32(truncatingIfNeeded: days)
  }

  /// The day of the bytes `yyyy-MM-` and `dd`, as loaded into words; nil unless just so and valid.
  @inlinable
  static func packedDays(_ yearMonth: UInt64, _ day: UInt16) -> Int? {
    // "0000-00-" read as a little-endian word: equal separators and zero digits leave 0.
    let digits = yearMonth ^ 0x2D30_302D_3030_3030
    let dayDigits = UInt64(day ^ 0x3030)
    let isOdd =
      (digits &+ 0x0006_0600_0606_0606 | digits) & 0xFFF0_F0FF_F0F0_F0F0
      | (dayDigits &+ 0x0606 | dayDigits) & 0xF0F0
    guard isOdd == 0 else { return nil }
    let pairs = digits &* 10 &+ digits &>> 8
    let year = Int(pairs & 0xFF) &* 100 &+ Int(pairs &>> 16 & 0xFF)
    let dayOfMonth = Int((dayDigits &* 10 &+ dayDigits &>> 8) & 0xFF)
    return Calendar.validDays(year: year, month: Int(pairs &>> 40 & 0xFF), day: dayOfMonth)
  }

  /// `2024-01-31`, `-0044-03-15`, `+10000-01-01`.
  public static func append(_ days: Int, to bytes: inout [UInt8]) {
    let date = Calendar.date(ofDays: days)
    if date.year >= 0, date.year <= 9999 {
      Digits.append(date.year, width: 4, to: &bytes)
    } else {
      bytes.append(date.year < 0 ? 0x2D : 0x2B)
      let year = abs(date.year)
      if year > 9999 {
        Digits.append(Int64(year), to: &bytes)
      } else {
        Digits.append(year, width: 4, to: &bytes)
      }
    }
    bytes.append(0x2D)
    Digits.appendPair(date.month, to: &bytes)
    bytes.append(0x2D)
    Digits.appendPair(date.day, to: &bytes)
  }
}
