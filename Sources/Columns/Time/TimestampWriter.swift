/// Microseconds since the epoch → text, as Spark's `CAST(timestamp AS STRING)`:
/// `2024-01-01 12:00:00.5`. A caller that prints a column keeps one writer.
public struct TimestampWriter {
  public let zone: TimeZone
  private var span = TimeZone.Span()
  private var lastDay = Int.min
  private var lastDate: [UInt8] = []

  public init(zone: TimeZone) { self.zone = zone }

  /// Appends the instant by the zone's clock.
  public mutating func append(_ us: Int64, to bytes: inout [UInt8]) {
    if !span.contains(us) { span = zone.span(atInstant: us) }
    appendLocal(us, offsetUs: span.offsetUs, to: &bytes)
  }

  /// Appends a timestamp without time zone.
  public mutating func appendWithoutZone(_ us: Int64, to bytes: inout [UInt8]) {
    appendLocal(us, offsetUs: 0, to: &bytes)
  }

  private mutating func appendLocal(_ us: Int64, offsetUs: Int64, to bytes: inout [UInt8]) {
    let (day, time) = Calendar.local(us, offsetUs: offsetUs)
    if lastDay != Int(day) {
      lastDay = Int(day)
      lastDate.removeAll(keepingCapacity: true)
      DateText.append(lastDay, to: &lastDate)
    }
    bytes.append(contentsOf: lastDate)
    let seconds = UInt32(truncatingIfNeeded: time / 1_000_000)
    var fraction = UInt32(truncatingIfNeeded: time &- Int64(seconds) &* 1_000_000)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { text in
      func put(_ index: Int, _ value: UInt32) {
        text[index] = UInt8(truncatingIfNeeded: 48 &+ value / 10)
        text[index &+ 1] = UInt8(truncatingIfNeeded: 48 &+ value % 10)
      }
      text[0] = 0x20
      put(1, seconds / 3600)
      text[3] = 0x3A
      put(4, seconds / 60 % 60)
      text[6] = 0x3A
      put(7, seconds % 60)
      var count = 9
      if fraction != 0 {
        text[9] = 0x2E
        count = 10
        var unit: UInt32 = 100_000
        while fraction != 0 {
          let digit = fraction / unit
          text[count] = UInt8(truncatingIfNeeded: 48 &+ digit)
          fraction &-= digit &* unit
          unit /= 10
          count &+= 1
        }
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[0..<count]))
    }
  }
}
