import Columns
import Contract

/// A rule to DECIMAL from a conversion that gives nil for a value with too many digits.
@inline(__always)
func decimalRule<A: ColumnElement & Sendable>(
  _ to: DataType, _ isTry: Bool, _ precision: Int, _ scale: Int, canFail: Bool = true,
  _ convert: @escaping @Sendable (A) -> Int128?, text: @escaping @Sendable (A) -> String
) -> CastRule {
  CastRule(canFail: canFail) { column, _ in
    try mappedOrNull(column, to: to) { (x: A) -> Int128? in
      if let value = convert(x) { return value }
      if isTry { return nil }
      throw decimalOverflow(text(x), precision, scale)
    }
  }
}

/// From an integer to DECIMAL.
func integerToDecimal<A: FixedWidthInteger & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  guard case .decimal(let precision, let scale) = to else { return nil }
  return decimalRule(to, isTry, precision, scale, canFail: !to.holds(from)) { (x: A) in
    Decimals.rescale(Int128(x), from: 0, to: scale, precision: precision)
  } text: {
    String($0)
  }
}

/// From FLOAT or DOUBLE to DECIMAL.
func fractionToDecimal<A: BinaryFloatingPoint & ColumnElement & Sendable>(
  _ a: A.Type, to: DataType, isTry: Bool
) -> CastRule? {
  guard case .decimal(let precision, let scale) = to else { return nil }
  return CastRule(canFail: true) { column, _ in
    try mappedOrNull(column, to: to) { (x: A) -> Int128? in
      // What is no number is NULL, in Spark's ANSI mode too.
      guard x.isFinite else { return nil }
      if case .value(let value) = DecimalText.read(Double(x), precision: precision, scale: scale) {
        return value
      }
      if isTry { return nil }
      let text = Scalar.double(Double(x)).plainText(.double, quoted: false)
      throw decimalOverflow(text, precision, scale)
    }
  }
}

/// From DECIMAL.
func decimalCast(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  guard case .decimal(let ownPrecision, let ownScale) = from else { return nil }
  switch to {
  case .decimal(let precision, let scale):
    let isWider = precision - scale >= ownPrecision - ownScale && scale >= ownScale
    return decimalRule(to, isTry, precision, scale, canFail: !isWider) { (x: Int128) in
      Decimals.rescale(x, from: ownScale, to: scale, precision: precision)
    } text: {
      decimalText($0, ownScale)
    }
  case .double:
    return CastRule { column, _ in
      try mapped(column, to: to) { (x: Int128) in DecimalText.double(x, scale: ownScale) }
    }
  case .float:
    return CastRule { column, _ in
      try mapped(column, to: to) { (x: Int128) in Float(DecimalText.double(x, scale: ownScale)) }
    }
  case .boolean:
    return CastRule { column, _ in try mapped(column, to: to) { (x: Int128) in x != 0 } }
  case .byte: return wholePart(Int8.self, ownScale, from: from, to: to, isTry)
  case .short: return wholePart(Int16.self, ownScale, from: from, to: to, isTry)
  case .int: return wholePart(Int32.self, ownScale, from: from, to: to, isTry)
  case .long: return wholePart(Int64.self, ownScale, from: from, to: to, isTry)
  case .timestamp:
    return CastRule(canFail: true) { column, _ in
      try mappedOrNull(column, to: to) { (x: Int128) -> Int64? in
        let (product, overflow) = x.multipliedReportingOverflow(by: 1_000_000)
        if !overflow, let us = Int64(exactly: product / Decimals.powersOfTen[ownScale]) {
          return us
        }
        if isTry { return nil }
        throw castOverflow(.decimal(x), from: from, to: to)
      }
    }
  default: return intervalOfDecimalCast(ownScale, from: from, to: to, isTry: isTry)
  }
}

private func wholePart<R: FixedWidthInteger & ResultElement & Sendable>(
  _ result: R.Type, _ scale: Int, from: DataType, to: DataType, _ isTry: Bool
) -> CastRule {
  CastRule(canFail: true) { column, _ in
    let unit = Decimals.powersOfTen[scale]
    return try mappedOrNull(column, to: to) { (x: Int128) -> R? in
      if let value = R(exactly: x / unit) { return value }
      if isTry { return nil }
      throw castOverflow(.decimal(x), from: from, to: to)
    }
  }
}

/// From BOOLEAN to DECIMAL.
func booleanToDecimal(to: DataType, isTry: Bool) -> CastRule? {
  guard case .decimal(let precision, let scale) = to else { return nil }
  return decimalRule(to, isTry, precision, scale) { (x: Bool) in
    Decimals.rescale(x ? 1 : 0, from: 0, to: scale, precision: precision)
  } text: {
    String($0)
  }
}
