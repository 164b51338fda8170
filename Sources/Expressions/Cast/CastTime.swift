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
      if let us = Int64(exactly: (seconds * 1e6).rounded(.towardZero)) { return us }
      if isTry { return nil }
      if seconds.isFinite { throw castOverflow(.double(seconds), from: from, to: .timestamp) }
      throw castInvalidInput("\(seconds)", from: from, to: .timestamp)
    }
  }
}
