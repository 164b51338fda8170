import Glibc

/// Builds a vector row by row: for readers, Lua results and nested values. Column kernels fill
/// buffers themselves.
///
/// One owner at a time; `finish` hands the buffers over and leaves the builder empty.
public final class VectorBuilder {
  public let type: DataType
  public private(set) var count = 0
  public let children: [VectorBuilder]

  private let layout: DataType.Layout
  private let width: Int
  private var capacity: Int
  private var values: Buffer
  /// Made with the first NULL.
  private var validity: Buffer?
  private var nullCount = 0
  private var strings = StringArena()

  public init(_ type: DataType, capacity: Int = 64) {
    self.type = type
    layout = type.layout
    switch layout {
    case .fixed(let width): self.width = width
    case .views: width = 16
    case .lists: width = 4
    default: width = 0
    }
    self.capacity = max(capacity, 8)
    children = type.childTypes.map { VectorBuilder($0, capacity: capacity) }
    values = .empty
    values = makeValues()
  }

  private func makeValues() -> Buffer {
    switch layout {
    case .bits: return .zeroed(capacity: Bitmap.byteCount(capacity))
    case .lists:
      let buffer = Buffer(capacity: (capacity + 1) * 4)
      buffer.typed(Int32.self)[0] = 0
      return buffer
    case .none, .structure: return .empty
    default: return Buffer(capacity: capacity * width)
    }
  }

  @inline(__always)
  private func reserveOne() {
    if count == capacity { grow() }
  }

  private func grow() {
    let old = values
    let oldValidity = validity
    let oldCapacity = capacity
    capacity *= 2
    values = makeValues()
    switch layout {
    case .bits: memcpy(values.pointer, old.pointer, Bitmap.byteCount(oldCapacity))
    case .lists: memcpy(values.pointer, old.pointer, (count + 1) * 4)
    case .none, .structure: break
    default: memcpy(values.pointer, old.pointer, count * width)
    }
    if let oldValidity {
      let wider = Bitmap.filled(true, count: capacity)
      memcpy(wider.pointer, oldValidity.pointer, count >> 3)
      for row in (count & ~7)..<count where !Bitmap.get(oldValidity.pointer, row) {
        Bitmap.clear(wider.pointer, row)
      }
      validity = wider
    }
  }

  /// Adds a NULL.
  public func appendNull() {
    reserveOne()
    if validity == nil { validity = Bitmap.filled(true, count: capacity) }
    if let validity { Bitmap.clear(validity.pointer, count) }
    nullCount += 1
    switch layout {
    case .none, .bits: break
    case .lists:
      let offsets = values.typed(Int32.self)
      offsets[count + 1] = offsets[count]
    case .structure: for child in children { child.appendNull() }
    default: memset(values.pointer + count * width, 0, width)
    }
    count += 1
  }

  public func append(boolean value: Bool) {
    reserveOne()
    if value { Bitmap.set(values.pointer, count) }
    count += 1
  }

  /// An integer, date, time or interval, which must fit the type.
  @inline(__always)
  public func append(integer value: Int64) {
    reserveOne()
    switch width {
    case 8: values.typed(Int64.self)[count] = value
    case 4: values.typed(Int32.self)[count] = Int32(truncatingIfNeeded: value)
    case 2: values.typed(Int16.self)[count] = Int16(truncatingIfNeeded: value)
    default: values.typed(Int8.self)[count] = Int8(truncatingIfNeeded: value)
    }
    count += 1
  }

  /// A FLOAT or DOUBLE.
  @inline(__always)
  public func append(double value: Double) {
    reserveOne()
    if width == 4 {
      values.typed(Float.self)[count] = Float(value)
    } else {
      values.typed(Double.self)[count] = value
    }
    count += 1
  }

  /// A DECIMAL's unscaled digits.
  public func append(decimal value: Int128) {
    reserveOne()
    values.typed(Int128.self)[count] = value
    count += 1
  }

  /// A STRING or BINARY; the bytes are copied.
  @inline(__always)
  public func append(bytes: UnsafeRawBufferPointer) {
    reserveOne()
    values.typed(StringView.self)[count] = strings.view(copying: bytes)
    count += 1
  }

  public func append(text: String) {
    var text = text
    text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Ends an ARRAY or MAP row, whose elements were appended to the children.
  public func endList() {
    reserveOne()
    values.typed(Int32.self)[count + 1] = Int32(children[0].count)
    count += 1
  }

  /// Ends a STRUCT row, whose fields were appended to the children.
  public func endStructure() {
    reserveOne()
    count += 1
  }

  /// A value of this builder's type.
  public func append(_ scalar: Scalar) {
    switch scalar {
    case .null: appendNull()
    case .boolean(let value): append(boolean: value)
    case .integer(let value): append(integer: value)
    case .double(let value): append(double: value)
    case .decimal(let value): append(decimal: value)
    case .bytes(let bytes): bytes.withUnsafeBytes { append(bytes: $0) }
    case .array(let elements):
      for element in elements { children[0].append(element) }
      endList()
    case .map(let entries):
      for entry in entries {
        children[0].append(entry.key)
        children[1].append(entry.value)
      }
      endList()
    case .structure(let fields):
      precondition(fields.count == children.count, "a struct value of another shape than \(type)")
      for (child, field) in zip(children, fields) { child.append(field) }
      endStructure()
    }
  }

  /// A row of a vector of this builder's type.
  public func append(_ vector: Vector, row: Int) {
    if vector.isNull(row) { return appendNull() }
    let at = vector.position(row)
    switch layout {
    case .none: appendNull()
    case .bits: append(boolean: vector.boolean(row))
    case .views: append(bytes: vector.strings[row])
    case .lists:
      for element in vector.range(row) {
        for (child, source) in zip(children, vector.children) { child.append(source, row: element) }
      }
      endList()
    case .structure:
      for (child, source) in zip(children, vector.children) { child.append(source, row: at) }
      endStructure()
    case .fixed:
      reserveOne()
      memcpy(values.pointer + count * width, vector.values.pointer + at * width, width)
      count += 1
    }
  }

  public func append(contentsOf vector: Vector) {
    for row in 0..<vector.count { append(vector, row: row) }
  }

  /// The rows so far; the builder starts anew.
  public func finish() -> Vector {
    let vector = Vector(
      type, count: count, validity: validity, nullCount: nullCount, values: values,
      blocks: strings.finish(), children: children.map { $0.finish() })
    count = 0
    nullCount = 0
    validity = nil
    values = makeValues()
    return vector
  }
}

/// Where a builder keeps the bytes of long strings: blocks that never move once written.
public struct StringArena {
  private var blocks: [Buffer] = []
  private var used = 0
  private static let blockCapacity = 1 << 16

  public init() {}

  /// A view of a copy of these bytes.
  @inline(__always)
  public mutating func view(copying bytes: UnsafeRawBufferPointer) -> StringView {
    let count = bytes.count
    guard let source = bytes.baseAddress, count > 0 else { return .empty }
    if count <= StringView.inlineCapacity { return StringView(inline: source, count: count) }
    let target = reserve(count)
    memcpy(target, source, count)
    return StringView(target, count: count, block: blocks.count &- 1, offset: used &- count)
  }

  /// `count` bytes to be written, more than a view holds inline. They lie at `lastOffset` of the
  /// last block.
  public mutating func reserve(_ count: Int) -> UnsafeMutableRawPointer {
    if let last = blocks.last, last.capacity &- used >= count {
      used &+= count
      return last.pointer + (used &- count)
    }
    // Blocks double up to 1 MiB, so that a small batch stays small and a large one has few blocks.
    let wanted = min(Self.blockCapacity << min(blocks.count, 4), 1 << 20)
    let block = Buffer(capacity: max(count, wanted))
    blocks.append(block)
    used = count
    return block.pointer
  }

  /// The view of the `count` bytes that the last `reserve` gave, now that they are written.
  public func viewOfReserved(_ count: Int) -> StringView {
    let offset = used &- count
    return StringView(
      blocks[blocks.count &- 1].pointer + offset, count: count, block: blocks.count &- 1,
      offset: offset)
  }

  /// The blocks; the arena starts anew.
  public mutating func finish() -> [Buffer] {
    let done = blocks
    blocks = []
    used = 0
    return done
  }
}
