import Columns
import Glibc

/// One value of any type a group, or NULL: what `first`, `max` and `max_by` keep.
///
/// Fixed-width values lie densely, strings in cells that grow in place, nested values as `Scalar`s.
struct GroupValues: ~Copyable {
  let type: DataType
  private let width: Int
  private var isSet = GroupArray<Bool>(empty: false)
  private var fixed1 = GroupArray<UInt8>(empty: 0)
  private var fixed8 = GroupArray<UInt64>(empty: 0)
  private var fixed16 = GroupArray<Int128>(empty: 0)
  private var texts = GroupArray<TextCell>(empty: TextCell())
  private var nested: [Scalar] = []
  private var textBytes = 0
  private let form: Form

  private enum Form { case bits, narrow, wide, text, nested }

  /// Bytes that one group owns.
  private struct TextCell: BitwiseCopyable {
    var bytes: UnsafeMutableRawPointer?
    var count: Int32 = 0
    var capacity: Int32 = 0
  }

  init(_ type: DataType) {
    self.type = type
    switch type.layout {
    case .bits: (form, width) = (.bits, 1)
    case .fixed(width: 16): (form, width) = (.wide, 16)
    case .fixed(let width): (form, self.width) = (.narrow, width)
    case .views: (form, width) = (.text, 0)
    default: (form, width) = (.nested, 0)
    }
  }

  deinit {
    for group in 0..<texts.count { texts.pointer[group].bytes?.deallocate() }
  }

  mutating func grow(to count: Int) {
    isSet.grow(to: count)
    switch form {
    case .bits: fixed1.grow(to: count)
    case .narrow: fixed8.grow(to: count)
    case .wide: fixed16.grow(to: count)
    case .text: texts.grow(to: count)
    case .nested:
      if nested.count < count {
        nested += Array(repeating: .null, count: count - nested.count)
      }
    }
  }

  /// Whether the group's value is NULL.
  func isNull(_ group: Int) -> Bool { !isSet.pointer[group] }

  mutating func setNull(_ group: Int) { isSet.pointer[group] = false }

  /// Takes a row's value.
  mutating func set(_ group: Int, _ vector: Vector, _ row: Int) {
    if vector.isNull(row) { return setNull(group) }
    isSet.pointer[group] = true
    let at = vector.position(row)
    switch form {
    case .bits: fixed1.pointer[group] = vector.boolean(row) ? 1 : 0
    case .narrow:
      memcpy(fixed8.pointer + group, vector.values.pointer + at * width, width)
    case .wide: fixed16.pointer[group] = vector.typed(Int128.self)[at]
    case .text: setText(group, vector.strings[row])
    case .nested: nested[group] = vector.scalar(row)
    }
  }

  private mutating func setText(_ group: Int, _ text: UnsafeRawBufferPointer) {
    let cell = texts.pointer + group
    if Int(cell.pointee.capacity) < text.count {
      let capacity = max(text.count, 16)
      cell.pointee.bytes?.deallocate()
      cell.pointee.bytes = .allocate(byteCount: capacity, alignment: 8)
      textBytes += capacity - Int(cell.pointee.capacity)
      cell.pointee.capacity = Int32(capacity)
    }
    if let source = text.baseAddress, let target = cell.pointee.bytes {
      memcpy(target, source, text.count)
    }
    cell.pointee.count = Int32(text.count)
  }

  private func text(_ group: Int) -> UnsafeRawBufferPointer {
    let cell = texts.pointer[group]
    return UnsafeRawBufferPointer(start: cell.bytes, count: Int(cell.count))
  }

  /// The order of a group's value, which is not NULL, against a row's, which is not NULL.
  func compare(_ group: Int, _ vector: Vector, _ row: Int) -> Int {
    let at = vector.position(row)
    switch form {
    case .bits: return Int(fixed1.pointer[group]) - (vector.boolean(row) ? 1 : 0)
    case .wide:
      let (p, q) = (fixed16.pointer[group], vector.typed(Int128.self)[at])
      return p < q ? -1 : (p == q ? 0 : 1)
    case .text:
      let (p, q) = (text(group), vector.strings[row])
      if let a = p.baseAddress, let b = q.baseAddress {
        let order = memcmp(a, b, min(p.count, q.count))
        if order != 0 { return Int(order) }
      }
      return p.count - q.count
    case .nested: return ValueOrder.compare(nested[group], vector.scalar(row))
    case .narrow: return compareNarrow(group, vector, at)
    }
  }

  private func compareNarrow(_ group: Int, _ vector: Vector, _ at: Int) -> Int {
    let word = fixed8.pointer[group]
    switch vector.type {
    case .double:
      return ValueOrder.doubles(Double(bitPattern: word), vector.typed(Double.self)[at])
    case .float:
      let held = Float(bitPattern: UInt32(truncatingIfNeeded: word))
      return ValueOrder.doubles(Double(held), Double(vector.typed(Float.self)[at]))
    default: break
    }
    let (p, q): (Int64, Int64)
    switch width {
    case 1: (p, q) = (Int64(Int8(truncatingIfNeeded: word)), Int64(vector.typed(Int8.self)[at]))
    case 2: (p, q) = (Int64(Int16(truncatingIfNeeded: word)), Int64(vector.typed(Int16.self)[at]))
    case 4: (p, q) = (Int64(Int32(truncatingIfNeeded: word)), Int64(vector.typed(Int32.self)[at]))
    default: (p, q) = (Int64(bitPattern: word), vector.typed(Int64.self)[at])
    }
    return p < q ? -1 : (p == q ? 0 : 1)
  }

  /// The values of some groups.
  func vector(_ groups: Selection) -> Vector {
    let validity = isSet.bits(groups) { $0 }
    switch form {
    case .bits:
      let bits = fixed1.bits(groups) { $0 != 0 }
      return Vector(type, count: groups.count, validity: validity, values: bits)
    case .wide: return fixed16.vector(type, groups, validity: validity)
    case .narrow:
      let out = Buffer(capacity: groups.count * width)
      for index in 0..<groups.count {
        memcpy(out.pointer + index * width, fixed8.pointer + Int(groups.rows[index]), width)
      }
      return Vector(type, count: groups.count, validity: validity, values: out)
    case .text, .nested:
      let builder = VectorBuilder(type, capacity: groups.count)
      for index in 0..<groups.count {
        let group = Int(groups.rows[index])
        if isNull(group) {
          builder.appendNull()
        } else if form == .text {
          builder.append(bytes: text(group))
        } else {
          builder.append(nested[group])
        }
      }
      return builder.finish()
    }
  }

  mutating func reset(_ groups: Selection) {
    isSet.reset(groups)
    if form == .nested {
      for index in 0..<groups.count { nested[Int(groups.rows[index])] = .null }
    }
  }

  var memoryBytes: Int {
    isSet.memoryBytes + fixed1.memoryBytes + fixed8.memoryBytes + fixed16.memoryBytes
      + texts.memoryBytes + textBytes + nested.count * 64
  }
}
