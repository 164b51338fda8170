import Columns
import Contract

// A number that becomes an interval, or is made of one, counts the interval's smallest unit.

/// From intervals: to others of their kind, and to numbers.
func intervalCast(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  switch (from, to) {
  case (.dayTimeInterval, .dayTimeInterval(_, let last)):
    // What is smaller than the last unit is cut off; fractions belong to the second.
    let unit = last == .second ? 1 : last.size
    return CastRule { column, _ in
      try mapped(column, to: to) { (us: Int64) in us &- us % unit }
    }
  case (.yearMonthInterval, .yearMonthInterval(_, let last)):
    let unit = Int32(last.size)
    return CastRule { column, _ in
      try mapped(column, to: to) { (months: Int32) in months &- months % unit }
    }
  case (.dayTimeInterval(_, .second), .decimal(let precision, let scale)):
    return decimalRule(to, isTry, precision, scale) { (us: Int64) in
      Decimals.rescale(Int128(us), from: 6, to: scale, precision: precision)
    } text: {
      decimalText(Int128($0), 6)
    }
  case (.dayTimeInterval(_, let last), _):
    return count(Int64.self, last.size, from: from, to: to, isTry)
  case (.yearMonthInterval(_, let last), _):
    return count(Int32.self, Int32(last.size), from: from, to: to, isTry)
  default: return nil
  }
}

private func count<A: FixedWidthInteger & ColumnElement & Sendable>(
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
  case .decimal(let precision, let scale):
    return decimalRule(to, isTry, precision, scale) { (x: A) in
      Decimals.rescale(Int128(x / size), from: 0, to: scale, precision: precision)
    } text: {
      String($0 / size)
    }
  default: return nil
  }
}

/// From a whole number to an interval.
func intervalOfCountCast<A: FixedWidthInteger & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  func rule<R: FixedWidthInteger & ResultElement & Sendable>(
    _ result: R.Type, _ unit: IntervalUnit
  ) -> CastRule {
    let size = unit.size
    return CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: A) -> R? in
        let (product, overflow) = Int64(x).multipliedReportingOverflow(by: size)
        if !overflow, let value = R(exactly: product) { return value }
        if isTry { return nil }
        throw castOverflow(.integer(Int64(x)), from: from, to: to)
      }
    }
  }
  switch to {
  case .dayTimeInterval(_, let last): return rule(Int64.self, last)
  case .yearMonthInterval(_, let last): return rule(Int32.self, last)
  default: return nil
  }
}

/// From DECIMAL to an interval, rounded half up to months or microseconds.
func intervalOfDecimalCast(
  _ ownScale: Int, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  func rule<R: FixedWidthInteger & ResultElement & Sendable>(
    _ result: R.Type, _ unit: IntervalUnit
  ) -> CastRule {
    let size = Int128(unit.size)
    return CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: Int128) -> R? in
        let (product, overflow) = x.multipliedReportingOverflow(by: size)
        if !overflow,
          let rounded = Decimals.rescale(product, from: ownScale, to: 0, precision: 38),
          let value = R(exactly: rounded)
        {
          return value
        }
        if isTry { return nil }
        throw castOverflow(.decimal(x), from: from, to: to)
      }
    }
  }
  switch to {
  case .dayTimeInterval(_, let last): return rule(Int64.self, last)
  case .yearMonthInterval(_, let last): return rule(Int32.self, last)
  default: return nil
  }
}
