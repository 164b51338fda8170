import Columns
import Glibc

/// The order and the identity of values of any orderable type, as `ORDER BY`, `max` and the array
/// functions see them: NULL first, NaN greater than every number, -0.0 equal to 0.0, BINARY and
/// STRING by unsigned bytes, nested values member by member.
enum ValueOrder {
  /// Less than 0, 0 or more than 0.
  static func compare(_ a: Vector, _ row: Int, _ b: Vector, _ otherRow: Int) -> Int {
    switch (a.isNull(row), b.isNull(otherRow)) {
    case (true, true): return 0
    case (true, false): return -1
    case (false, true): return 1
    case (false, false): return compareValues(a, a.position(row), b, b.position(otherRow))
    }
  }

  /// The same for rows known not to be NULL, by their positions in the buffers.
  static func compareValues(_ a: Vector, _ x: Int, _ b: Vector, _ y: Int) -> Int {
    switch a.type {
    case .null: return 0
    case .boolean:
      let (p, q) = (Bitmap.get(a.values.pointer, x), Bitmap.get(b.values.pointer, y))
      return p == q ? 0 : (q ? -1 : 1)
    case .double: return doubles(a.typed(Double.self)[x], b.typed(Double.self)[y])
    case .float:
      return doubles(Double(a.typed(Float.self)[x]), Double(b.typed(Float.self)[y]))
    case .string, .binary: return a.strings.compare(x, b.strings, y)
    case .array: return compareLists(a, x, b, y)
    case .structure:
      for (left, right) in zip(a.children, b.children) {
        let order = compare(left, x, right, y)
        if order != 0 { return order }
      }
      return 0
    case .map: return compareMaps(a, x, b, y)
    default: return compareFixed(a, x, b, y)
    }
  }

  @inline(__always)
  static func doubles(_ p: Double, _ q: Double) -> Int {
    if p < q { return -1 }
    if p > q { return 1 }
    if p == q { return 0 }
    return p.isNaN ? (q.isNaN ? 0 : 1) : -1
  }

  private static func compareFixed(_ a: Vector, _ x: Int, _ b: Vector, _ y: Int) -> Int {
    switch a.type.layout {
    case .fixed(width: 1): return order(a.typed(Int8.self)[x], b.typed(Int8.self)[y])
    case .fixed(width: 2): return order(a.typed(Int16.self)[x], b.typed(Int16.self)[y])
    case .fixed(width: 4): return order(a.typed(Int32.self)[x], b.typed(Int32.self)[y])
    case .fixed(width: 8): return order(a.typed(Int64.self)[x], b.typed(Int64.self)[y])
    default: return order(a.typed(Int128.self)[x], b.typed(Int128.self)[y])
    }
  }

  @inline(__always)
  private static func order<T: Comparable>(_ p: T, _ q: T) -> Int { p < q ? -1 : (p == q ? 0 : 1) }

  private static func compareLists(_ a: Vector, _ x: Int, _ b: Vector, _ y: Int) -> Int {
    let (p, q) = (a.range(x), b.range(y))
    for index in 0..<min(p.count, q.count) {
      let order = compare(
        a.children[0], p.lowerBound + index, b.children[0], q.lowerBound + index)
      if order != 0 { return order }
    }
    return p.count - q.count
  }

  /// Maps have no order in SQL; entry by entry as they lie tells equal ones apart from others.
  private static func compareMaps(_ a: Vector, _ x: Int, _ b: Vector, _ y: Int) -> Int {
    let (p, q) = (a.range(x), b.range(y))
    for index in 0..<min(p.count, q.count) {
      for child in 0..<2 {
        let order = compare(
          a.children[child], p.lowerBound + index, b.children[child], q.lowerBound + index)
        if order != 0 { return order }
      }
    }
    return p.count - q.count
  }

  /// The same order over single values. Types are equal, so that the cases meet.
  static func compare(_ a: Scalar, _ b: Scalar) -> Int {
    switch (a, b) {
    case (.null, .null): return 0
    case (.null, _): return -1
    case (_, .null): return 1
    case (.boolean(let p), .boolean(let q)): return p == q ? 0 : (q ? -1 : 1)
    case (.integer(let p), .integer(let q)): return order(p, q)
    case (.double(let p), .double(let q)): return doubles(p, q)
    case (.decimal(let p), .decimal(let q)): return order(p, q)
    case (.bytes(let p), .bytes(let q)):
      let common = min(p.count, q.count)
      let order = memcmp(p, q, common)
      return order != 0 ? Int(order) : p.count - q.count
    case (.array(let p), .array(let q)), (.structure(let p), .structure(let q)):
      for (left, right) in zip(p, q) {
        let order = compare(left, right)
        if order != 0 { return order }
      }
      return p.count - q.count
    case (.map(let p), .map(let q)):
      for (left, right) in zip(p, q) {
        let keys = compare(left.key, right.key)
        if keys != 0 { return keys }
        let values = compare(left.value, right.value)
        if values != 0 { return values }
      }
      return p.count - q.count
    default: preconditionFailure("values of two types cannot be compared")
    }
  }
}

/// The identity of values as bytes: equal values, and only they, have equal keys. For sets.
struct ValueKey {
  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(64) }

  mutating func clear() { bytes.removeAll(keepingCapacity: true) }

  private mutating func append<T>(_ value: T) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// Adds one value. Each value says where it ends, so that keys of several values are unambiguous.
  mutating func append(_ vector: Vector, _ row: Int) {
    if vector.isNull(row) {
      bytes.append(0)
      return
    }
    bytes.append(1)
    let at = vector.position(row)
    switch vector.type {
    case .null: break
    case .boolean: bytes.append(vector.boolean(row) ? 1 : 0)
    case .double: append(Self.normalized(vector.typed(Double.self)[at]).bitPattern)
    case .float:
      append(Float(Self.normalized(Double(vector.typed(Float.self)[at]))).bitPattern)
    case .string, .binary:
      let text = vector.strings[row]
      append(UInt32(truncatingIfNeeded: text.count))
      bytes.append(contentsOf: text)
    case .array, .map:
      let range = vector.range(row)
      append(UInt32(truncatingIfNeeded: range.count))
      for element in range {
        for child in vector.children { append(child, element) }
      }
    case .structure: for child in vector.children { append(child, at) }
    default:
      guard case .fixed(let width) = vector.type.layout else { return }
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(
          start: vector.values.pointer + at * width, count: width))
    }
  }

  /// All NaNs are one, and so are the two zeros.
  private static func normalized(_ value: Double) -> Double {
    value.isNaN ? .nan : (value == 0 ? 0 : value)
  }
}
