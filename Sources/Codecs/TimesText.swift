import Columns
import Contract

/// Writes dates and times for one writer, with what it remembers from one value to the next.
///
/// The patterns that nobody chose (`yyyy-MM-dd`, `yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]`) are written
/// here for the years 1 to 9999; everything else by the pattern printer.
struct TimesText {
  private let zone: TimeZone
  private let hasDefaultTimestamp: Bool
  private let hasDefaultNtz: Bool
  private let hasDefaultDate: Bool
  private var timestamps: PatternPrinter
  private let timestampsNtz: PatternPrinter
  private let dates: PatternPrinter
  private var span = TimeZone.Span()
  private var lastDay = Int64.min
  /// `yyyy-MM-` and `dd` of the last day.
  private var lastYearMonth: UInt64 = 0
  private var lastDate: UInt16 = 0
  private var scratch: [UInt8] = []

  init(_ options: TextTimeOptions) throws {
    zone = try options.zone()
    hasDefaultTimestamp = options.timestampFormat == nil
    hasDefaultNtz = options.timestampNtzFormat == nil
    hasDefaultDate = options.dateFormat == nil
    func printer(_ pattern: String) throws -> PatternPrinter {
      PatternPrinter(try DateTimePattern(pattern, for: .formatting), zone: try options.zone())
    }
    timestamps = try printer(options.timestampFormat ?? "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]")
    timestampsNtz = try printer(options.timestampNtzFormat ?? "yyyy-MM-dd'T'HH:mm:ss[.SSS]")
    dates = try printer(options.dateFormat ?? "yyyy-MM-dd")
  }

  mutating func append(timestamp us: Int64, to output: inout ByteOutput) throws {
    if hasDefaultTimestamp {
      if !span.contains(us) { span = zone.span(atInstant: us) }
      if appendCommon(us &+ span.offsetUs, to: &output) {
        if span.offsetUs == 0 { return output.put(UInt8(ascii: "Z")) }
        let seconds = Int(span.offsetUs.magnitude / 1_000_000)
        output.put(span.offsetUs < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        output.put(pair: seconds / 3600)
        output.put(UInt8(ascii: ":"))
        output.put(pair: seconds / 60 % 60)
        // Local mean times of long ago.
        if seconds % 60 != 0 {
          output.put(UInt8(ascii: ":"))
          output.put(pair: seconds % 60)
        }
        return
      }
    }
    scratch.removeAll(keepingCapacity: true)
    guard timestamps.append(us, to: &scratch) else { throw Self.failure() }
    output.append(scratch)
  }

  mutating func append(timestampNtz us: Int64, to output: inout ByteOutput) throws {
    if hasDefaultNtz, appendCommon(us, to: &output) { return }
    scratch.removeAll(keepingCapacity: true)
    guard timestampsNtz.appendWithoutZone(us, to: &scratch) else { throw Self.failure() }
    output.append(scratch)
  }

  mutating func append(date days: Int32, to output: inout ByteOutput) throws {
    if hasDefaultDate, remember(Int64(days)) {
      output.reserve(16)
      return appendDate(to: &output)
    }
    scratch.removeAll(keepingCapacity: true)
    guard dates.append(days: Int(days), to: &scratch) else { throw Self.failure() }
    output.append(scratch)
  }

  private static func failure() -> Failure {
    Failure("DATETIME_FORMAT", "a time cannot be printed in the width that the pattern gives it")
  }

  /// `yyyy-MM-dd'T'HH:mm:ss.SSS`; false for years that take more than four digits.
  @inline(__always)
  private mutating func appendCommon(_ local: Int64, to output: inout ByteOutput) -> Bool {
    let perDay: Int64 = 86_400_000_000
    var day = local / perDay
    var time = local &- day &* perDay
    if time < 0 {
      time &+= perDay
      day &-= 1
    }
    if day != lastDay, !remember(day) { return false }
    output.reserve(40)
    appendDate(to: &output)
    output.put(UInt8(ascii: "T"))
    let ms = Int(truncatingIfNeeded: time / 1000)
    let seconds = ms / 1000
    output.put(pair: seconds / 3600)
    output.put(UInt8(ascii: ":"))
    output.put(pair: seconds / 60 % 60)
    output.put(UInt8(ascii: ":"))
    output.put(pair: seconds % 60)
    output.put(UInt8(ascii: "."))
    let fraction = ms &- seconds &* 1000
    output.put(UInt8(truncatingIfNeeded: 48 &+ fraction / 100))
    output.put(pair: fraction % 100)
    return true
  }

  @inline(__always)
  private func appendDate(to output: inout ByteOutput) {
    let target = UnsafeMutableRawPointer(output.bytes + output.count)
    target.storeBytes(of: lastYearMonth, as: UInt64.self)
    target.storeBytes(of: lastDate, toByteOffset: 8, as: UInt16.self)
    output.count &+= 10
  }

  @inline(never)
  private mutating func remember(_ day: Int64) -> Bool {
    if day == lastDay { return true }
    // 0001-01-01 … 9999-12-31
    guard day >= -719_162, day <= 2_932_896 else { return false }
    scratch.removeAll(keepingCapacity: true)
    DateText.append(Int(day), to: &scratch)
    scratch.withUnsafeBytes { bytes in
      lastYearMonth = bytes.loadUnaligned(as: UInt64.self)
      lastDate = bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    }
    lastDay = day
    return true
  }
}
