import Columns
import Contract

/// From DATE, TIMESTAMP or TIMESTAMP_NTZ, to one another and to numbers.
func timeCast(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  switch (from, to) {
  case (.date, .timestamp):
    return zoned(to) { (days: Int32, zone) in zone.startOfDay(Int(days)) }
  case (.date, .timestampNtz):
    return CastRule { column, _ in
      try mapped(column, to: to) { (days: Int32) in Int64(days) &* Calendar.microsecondsPerDay }
    }
  case (.timestamp, .date):
    return zoned(to) { (us: Int64, zone) in Int32(truncatingIfNeeded: zone.days(ofInstant: us)) }
  case (.timestamp, .timestampNtz):
    return zoned(to) { (us: Int64, zone) in zone.local(ofInstant: us) }
  case (.timestampNtz, .timestamp):
    return zoned(to) { (us: Int64, zone) in zone.instant(ofLocal: us) }
  case (.timestampNtz, .date):
    return CastRule { column, _ in
      try mapped(column, to: to) { (us: Int64) in
        Int32(truncatingIfNeeded: Calendar.floorQuotient(us, Calendar.microsecondsPerDay))
      }
    }
  case (.timestamp, .double):
    return CastRule { column, _ in try mapped(column, to: to) { (us: Int64) in Double(us) / 1e6 } }
  case (.timestamp, .float):
    return CastRule { column, _ in
      try mapped(column, to: to) { (us: Int64) in Float(Double(us) / 1e6) }
    }
  case (.timestamp, .long): return wholeSeconds(Int64.self, to, isTry)
  case (.timestamp, .int): return wholeSeconds(Int32.self, to, isTry)
  case (.timestamp, .short): return wholeSeconds(Int16.self, to, isTry)
  case (.timestamp, .byte): return wholeSeconds(Int8.self, to, isTry)
  case (.timestamp, .decimal(let precision, let scale)):
    return decimalRule(to, isTry, precision, scale) { (us: Int64) in
      Decimals.rescale(Int128(us), from: 6, to: scale, precision: precision)
    } text: {
      decimalText(Int128($0), 6)
    }
  default: return nil
  }
}

@inline(__always)
private func zoned<A: ColumnElement & Sendable, R: ResultElement & Sendable>(
  _ to: DataType, _ body: @escaping @Sendable (A, TimeZone) -> R
) -> CastRule {
  CastRule { column, context in
    let zone = try TimeZone.named(context.task.timeZoneId)
    return try mapped(column, to: to) { (x: A) in body(x, zone) }
  }
}

private func wholeSeconds<R: FixedWidthInteger & ResultElement & Sendable>(
  _ result: R.Type, _ to: DataType, _ isTry: Bool
) -> CastRule {
  CastRule(canFail: R.bitWidth < 64) { column, _ in
    try mappedOrNull(column, to: to) { (us: Int64) -> R? in
      let seconds = Calendar.floorQuotient(us, Calendar.microsecondsPerSecond)
      if let value = R(exactly: seconds) { return value }
      if isTry { return nil }
      throw castOverflow(.integer(us), from: .timestamp, to: to)
    }
  }
}

/// From an integer count of seconds to TIMESTAMP; beyond the range it stays at the end.
func secondsCast<A: FixedWidthInteger & ColumnElement & Sendable>(_ a: A.Type) -> CastRule {
  CastRule { column, _ in
    try mapped(column, to: .timestamp) { (x: A) in
      let (us, overflow) = Int64(x).multipliedReportingOverflow(by: Calendar.microsecondsPerSecond)
      return overflow ? (x < 0 ? Int64.min : Int64.max) : us
    }
  }
}

/// From seconds with a fraction to TIMESTAMP.
func fractionSecondsCast<A: BinaryFloatingPoint & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, isTry: Bool
) -> CastRule {
  CastRule(canFail: true) { column, _ in
    try mappedOrNull(column, to: .timestamp) { (x: A) -> Int64? in
      let seconds = Double(x)
      if seconds.isFinite {
        let us = (seconds * 1e6).rounded(.towardZero)
        return Int64(exactly: us) ?? (us < 0 ? Int64.min : Int64.max)
      }
      if isTry { return nil }
      throw castInvalidInput("\(seconds)", from: from, to: .timestamp)
    }
  }
}

/// From intervals: to others of their kind, and of one unit to whole numbers.
func intervalCast(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  switch (from, to) {
  case (.dayTimeInterval, .dayTimeInterval(_, let last)):
    // What is smaller than the last unit is cut off.
    let unit = last.microseconds
    return CastRule { column, _ in
      try mapped(column, to: to) { (us: Int64) in us &- us % unit }
    }
  case (.yearMonthInterval, .yearMonthInterval(_, let last)):
    let unit: Int32 = last == .year ? 12 : 1
    return CastRule { column, _ in
      try mapped(column, to: to) { (months: Int32) in months &- months % unit }
    }
  case (.dayTimeInterval(let unit, let same), _) where unit == same:
    let size = unit.microseconds
    return counted(Int64.self, size, from: from, to: to, isTry)
  case (.yearMonthInterval(let unit, let same), _) where unit == same:
    return counted(Int32.self, unit == .year ? 12 : 1, from: from, to: to, isTry)
  default: return nil
  }
}

private func counted<A: FixedWidthInteger & ColumnElement & Sendable>(
  _ a: A.Type, _ size: A, from: DataType, to: DataType, _ isTry: Bool
) -> CastRule? {
  func rule<R: FixedWidthInteger & ResultElement & Sendable>(_ result: R.Type) -> CastRule {
    CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: A) -> R? in
        if let value = R(exactly: x / size) { return value }
        if isTry { return nil }
        throw castOverflow(.integer(Int64(x)), from: from, to: to)
      }
    }
  }
  switch to {
  case .byte: return rule(Int8.self)
  case .short: return rule(Int16.self)
  case .int: return rule(Int32.self)
  case .long: return rule(Int64.self)
  default: return nil
  }
}

/// From a whole number to an interval of one unit.
func intervalOfCountCast<A: FixedWidthInteger & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  switch to {
  case .dayTimeInterval(let unit, let same) where unit == same:
    let size = unit.microseconds
    return CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: A) -> Int64? in
        let (us, overflow) = Int64(x).multipliedReportingOverflow(by: size)
        if !overflow { return us }
        if isTry { return nil }
        throw castOverflow(.integer(Int64(x)), from: from, to: to)
      }
    }
  case .yearMonthInterval(let unit, let same) where unit == same:
    let size: Int64 = unit == .year ? 12 : 1
    return CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: A) -> Int32? in
        let (months, overflow) = Int64(x).multipliedReportingOverflow(by: size)
        if !overflow, let value = Int32(exactly: months) { return value }
        if isTry { return nil }
        throw castOverflow(.integer(Int64(x)), from: from, to: to)
      }
    }
  default: return nil
  }
}

extension IntervalUnit {
  /// Of DAY and the smaller units.
  var microseconds: Int64 {
    switch self {
    case .year, .month: preconditionFailure("a month has no length in microseconds")
    case .day: 86_400_000_000
    case .hour: 3_600_000_000
    case .minute: 60_000_000
    // Fractions of a second belong to SECOND.
    case .second: 1
    }
  }
}
