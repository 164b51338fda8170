import Contract
import Synchronization

/// A time zone with Java's rules: fixed offsets, and regions from the system's TZif files.
///
/// Look-ups are pure; a caller that converts a column keeps a `TimeZone.Span` and asks the zone
/// only when a value leaves it.
public final class TimeZone: Sendable {
  /// As Java normalises it: `Z`, `+01:00`, `UTC+01:00`, `Europe/Berlin`.
  public let id: String
  /// Microseconds east of UTC where the zone has one offset for ever, else nil.
  public let fixedOffsetUs: Int64?

  /// Instants (µs) at which the clock changes; from `instants[i]` on, `offsets[i + 1]` holds.
  private let instants: [Int64]
  /// The local times (µs) from which, read as a local time, `offsets[i + 1]` holds.
  private let localTimes: [Int64]
  /// Microseconds east of UTC; one more than there are instants.
  private let offsets: [Int64]
  private let abbreviations: [String]
  /// The rule goes on for ever: beyond the table, time is moved back by whole 400-year cycles.
  private let repeats: Bool

  /// Offset 0: what every fast path asks for.
  public static let utc = TimeZone(id: "UTC", offsetSeconds: 0)

  static let cycleUs: Int64 = 146_097 * Calendar.microsecondsPerDay

  init(id: String, offsetSeconds: Int) {
    self.id = id
    let offset = Int64(offsetSeconds) * Calendar.microsecondsPerSecond
    fixedOffsetUs = offset
    instants = []
    localTimes = []
    offsets = [offset]
    abbreviations = [id]
    repeats = false
  }

  init(id: String, file: ZoneFile) {
    self.id = id
    var times = file.transitions
    var offsets = file.offsets
    var names = file.abbreviations
    let limit = Int64.max / Calendar.microsecondsPerSecond / 2
    // The first entry of some files is the Big Bang.
    while let first = times.first, first < -limit {
      times.removeFirst()
      offsets.removeFirst()
      names.removeFirst()
    }
    let summer = file.footer?.summer
    if let footer = file.footer, let summer {
      let last = times.last ?? 0
      var year = Calendar.date(ofDays: Int(last / Calendar.secondsPerDay)).year
      let lastYear = year + 401
      while year <= lastYear {
        let changes = [
          (
            summer.starts.seconds(inYear: year) - Int64(footer.standardOffset),
            summer.offset, summer.name
          ),
          (
            summer.ends.seconds(inYear: year) - Int64(summer.offset),
            footer.standardOffset, footer.standardName
          ),
        ]
        for (time, offset, name) in changes.sorted(by: { $0.0 < $1.0 })
        where time > (times.last ?? Int64.min) {
          times.append(time)
          offsets.append(offset)
          names.append(name)
        }
        year += 1
      }
    }
    repeats = summer != nil
    self.offsets = offsets.map { Int64($0) * Calendar.microsecondsPerSecond }
    instants = times.map { $0 * Calendar.microsecondsPerSecond }
    abbreviations = names
    // In a gap and in an overlap alike Java reads a local time by the offset before the change, so
    // the later offset begins where both have passed.
    var localTimes: [Int64] = []
    for (index, instant) in instants.enumerated() {
      localTimes.append(instant + max(self.offsets[index], self.offsets[index + 1]))
    }
    self.localTimes = localTimes
    fixedOffsetUs = times.isEmpty ? self.offsets[0] : nil
  }

  /// A stretch of time in which one offset holds.
  public struct Span: Sendable {
    /// From here…
    public var startUs: Int64
    /// … until before here.
    public var endUs: Int64
    public var offsetUs: Int64

    /// The span that holds nothing, for a caller to start with.
    @inlinable
    public init() {
      startUs = Int64.max
      endUs = Int64.min
      offsetUs = 0
    }

    @inlinable
    public func contains(_ us: Int64) -> Bool { us >= startUs && us < endUs }
  }

  /// The offset (µs east of UTC) at an instant.
  @inlinable
  public func offsetUs(atInstant us: Int64) -> Int64 {
    if let fixedOffsetUs { return fixedOffsetUs }
    return span(atInstant: us).offsetUs
  }

  /// The local time (µs, as if it were UTC) at an instant. Wraps at the ends of the range.
  @inlinable
  public func local(ofInstant us: Int64) -> Int64 { us &+ offsetUs(atInstant: us) }

  /// The day at an instant, by the zone's clock.
  @inlinable
  public func days(ofInstant us: Int64) -> Int {
    Int(Calendar.floorQuotient(local(ofInstant: us), Calendar.microsecondsPerDay))
  }

  /// The instant of a local time: in a gap later by the gap, in an overlap the earlier instant.
  @inlinable
  public func instant(ofLocal us: Int64) -> Int64 {
    if let fixedOffsetUs { return us &- fixedOffsetUs }
    return us &- span(atLocal: us).offsetUs
  }

  /// As `instant(ofLocal:)`, but in an overlap the later instant if it has `preferredOffsetUs`.
  public func instant(ofLocal us: Int64, preferring preferredOffsetUs: Int64) -> Int64 {
    let candidate = us &- preferredOffsetUs
    if offsetUs(atInstant: candidate) == preferredOffsetUs { return candidate }
    return instant(ofLocal: us)
  }

  /// The first instant of a day: midnight, or where a gap swallowed it the end of the gap.
  public func startOfDay(_ days: Int) -> Int64 {
    let midnight = Int64(days) &* Calendar.microsecondsPerDay
    if let fixedOffsetUs { return midnight &- fixedOffsetUs }
    let instant = instant(ofLocal: midnight)
    let local = local(ofInstant: instant)
    // Past midnight by the whole gap: the gap's end is where the present span starts.
    return local == midnight ? instant : span(atInstant: instant).startUs
  }

  /// The local time floored to a multiple of `unitUs`, as an instant; the offset is kept in an
  /// overlap.
  public func truncate(_ us: Int64, toMultipleOf unitUs: Int64) -> Int64 {
    let offset = offsetUs(atInstant: us)
    let local = us &+ offset
    return instant(ofLocal: local &- Calendar.floorModulo(local, unitUs), preferring: offset)
  }

  /// Adds calendar months and days by the zone's clock, then microseconds of elapsed time.
  /// nil: beyond the range of a timestamp.
  public func add(months: Int, days: Int, microseconds: Int64, to us: Int64) -> Int64? {
    var result = us
    if months != 0 || days != 0 {
      let offset = offsetUs(atInstant: us)
      let (local, overflow) = us.addingReportingOverflow(offset)
      if overflow { return nil }
      let localDay = Int(Calendar.floorQuotient(local, Calendar.microsecondsPerDay))
      let time = local &- Int64(localDay) &* Calendar.microsecondsPerDay
      let day = Calendar.addMonths(localDay, months) &+ days
      let (start, tooFar) = Int64(day).multipliedReportingOverflow(by: Calendar.microsecondsPerDay)
      let (moved, carry) = start.addingReportingOverflow(time)
      if tooFar || carry { return nil }
      result = instant(ofLocal: moved, preferring: offset)
    }
    let (sum, overflow) = result.addingReportingOverflow(microseconds)
    return overflow ? nil : sum
  }

  /// The stretch around an instant in which its offset holds.
  public func span(atInstant us: Int64) -> Span {
    let (index, shift) = find(us, in: instants)
    return span(index, from: instants, shiftUs: shift)
  }

  /// The stretch of local times around `us` that are read by one offset.
  public func span(atLocal us: Int64) -> Span {
    let (index, shift) = find(us, in: localTimes)
    return span(index, from: localTimes, shiftUs: shift)
  }

  /// What people call the zone's clock at the instant: `CET`, `+03`; for a fixed offset the id.
  public func abbreviation(atInstant us: Int64) -> String {
    abbreviations[find(us, in: instants).index]
  }

  private func span(_ index: Int, from bounds: [Int64], shiftUs: Int64) -> Span {
    var span = Span()
    span.offsetUs = offsets[index]
    span.startUs = index == 0 ? Int64.min : bounds[index - 1] &+ shiftUs
    span.endUs = Int64.max
    if index < bounds.count {
      let (end, overflow) = bounds[index].addingReportingOverflow(shiftUs)
      span.endUs = overflow ? Int64.max : end
    }
    return span
  }

  /// How many bounds are at or before `us`, once it is moved into the table by whole cycles.
  private func find(_ us: Int64, in bounds: [Int64]) -> (index: Int, shift: Int64) {
    var wanted = us
    var shift: Int64 = 0
    if repeats, let last = bounds.last, us >= last {
      shift = ((us &- last) / Self.cycleUs &+ 1) &* Self.cycleUs
      wanted = us &- shift
    }
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) >> 1
      if bounds[middle] <= wanted { low = middle + 1 } else { high = middle }
    }
    return (low, shift)
  }
}
