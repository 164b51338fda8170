import Columns
import Glibc

/// How a codec treats a value: the type without its parameters.
@frozen
public enum ValueKind: UInt8, Sendable {
  case null, boolean, byte, short, int, long, float, double, decimal, string, binary, date
  case timestamp, timestampNtz, dayTimeInterval, yearMonthInterval, calendarInterval
  case array, map, structure

  init(_ type: DataType) {
    switch type {
    case .null: self = .null
    case .boolean: self = .boolean
    case .byte: self = .byte
    case .short: self = .short
    case .int: self = .int
    case .long: self = .long
    case .float: self = .float
    case .double: self = .double
    case .decimal: self = .decimal
    case .string: self = .string
    case .binary: self = .binary
    case .date: self = .date
    case .timestamp: self = .timestamp
    case .timestampNtz: self = .timestampNtz
    case .dayTimeInterval: self = .dayTimeInterval
    case .yearMonthInterval: self = .yearMonthInterval
    case .calendarInterval: self = .calendarInterval
    case .array: self = .array
    case .map: self = .map
    case .structure: self = .structure
    }
  }
}

/// One column being filled. Plain memory behind a pointer, so that a value costs neither an
/// exclusivity check nor a reference count.
struct ColumnSlot {
  var values: UnsafeMutableRawPointer
  /// One bit a row, 1 from the start; a NULL clears its bit.
  var validity: UnsafeMutableRawPointer
  var count = 0
  var capacity: Int
  var nullCount = 0
  let kind: ValueKind
  /// Bytes a value; 0 for bits and structs.
  let width: Int
  /// The children are consecutive slots.
  let firstChild: Int
  let childCount: Int
  /// Digits and scale of a DECIMAL; the ends of an interval.
  let precision: Int
  let scale: Int
}

/// The columns of a batch that a reader fills record by record, nested to any depth. A record that
/// turns out bad is taken back by `truncate`.
///
/// Slot 0 is the root: a struct of the wanted columns, or whatever `from_json` is asked for.
final class RecordColumns {
  let type: DataType
  let slots: UnsafeMutablePointer<ColumnSlot>
  let slotCount: Int
  private let types: [DataType]
  private var valueBuffers: [Buffer]
  private var validityBuffers: [Buffer]
  /// What string views point into: blocks of input, and blocks of strings that were unescaped.
  private(set) var blocks: [Buffer] = []
  private var arena: (block: Int, used: Int) = (-1, 0)
  private static let arenaCapacity = 1 << 16
  private let rowCapacity: Int

  init(_ type: DataType, rowCapacity: Int) {
    self.type = type
    self.rowCapacity = max(rowCapacity, 64)
    var types: [DataType] = [type]
    var firstChild: [Int] = []
    var next = 0
    // Breadth first, so that the children of one slot are neighbours.
    while next < types.count {
      firstChild.append(types.count)
      types += types[next].childTypes
      next += 1
    }
    self.types = types
    slotCount = types.count
    slots = .allocate(capacity: types.count)
    valueBuffers = Array(repeating: .empty, count: types.count)
    validityBuffers = valueBuffers
    for (slot, type) in types.enumerated() {
      var (precision, scale) = (0, 0)
      switch type {
      case .decimal(let p, let s): (precision, scale) = (p, s)
      case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
        (precision, scale) = (from.rawValue, to.rawValue)
      default: break
      }
      (slots + slot).initialize(
        to: ColumnSlot(
          values: Buffer.empty.pointer, validity: Buffer.empty.pointer, capacity: 0,
          kind: ValueKind(type), width: Self.width(type), firstChild: firstChild[slot],
          childCount: type.childTypes.count, precision: precision, scale: scale))
    }
  }

  deinit { slots.deallocate() }

  private static func width(_ type: DataType) -> Int {
    switch type.layout {
    case .fixed(let width): width
    case .views: 16
    case .lists: 4
    default: 0
    }
  }

  /// Rows of the root so far.
  var count: Int { slots[0].count }

  func type(of slot: Int) -> DataType { types[slot] }

  /// The field that a slot belongs to, as an error names it: `at.x`.
  func name(of slot: Int) -> String {
    for parent in 0..<slot {
      let first = slots[parent].firstChild
      guard (first..<(first + slots[parent].childCount)).contains(slot) else { continue }
      guard case .structure(let fields) = types[parent] else { return name(of: parent) }
      return (parent == 0 ? "" : name(of: parent) + ".") + fields[slot - first].name
    }
    return ""
  }

  // MARK: Values

  /// Makes room for one value more.
  @inline(__always)
  func reserve(_ slot: Int) {
    if slots[slot].count == slots[slot].capacity { grow(slot) }
  }

  @inline(never)
  private func grow(_ slot: Int) {
    let old = slots[slot].capacity
    let capacity = max(old &* 2, rowCapacity)
    let bits = Bitmap.byteCount(capacity)
    let validity = Buffer(capacity: bits)
    memset(validity.pointer, 0xFF, validity.capacity)
    memcpy(validity.pointer, slots[slot].validity, (old + 7) >> 3)
    let values: Buffer
    switch types[slot].layout {
    case .bits:
      values = .zeroed(capacity: bits)
      memcpy(values.pointer, slots[slot].values, (old + 7) >> 3)
    case .lists:
      values = Buffer(capacity: (capacity + 1) * 4)
      if old == 0 { values.typed(Int32.self)[0] = 0 }
      if old > 0 { memcpy(values.pointer, slots[slot].values, (old + 1) * 4) }
    case .none, .structure: values = .empty
    default:
      values = Buffer(capacity: capacity * slots[slot].width)
      memcpy(values.pointer, slots[slot].values, old * slots[slot].width)
    }
    valueBuffers[slot] = values
    validityBuffers[slot] = validity
    slots[slot].values = values.pointer
    slots[slot].validity = validity.pointer
    slots[slot].capacity = capacity
  }

  @inline(__always)
  func append<T: BitwiseCopyable>(_ value: T, to slot: Int) {
    reserve(slot)
    let at = slots + slot
    at.pointee.values.storeBytes(
      of: value, toByteOffset: at.pointee.count &* MemoryLayout<T>.size, as: T.self)
    at.pointee.count &+= 1
  }

  func append(boolean value: Bool, to slot: Int) {
    reserve(slot)
    let row = slots[slot].count
    if value {
      Bitmap.set(slots[slot].values, row)
    } else {
      Bitmap.clear(slots[slot].values, row)
    }
    slots[slot].count = row &+ 1
  }

  /// An integer that fits the slot's width.
  func append(integer value: Int64, to slot: Int) {
    switch slots[slot].width {
    case 8: append(value, to: slot)
    case 4: append(Int32(truncatingIfNeeded: value), to: slot)
    case 2: append(Int16(truncatingIfNeeded: value), to: slot)
    default: append(Int8(truncatingIfNeeded: value), to: slot)
    }
  }

  /// A NULL; the fields of a NULL struct are NULL too.
  func appendNull(_ slot: Int) {
    reserve(slot)
    let at = slots + slot
    let row = at.pointee.count
    Bitmap.clear(at.pointee.validity, row)
    at.pointee.nullCount &+= 1
    switch at.pointee.kind {
    case .array, .map:
      let offsets = at.pointee.values.assumingMemoryBound(to: Int32.self)
      offsets[row &+ 1] = offsets[row]
    case .structure:
      for child in 0..<at.pointee.childCount {
        let index = at.pointee.firstChild &+ child
        if slots[index].count > row { truncate(index, to: row) }
        appendNull(index)
      }
    case .null: break
    case .boolean: Bitmap.clear(at.pointee.values, row)
    default: memset(at.pointee.values + row &* at.pointee.width, 0, at.pointee.width)
    }
    slots[slot].count = row &+ 1
  }

  /// Ends a list whose elements are in the children now.
  func endList(_ slot: Int) {
    reserve(slot)
    let row = slots[slot].count
    let elements = slots[slots[slot].firstChild].count
    slots[slot].values.assumingMemoryBound(to: Int32.self)[row &+ 1] = Int32(
      truncatingIfNeeded: elements)
    slots[slot].count = row &+ 1
  }

  /// Ends a struct: fields that were not given are NULL.
  func endStructure(_ slot: Int) {
    reserve(slot)
    let row = slots[slot].count
    let first = slots[slot].firstChild
    for child in first..<(first &+ slots[slot].childCount) where slots[child].count <= row {
      appendNull(child)
    }
    slots[slot].count = row &+ 1
  }

  /// Takes back every value from row `count` on.
  func truncate(_ slot: Int, to count: Int) {
    let at = slots + slot
    guard at.pointee.count >= count else { return }
    if at.pointee.nullCount > 0 {
      for row in count..<at.pointee.count where !Bitmap.get(at.pointee.validity, row) {
        Bitmap.set(at.pointee.validity, row)
        at.pointee.nullCount &-= 1
      }
    }
    at.pointee.count = count
    for child in at.pointee.firstChild..<(at.pointee.firstChild &+ at.pointee.childCount) {
      switch at.pointee.kind {
      case .structure: truncate(child, to: count)
      default:
        // A list that was begun but not ended has elements behind its last offset.
        let end =
          at.pointee.capacity == 0
          ? 0 : Int(at.pointee.values.assumingMemoryBound(to: Int32.self)[count])
        truncate(child, to: end)
      }
    }
  }

  // MARK: Strings

  /// The block's number in views. A block is added once a batch.
  func add(block: Buffer) -> Int {
    if let last = blocks.last, last === block { return blocks.count - 1 }
    // Strings that were unescaped meanwhile may stand behind it.
    if let known = blocks.lastIndex(where: { $0 === block }) { return known }
    blocks.append(block)
    return blocks.count - 1
  }

  /// A copy of these bytes, and its view.
  func view(copying bytes: UnsafeRawBufferPointer) -> StringView {
    let count = bytes.count
    guard let source = bytes.baseAddress, count > 0 else { return .empty }
    if count <= StringView.inlineCapacity { return StringView(inline: source, count: count) }
    if arena.block < 0 || blocks[arena.block].capacity &- arena.used < count {
      blocks.append(Buffer(capacity: max(count, Self.arenaCapacity)))
      arena = (blocks.count - 1, 0)
    }
    let target = blocks[arena.block].pointer + arena.used
    memcpy(target, source, count)
    defer { arena.used += count }
    return StringView(target, count: count, block: arena.block, offset: arena.used)
  }

  // MARK: Result

  /// The rows so far as a vector of the root's type; the columns start anew.
  func finish() -> Vector {
    let vector = vector(0)
    for slot in 0..<slotCount {
      slots[slot].count = 0
      slots[slot].capacity = 0
      slots[slot].nullCount = 0
      slots[slot].values = Buffer.empty.pointer
      slots[slot].validity = Buffer.empty.pointer
      valueBuffers[slot] = .empty
      validityBuffers[slot] = .empty
    }
    blocks = []
    arena = (-1, 0)
    return vector
  }

  private func vector(_ slot: Int) -> Vector {
    if slots[slot].capacity == 0 { grow(slot) }
    let at = slots[slot]
    let type = types[slot]
    if type == .null { return Vector(.null, count: at.count) }
    return Vector(
      type, count: at.count, validity: at.nullCount > 0 ? validityBuffers[slot] : nil,
      nullCount: at.nullCount, values: valueBuffers[slot],
      blocks: type.layout == .views ? blocks : [],
      children: (0..<at.childCount).map { vector(at.firstChild + $0) })
  }
}
