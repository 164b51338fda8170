import Columns
import Contract
import Glibc

/// The six comparisons; `=` and `<=>` share `equal`.
enum Comparison: Sendable {
  case equal, less, lessOrEqual, greater, greaterOrEqual

  /// The comparison that holds when the operands change sides.
  var mirrored: Comparison {
    switch self {
    case .equal: .equal
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

/// One bit a row from a test of the row's number, packed word by word.
@inline(__always)
func packedBits(_ count: Int, _ test: (Int) -> Bool) -> Buffer {
  let buffer = Buffer.zeroed(capacity: Bitmap.byteCount(count))
  let words = buffer.typed(UInt64.self)
  let whole = count >> 6
  for word in 0..<whole {
    let start = word &<< 6
    var bits: UInt64 = 0
    for bit in 0..<64 {
      bits |= (test(start &+ bit) ? 1 : 0) &<< UInt64(truncatingIfNeeded: bit)
    }
    words[word] = bits
  }
  var bits: UInt64 = 0
  for bit in 0..<(count & 63) {
    bits |= (test(whole &<< 6 &+ bit) ? 1 : 0) &<< UInt64(truncatingIfNeeded: bit)
  }
  if count & 63 != 0 { words[whole] = bits }
  return buffer
}

/// A comparison of two columns of one type; NULL where either is.
func compared(_ a: Vector, _ b: Vector, _ comparison: Comparison) -> Vector {
  let shape = KernelShape(a, b)
  if shape.isAllNull { return .nulls(.boolean, count: a.count) }
  return shape.vector(.boolean, comparisonBits(a, b, comparison, shape))
}

/// The bits of a comparison; those of NULL rows may be anything.
private func comparisonBits(
  _ a: Vector, _ b: Vector, _ comparison: Comparison, _ shape: KernelShape
) -> Buffer {
  if a.isConstant, !b.isConstant { return comparisonBits(b, a, comparison.mirrored, shape) }
  let count = shape.computed
  switch a.type.layout {
  case .fixed(width: 1): return fixedBits(Int8.self, a, b, comparison, count)
  case .fixed(width: 2): return fixedBits(Int16.self, a, b, comparison, count)
  case .fixed(width: 4):
    return a.type == .float
      ? fractionBits(Float.self, a, b, comparison, count)
      : fixedBits(Int32.self, a, b, comparison, count)
  case .fixed(width: 8):
    return a.type == .double
      ? fractionBits(Double.self, a, b, comparison, count)
      : fixedBits(Int64.self, a, b, comparison, count)
  case .fixed: return fixedBits(Int128.self, a, b, comparison, count)
  case .views where comparison == .equal: return equalTextBits(a, b, shape)
  case .views:
    let (x, y) = (a.strings, b.strings)
    return orderBits(comparison, shape) { x.compare($0, y, $0) }
  default:
    return orderBits(comparison, shape) {
      ValueOrder.compareValues(a, a.position($0), b, b.position($0))
    }
  }
}

@inline(__always)
private func orderBits(
  _ comparison: Comparison, _ shape: KernelShape, _ order: (Int) -> Int
) -> Buffer {
  // Only rows that have values: a NULL's view or offsets may be anything.
  let out = Buffer.zeroed(capacity: Bitmap.byteCount(shape.computed))
  for row in 0..<shape.computed {
    if let validity = shape.validity, !Bitmap.get(validity.pointer, row) { continue }
    let found = order(row)
    let holds =
      switch comparison {
      case .equal: found == 0
      case .less: found < 0
      case .lessOrEqual: found <= 0
      case .greater: found > 0
      case .greaterOrEqual: found >= 0
      }
    if holds { Bitmap.set(out.pointer, row) }
  }
  return out
}

private func fixedBits<T: Comparable>(
  _ type: T.Type, _ a: Vector, _ b: Vector, _ comparison: Comparison, _ count: Int
) -> Buffer {
  let x = a.typed(T.self)
  if b.isConstant {
    let y = b.typed(T.self)[0]
    switch comparison {
    case .equal: return packedBits(count) { x[$0] == y }
    case .less: return packedBits(count) { x[$0] < y }
    case .lessOrEqual: return packedBits(count) { x[$0] <= y }
    case .greater: return packedBits(count) { x[$0] > y }
    case .greaterOrEqual: return packedBits(count) { x[$0] >= y }
    }
  }
  let y = b.typed(T.self)
  switch comparison {
  case .equal: return packedBits(count) { x[$0] == y[$0] }
  case .less: return packedBits(count) { x[$0] < y[$0] }
  case .lessOrEqual: return packedBits(count) { x[$0] <= y[$0] }
  case .greater: return packedBits(count) { x[$0] > y[$0] }
  case .greaterOrEqual: return packedBits(count) { x[$0] >= y[$0] }
  }
}

/// NaN equals NaN and is greater than every other number.
private func fractionBits<T: BinaryFloatingPoint>(
  _ type: T.Type, _ a: Vector, _ b: Vector, _ comparison: Comparison, _ count: Int
) -> Buffer {
  let (x, y) = (FixedReader<T>(a), FixedReader<T>(b))
  @inline(__always) func equal(_ p: T, _ q: T) -> Bool { p == q || (p != p && q != q) }
  @inline(__always) func less(_ p: T, _ q: T) -> Bool { p < q || (q != q && p == p) }
  switch comparison {
  case .equal: return packedBits(count) { equal(x[$0], y[$0]) }
  case .less: return packedBits(count) { less(x[$0], y[$0]) }
  case .lessOrEqual: return packedBits(count) { !less(y[$0], x[$0]) }
  case .greater: return packedBits(count) { less(y[$0], x[$0]) }
  case .greaterOrEqual: return packedBits(count) { !less(x[$0], y[$0]) }
  }
}

/// Text equality: most rows are decided by the view's words, without a look at the bytes.
private func equalTextBits(_ a: Vector, _ b: Vector, _ shape: KernelShape) -> Buffer {
  let (x, y) = (a.strings, b.strings)
  if b.isConstant, shape.computed > 0 {
    let wanted = y.view(0)
    let views = x.views
    if a.isConstant { return packedBits(shape.computed) { _ in x.equal(0, y, 0) } }
    if wanted.isInline {
      let (low, high) = (wanted.low, wanted.high)
      return packedBits(shape.computed) {
        (views[$0].low ^ low) | (views[$0].high ^ high) == 0
      }
    }
  }
  let out = Buffer.zeroed(capacity: Bitmap.byteCount(shape.computed))
  for row in 0..<shape.computed {
    if let validity = shape.validity, !Bitmap.get(validity.pointer, row) { continue }
    if x.equal(row, y, row) { Bitmap.set(out.pointer, row) }
  }
  return out
}

/// `<=>`: as `=`, but a NULL equals a NULL; never NULL itself.
func comparedNullSafe(_ a: Vector, _ b: Vector) -> Vector {
  let count = a.count
  if a.type == .null { return .constant(.boolean(true), .boolean, count: count) }
  let (aNull, bNull) = (nullBits(a), nullBits(b))
  let out = Buffer.zeroed(capacity: Bitmap.byteCount(count))
  let equal = compared(a, b, .equal).flat
  let (words, bits) = (out.typed(UInt64.self), equal.values.typed(UInt64.self))
  let valid = equal.validity?.typed(UInt64.self)
  let isNeverEqual = equal.nullCount == count
  for word in 0..<((count &+ 63) >> 6) {
    let same = isNeverEqual ? 0 : bits[word] & (valid?[word] ?? ~0)
    words[word] = same | (aNull(word) & bNull(word))
  }
  return Vector(.boolean, count: count, values: masked(out, count))
}

/// The words of a bitmap of NULLs.
private func nullBits(_ vector: Vector) -> (Int) -> UInt64 {
  if vector.nullCount == 0 { return { _ in 0 } }
  if vector.nullCount == vector.count { return { _ in ~0 } }
  guard let words = vector.validity?.typed(UInt64.self) else { return { _ in ~0 } }
  return { ~words[$0] }
}

/// Clears the bits behind the last row.
@discardableResult
func masked(_ bits: Buffer, _ count: Int) -> Buffer {
  let rest = count & 63
  if rest != 0 { bits.typed(UInt64.self)[count >> 6] &= (1 << UInt64(rest)) &- 1 }
  return bits
}
