import Glibc

/// What a TZif file (RFC 8536) says: offsets from instant to instant, and the rule that goes on
/// after the last of them.
struct ZoneFile {
  /// Seconds since the epoch, ascending: from `transitions[i]` on, `offsets[i + 1]` holds.
  var transitions: [Int64] = []
  /// Seconds east of UTC; one more than there are transitions.
  var offsets: [Int32] = []
  /// What people call the clock in that span ("CET"), one for each offset.
  var abbreviations: [String] = []
  var footer: PosixZoneRule?

  /// nil where the bytes are no TZif file of version 2 or later.
  init?(_ bytes: [UInt8]) {
    guard let first = Header(bytes, at: 0), first.version >= 2,
      let header = Header(bytes, at: first.end(timeSize: 4))
    else { return nil }
    var position = header.start + Header.size
    let times = position
    position += header.timeCount * 8
    let kinds = position
    position += header.timeCount
    let types = position
    position += header.typeCount * 6
    let names = position
    let end = header.end(timeSize: 8)
    guard end <= bytes.count, header.typeCount > 0 else { return nil }

    func type(_ index: Int) -> (offset: Int32, name: String)? {
      guard index < header.typeCount else { return nil }
      let at = types + index * 6
      let nameStart = names + Int(bytes[at + 5])
      guard nameStart < end else { return nil }
      let name = bytes[nameStart..<end].prefix { $0 != 0 }
      let offset = Int32(truncatingIfNeeded: Self.integer(bytes, at, 4))
      return (offset, String(decoding: name, as: UTF8.self))
    }
    guard let initial = type(0) else { return nil }
    offsets.append(initial.offset)
    abbreviations.append(initial.name)
    for index in 0..<header.timeCount {
      guard let type = type(Int(bytes[kinds + index])) else { return nil }
      let time = Self.integer(bytes, times + index * 8, 8)
      // Changes of the name alone keep the offset and are kept, for the name's sake.
      transitions.append(time)
      offsets.append(type.offset)
      abbreviations.append(type.name)
    }
    let tail = bytes[end...].split(separator: 10, omittingEmptySubsequences: true).first
    footer = tail.flatMap { PosixZoneRule(Array($0)) }
  }

  /// A big-endian signed integer of `count` bytes; the caller has checked the bounds.
  private static func integer(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int64 {
    var value: UInt64 = 0
    for index in at..<(at + count) { value = value << 8 | UInt64(bytes[index]) }
    let shift = UInt64(64 - count * 8)
    return Int64(bitPattern: value << shift) >> Int64(shift)
  }

  private struct Header {
    static let size = 44
    let start: Int
    let version: Int
    let timeCount, typeCount, nameCount, leapCount, standardCount, universalCount: Int

    init?(_ bytes: [UInt8], at start: Int) {
      guard start >= 0, start + Self.size <= bytes.count,
        bytes[start..<(start + 4)].elementsEqual("TZif".utf8)
      else { return nil }
      func count(_ index: Int) -> Int {
        Int(UInt32(truncatingIfNeeded: ZoneFile.integer(bytes, start + 20 + index * 4, 4)))
      }
      self.start = start
      version = bytes[start + 4] == 0 ? 1 : Int(bytes[start + 4]) - 48
      universalCount = count(0)
      standardCount = count(1)
      leapCount = count(2)
      timeCount = count(3)
      typeCount = count(4)
      nameCount = count(5)
    }

    func end(timeSize: Int) -> Int {
      start + Self.size + timeCount * (timeSize + 1) + typeCount * 6 + nameCount
        + leapCount * (timeSize + 4) + standardCount + universalCount
    }
  }
}

/// The last line of a TZif file: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZoneRule {
  /// Seconds east of UTC.
  let standardOffset: Int32
  let standardName: String
  var summer: (offset: Int32, name: String, starts: Day, ends: Day)?

  /// A day of every year, with the seconds after its midnight at which the clock changes.
  struct Day {
    enum Kind {
      case monthWeek(Int, Int, Int)
      case dayWithoutLeap(Int)
      case dayFromZero(Int)
    }
    var kind: Kind
    var time: Int

    /// Seconds since the epoch by the local clock.
    func seconds(inYear year: Int) -> Int64 {
      let days: Int
      switch kind {
      case .monthWeek(let month, let week, let weekday):
        let first = Calendar.days(year: year, month: month, day: 1)
        let firstWeekday = Calendar.dayOfWeek(first) - 1
        var day = Calendar.floorModulo(weekday - firstWeekday, 7) + (week - 1) * 7
        if day >= Calendar.length(ofMonth: month, year: year) { day -= 7 }
        days = first + day
      case .dayWithoutLeap(let day):
        let start = Calendar.days(year: year, month: 1, day: 1)
        days = start + day - 1 + (Calendar.isLeap(year) && day >= 60 ? 1 : 0)
      case .dayFromZero(let day):
        days = Calendar.days(year: year, month: 1, day: 1) + day
      }
      return Int64(days) * Calendar.secondsPerDay + Int64(time)
    }
  }

  init?(_ bytes: [UInt8]) {
    var reader = Reader(bytes: bytes)
    guard let name = reader.name(), let offset = reader.time() else { return nil }
    standardName = name
    standardOffset = Int32(-offset)
    guard !reader.isAtEnd else { return }
    guard let summerName = reader.name() else { return nil }
    var summerOffset = standardOffset + 3600
    if reader.peek != 0x2C {
      guard let given = reader.time() else { return nil }
      summerOffset = Int32(-given)
    }
    guard let starts = reader.day(), let ends = reader.day(), reader.isAtEnd else { return nil }
    summer = (summerOffset, summerName, starts, ends)
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position >= bytes.count }
    var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func take(_ byte: UInt8) -> Bool {
      guard peek == byte, !isAtEnd else { return false }
      position += 1
      return true
    }

    mutating func name() -> String? {
      let isQuoted = take(0x3C)
      let start = position
      while !isAtEnd {
        let byte = peek
        if isQuoted ? byte == 0x3E : !(byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) { break }
        position += 1
      }
      let name = String(decoding: bytes[start..<position], as: UTF8.self)
      if isQuoted, !take(0x3E) { return nil }
      return name.isEmpty ? nil : name
    }

    mutating func number() -> Int? {
      var value: Int?
      while peek >= 48, peek <= 57, (value ?? 0) < 100_000 {
        value = (value ?? 0) * 10 + Int(peek) - 48
        position += 1
      }
      return value
    }

    /// `[+-]h[:m[:s]]` in seconds.
    mutating func time() -> Int? {
      let isNegative = take(0x2D)
      if !isNegative { _ = take(0x2B) }
      guard let hours = number() else { return nil }
      var seconds = hours * 3600
      for unit in [60, 1] where take(0x3A) {
        guard let count = number() else { return nil }
        seconds += count * unit
      }
      return isNegative ? -seconds : seconds
    }

    /// `,Mm.w.d[/time]`, `,Jn[/time]` or `,n[/time]`.
    mutating func day() -> Day? {
      guard take(0x2C) else { return nil }
      var day: Day
      if take(0x4D) {
        guard let month = number(), take(0x2E), let week = number(), take(0x2E),
          let weekday = number(), (1...12).contains(month), (1...5).contains(week), weekday < 7
        else { return nil }
        day = Day(kind: .monthWeek(month, week, weekday), time: 7200)
      } else if take(0x4A) {
        guard let number = number() else { return nil }
        day = Day(kind: .dayWithoutLeap(number), time: 7200)
      } else {
        guard let number = number() else { return nil }
        day = Day(kind: .dayFromZero(number), time: 7200)
      }
      if take(0x2F) {
        guard let time = time() else { return nil }
        day.time = time
      }
      return day
    }
  }
}
