import Columns
import Contract

/// From an integer type.
func integerCast<A: FixedWidthInteger & SignedInteger & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  switch to {
  case .byte: return narrowed(a, Int8.self, from: from, to: to, isTry: isTry)
  case .short: return narrowed(a, Int16.self, from: from, to: to, isTry: isTry)
  case .int: return narrowed(a, Int32.self, from: from, to: to, isTry: isTry)
  case .long: return narrowed(a, Int64.self, from: from, to: to, isTry: isTry)
  case .float: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in Float(x) } }
  case .double: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in Double(x) } }
  case .boolean: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in x != 0 } }
  case .decimal: return integerToDecimal(a, from: from, to: to, isTry: isTry)
  case .timestamp: return secondsCast(a)
  default: return intervalOfCountCast(a, from: from, to: to, isTry: isTry)
  }
}

private func narrowed<
  A: FixedWidthInteger & SignedInteger & ColumnElement & Sendable,
  B: FixedWidthInteger & SignedInteger & ResultElement & Sendable
>(_ a: A.Type, _ b: B.Type, from: DataType, to: DataType, isTry: Bool) -> CastRule {
  if B.bitWidth >= A.bitWidth {
    return CastRule { column, _ in
      try mapped(column, to: to) { (x: A) in B(truncatingIfNeeded: x) }
    }
  }
  return CastRule(canFail: true) { column, _ in
    if isTry { return try mappedOrNull(column, to: to) { (x: A) in B(exactly: x) } }
    return try mapped(column, to: to) { (x: A) in
      guard let y = B(exactly: x) else {
        throw castOverflow(.integer(Int64(x)), from: from, to: to)
      }
      return y
    }
  }
}

/// From FLOAT or DOUBLE.
func fractionCast<A: BinaryFloatingPoint & ColumnElement & Sendable>(
  _ a: A.Type, from: DataType, to: DataType, isTry: Bool
) -> CastRule? {
  switch to {
  case .byte: return truncated(a, Int8.self, from: from, to: to, isTry: isTry)
  case .short: return truncated(a, Int16.self, from: from, to: to, isTry: isTry)
  case .int: return truncated(a, Int32.self, from: from, to: to, isTry: isTry)
  case .long: return truncated(a, Int64.self, from: from, to: to, isTry: isTry)
  case .float: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in Float(x) } }
  case .double: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in Double(x) } }
  case .boolean: return CastRule { column, _ in try mapped(column, to: to) { (x: A) in x != 0 } }
  case .decimal: return fractionToDecimal(a, to: to, isTry: isTry)
  case .timestamp: return fractionSecondsCast(a, from: from, isTry: isTry)
  default: return nil
  }
}

private func truncated<
  A: BinaryFloatingPoint & ColumnElement & Sendable,
  B: FixedWidthInteger & SignedInteger & ResultElement & Sendable
>(_ a: A.Type, _ b: B.Type, from: DataType, to: DataType, isTry: Bool) -> CastRule {
  CastRule(canFail: true) { column, _ in
    if isTry {
      return try mappedOrNull(column, to: to) { (x: A) -> B? in wholePart(x) }
    }
    return try mapped(column, to: to) { (x: A) -> B in
      guard let y: B = wholePart(x) else {
        throw castOverflow(.double(Double(x)), from: from, to: to)
      }
      return y
    }
  }
}

/// The integer left when the fraction is cut off, or nil beyond the type's range.
@inline(__always)
private func wholePart<A: BinaryFloatingPoint, B: FixedWidthInteger & SignedInteger>(_ x: A) -> B? {
  if let y = B(exactly: x.rounded(.towardZero)) { return y }
  // 2^63 as DOUBLE stands for the largest BIGINT, as in Java.
  return x.isFinite && Double(x) == -Double(B.min) && B.bitWidth == 64 ? B.max : nil
}

/// From BOOLEAN.
func booleanCast(to: DataType) -> CastRule? {
  switch to {
  case .byte:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Int8 in x ? 1 : 0 } }
  case .short:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Int16 in x ? 1 : 0 } }
  case .int:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Int32 in x ? 1 : 0 } }
  case .long:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Int64 in x ? 1 : 0 } }
  case .float:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Float in x ? 1 : 0 } }
  case .double:
    CastRule { column, _ in try mapped(column, to: to) { (x: Bool) -> Double in x ? 1 : 0 } }
  default: nil
  }
}
