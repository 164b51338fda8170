import Columns
import Contract
import Glibc

/// The order and equality of values of any type, row by row: the one definition that comparisons of
/// nested values, sorting, `greatest`, `array_sort` and map look-ups share.
///
/// NaN equals NaN and is greater than every other number; -0.0 equals 0.0; text goes by its bytes;
/// inside arrays and structs a NULL equals a NULL and is less than every value.
public final class RowOrder {
  private let first: Vector
  private let second: Vector
  private let kind: Kind
  /// Of the children of nested types.
  private let members: [RowOrder]

  private enum Kind {
    case alwaysEqual, bits, int8, int16, int32, int64, int128, float, double, text, list, structure
  }

  /// Compares rows of one vector with rows of another of the same type (or the same vector).
  public init(_ first: Vector, _ second: Vector) {
    self.first = first
    self.second = second
    switch first.type.layout {
    case .none: kind = .alwaysEqual
    case .bits: kind = .bits
    case .fixed(width: 1): kind = .int8
    case .fixed(width: 2): kind = .int16
    case .fixed(width: 4): kind = first.type == .float ? .float : .int32
    case .fixed(width: 8): kind = first.type == .double ? .double : .int64
    case .fixed: kind = .int128
    case .views: kind = .text
    case .lists: kind = .list
    case .structure: kind = .structure
    }
    members = zip(first.children, second.children).map { RowOrder($0, $1) }
  }

  /// Less than 0, 0 or more than 0 for two rows that are not NULL.
  public func compare(_ a: Int, _ b: Int) -> Int {
    let (i, j) = (first.position(a), second.position(b))
    switch kind {
    case .alwaysEqual: return 0
    case .bits: return (first.boolean(a) ? 1 : 0) &- (second.boolean(b) ? 1 : 0)
    case .int8: return Self.order(first.typed(Int8.self)[i], second.typed(Int8.self)[j])
    case .int16: return Self.order(first.typed(Int16.self)[i], second.typed(Int16.self)[j])
    case .int32: return Self.order(first.typed(Int32.self)[i], second.typed(Int32.self)[j])
    case .int64: return Self.order(first.typed(Int64.self)[i], second.typed(Int64.self)[j])
    case .int128: return Self.order(first.typed(Int128.self)[i], second.typed(Int128.self)[j])
    case .float:
      return Self.fractionOrder(
        Double(first.typed(Float.self)[i]), Double(second.typed(Float.self)[j]))
    case .double: return Self.fractionOrder(first.typed(Double.self)[i], second.typed(Double.self)[j])
    case .text: return first.strings.compare(a, second.strings, b)
    case .list: return compareLists(first.range(a), second.range(b))
    case .structure:
      for member in members {
        let order = member.compareNullsFirst(i, j)
        if order != 0 { return order }
      }
      return 0
    }
  }

  /// As `compare`, for rows that may be NULL: NULL is equal to NULL and less than any value.
  public func compareNullsFirst(_ a: Int, _ b: Int) -> Int {
    let (isNull, isOtherNull) = (first.isNull(a), second.isNull(b))
    if isNull || isOtherNull { return (isNull ? 0 : 1) &- (isOtherNull ? 0 : 1) }
    return compare(a, b)
  }

  /// Whether two rows that are not NULL are equal.
  public func equal(_ a: Int, _ b: Int) -> Bool {
    switch kind {
    case .text: first.strings.equal(a, second.strings, b)
    case .list where first.range(a).count != second.range(b).count: false
    default: compare(a, b) == 0
    }
  }

  /// Whether two rows are equal or both NULL.
  public func same(_ a: Int, _ b: Int) -> Bool {
    let (isNull, isOtherNull) = (first.isNull(a), second.isNull(b))
    return isNull || isOtherNull ? isNull && isOtherNull : equal(a, b)
  }

  private func compareLists(_ a: Range<Int>, _ b: Range<Int>) -> Int {
    for offset in 0..<min(a.count, b.count) {
      for member in members {
        let order = member.compareNullsFirst(a.lowerBound &+ offset, b.lowerBound &+ offset)
        if order != 0 { return order }
      }
    }
    return a.count &- b.count
  }

  @inline(__always)
  private static func order<T: Comparable>(_ a: T, _ b: T) -> Int {
    a < b ? -1 : a == b ? 0 : 1
  }

  /// Spark's order of floating-point numbers.
  @inline(__always)
  static func fractionOrder(_ a: Double, _ b: Double) -> Int {
    if a < b { return -1 }
    if a == b { return 0 }
    if a > b { return 1 }
    return (a.isNaN ? 1 : 0) &- (b.isNaN ? 1 : 0)
  }
}
