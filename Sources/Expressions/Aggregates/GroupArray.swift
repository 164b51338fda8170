import Columns

/// One value a group, densely: group `g` is element `g`. The memory behind accumulators.
struct GroupArray<Element: BitwiseCopyable>: ~Copyable {
  /// Taken into a local before a loop, so that no row pays for an exclusivity check.
  private(set) var pointer: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private let memory = LargeMemory(capacity: 0)
  private let empty: Element

  /// `empty` is what a new or emptied group holds.
  init(empty: Element) {
    self.empty = empty
    pointer = memory.pointer.assumingMemoryBound(to: Element.self)
  }

  mutating func grow(to newCount: Int) {
    memory.grow(to: newCount * MemoryLayout<Element>.stride)
    pointer = memory.pointer.assumingMemoryBound(to: Element.self)
    if newCount > count {
      (pointer + count).update(repeating: empty, count: newCount - count)
      count = newCount
    }
  }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count { pointer[Int(groups.rows[index])] = empty }
  }

  var memoryBytes: Int { memory.capacity }

  /// The values of some groups as a vector of a type with the same width.
  func vector(_ type: DataType, _ groups: Selection, validity: Buffer? = nil) -> Vector {
    let out = Buffer(capacity: groups.count * MemoryLayout<Element>.stride)
    let (target, source, rows) = (out.typed(Element.self), pointer, groups.rows)
    for index in 0..<groups.count { target[index] = source[Int(rows[index])] }
    return Vector(type, count: groups.count, validity: validity, values: out)
  }

  /// Validity bits: which groups' values satisfy a condition.
  @inline(__always)
  func bits(_ groups: Selection, where condition: (Element) -> Bool) -> Buffer {
    let out = Buffer.zeroed(capacity: Bitmap.byteCount(groups.count))
    for index in 0..<groups.count where condition(pointer[Int(groups.rows[index])]) {
      Bitmap.set(out.pointer, index)
    }
    return out
  }
}

extension GroupArray where Element == Int64 {
  /// The values of some groups in any integer type: LONG, DATE, intervals.
  func integers(_ type: DataType, _ groups: Selection, validity: Buffer?) -> Vector {
    vector(.long, groups, validity: validity).narrowed(to: type)
  }
}

extension Vector {
  /// Calls `body` with every row below `count` that is not NULL.
  @inline(__always)
  func forEachValid(_ count: Int, _ body: (Int) throws -> Void) rethrows {
    if nullCount == 0 {
      for row in 0..<count { try body(row) }
    } else if let validity, !isConstant {
      let bits = validity.pointer
      for row in 0..<count where Bitmap.get(bits, row) { try body(row) }
    }
  }

  /// How far apart the rows lie: 0 in a constant vector, whose every row is its first.
  @inline(__always)
  var stride: Int { isConstant ? 0 : 1 }

  private var storedCount: Int { isConstant ? min(count, 1) : count }

  /// Any integer, date, time or interval type as 64-bit integers.
  func widened() -> Vector {
    guard type.layout != .fixed(width: 8), type != .null else {
      return type == .null ? .nulls(.long, count: count) : reinterpreted(as: .long)
    }
    let stored = storedCount
    let out = Buffer(capacity: stored * 8)
    let target = out.typed(Int64.self)
    switch type.layout {
    case .fixed(width: 4):
      let source = typed(Int32.self)
      for row in 0..<stored { target[row] = Int64(source[row]) }
    case .fixed(width: 2):
      let source = typed(Int16.self)
      for row in 0..<stored { target[row] = Int64(source[row]) }
    case .fixed(width: 1):
      let source = typed(Int8.self)
      for row in 0..<stored { target[row] = Int64(source[row]) }
    default: preconditionFailure("\(type) has no integers")
    }
    return Vector(
      .long, count: count, validity: validity, values: out, isConstant: isConstant)
  }

  /// The other way: 64-bit integers that fit a narrower type.
  func narrowed(to type: DataType) -> Vector {
    let stored = storedCount
    let source = typed(Int64.self)
    guard case .fixed(let width) = type.layout, width != 8 else { return reinterpreted(as: type) }
    let out = Buffer(capacity: stored * width)
    switch width {
    case 4:
      let target = out.typed(Int32.self)
      for row in 0..<stored { target[row] = Int32(truncatingIfNeeded: source[row]) }
    case 2:
      let target = out.typed(Int16.self)
      for row in 0..<stored { target[row] = Int16(truncatingIfNeeded: source[row]) }
    default:
      let target = out.typed(Int8.self)
      for row in 0..<stored { target[row] = Int8(truncatingIfNeeded: source[row]) }
    }
    return Vector(type, count: count, validity: validity, values: out, isConstant: isConstant)
  }

  /// Any numeric type as DOUBLE; intervals as their number of units.
  func asDoubles() -> Vector {
    if type == .double { return self }
    if type == .null { return .nulls(.double, count: count) }
    let stored = storedCount
    let out = Buffer(capacity: stored * 8)
    let target = out.typed(Double.self)
    switch type {
    case .float:
      let source = typed(Float.self)
      for row in 0..<stored { target[row] = Double(source[row]) }
    case .decimal(_, let scale):
      let source = typed(Int128.self)
      for row in 0..<stored { target[row] = DecimalText.double(source[row], scale: scale) }
    default:
      let wide = widened()
      let source = wide.typed(Int64.self)
      for row in 0..<stored { target[row] = Double(source[row]) }
    }
    return Vector(.double, count: count, validity: validity, values: out, isConstant: isConstant)
  }
}
