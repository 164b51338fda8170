/// A column of values, immutable, in Arrow's layout (see `DataType.Layout`).
///
/// Border (`@unchecked Sendable`): all stored properties are `let`; the memory behind them is
/// frozen
/// once the vector exists (see `Buffer`).
public final class Vector: @unchecked Sendable {
  public let type: DataType
  /// Rows.
  public let count: Int
  /// Every row is row 0 of the buffers, which hold one value (or, where it is NULL, any).
  public let isConstant: Bool
  /// NULLs among the rows.
  public let nullCount: Int
  /// One bit a row, 1 for "not NULL"; nil when no row is NULL. A constant NULL has one 0 bit.
  public let validity: Buffer?
  /// Values, bits, views or offsets. `Buffer.empty` where the layout has none.
  public let values: Buffer
  /// What long string views point into.
  public let blocks: [Buffer]
  public let children: [Vector]
  private let blockPointers: UnsafeMutablePointer<UnsafeRawPointer>

  public init(
    _ type: DataType, count: Int, validity: Buffer? = nil, nullCount: Int? = nil,
    values: Buffer = .empty, blocks: [Buffer] = [], children: [Vector] = [],
    isConstant: Bool = false
  ) {
    self.type = type
    self.count = count
    self.isConstant = isConstant
    self.values = values
    self.blocks = blocks
    self.children = children
    blockPointers = .allocate(capacity: max(blocks.count, 1))
    for (index, block) in blocks.enumerated() {
      (blockPointers + index).initialize(to: UnsafeRawPointer(block.pointer))
    }
    if type == .null {
      self.nullCount = count
      self.validity = nil
      return
    }
    let stored = isConstant ? min(count, 1) : count
    let nulls = validity.map { nullCount ?? (stored - Bitmap.countOnes($0, count: stored)) } ?? 0
    self.nullCount = isConstant && nulls > 0 ? count : nulls
    self.validity = nulls == 0 ? nil : validity
  }

  deinit { blockPointers.deallocate() }

  /// The strings of a STRING or BINARY vector.
  @inlinable
  public var strings: StringReader {
    StringReader(
      views: UnsafePointer(values.typed(StringView.self)), blocks: blockAddresses,
      isConstant: isConstant)
  }

  /// The addresses of the blocks, in order.
  public var blockAddresses: UnsafePointer<UnsafeRawPointer> { UnsafePointer(blockPointers) }

  /// The values of a fixed-width vector. A constant vector has one.
  @inlinable @inline(__always)
  public func typed<T>(_ type: T.Type) -> UnsafePointer<T> { UnsafePointer(values.typed(type)) }

  /// Where row `row` lies in the buffers.
  @inlinable @inline(__always)
  public func position(_ row: Int) -> Int { isConstant ? 0 : row }

  /// Whether the row is NULL. For loops, look at `nullCount` and `validity` instead.
  @inlinable @inline(__always)
  public func isNull(_ row: Int) -> Bool {
    if nullCount == 0 { return false }
    guard let validity else { return true }
    return !Bitmap.get(validity.pointer, position(row))
  }

  /// The value of a BOOLEAN row that is not NULL.
  @inlinable @inline(__always)
  public func boolean(_ row: Int) -> Bool { Bitmap.get(values.pointer, position(row)) }

  /// The value of an integer, date, time or interval row that is not NULL. Not for inner loops.
  public func integer(_ row: Int) -> Int64 {
    let at = position(row)
    switch type.layout {
    case .fixed(width: 1): return Int64(typed(Int8.self)[at])
    case .fixed(width: 2): return Int64(typed(Int16.self)[at])
    case .fixed(width: 4): return Int64(typed(Int32.self)[at])
    case .fixed(width: 8): return typed(Int64.self)[at]
    default: preconditionFailure("\(type) has no integers")
    }
  }

  /// Where the elements of this ARRAY or MAP row lie in the children.
  @inlinable @inline(__always)
  public func range(_ row: Int) -> Range<Int> {
    let offsets = values.typed(Int32.self) + position(row)
    return Int(offsets[0])..<Int(offsets[1])
  }

  /// One value, for plans, tests and rows that leave the engine.
  public func scalar(_ row: Int) -> Scalar {
    if isNull(row) { return .null }
    switch type {
    case .null: return .null
    case .boolean: return .boolean(boolean(row))
    case .float: return .double(Double(typed(Float.self)[position(row)]))
    case .double: return .double(typed(Double.self)[position(row)])
    case .decimal, .calendarInterval: return .decimal(typed(Int128.self)[position(row)])
    case .string, .binary: return .bytes(Array(strings[row]))
    case .array: return .array(range(row).map { children[0].scalar($0) })
    case .map:
      return .map(range(row).map { Scalar.Entry(children[0].scalar($0), children[1].scalar($0)) })
    case .structure: return .structure(children.map { $0.scalar(position(row)) })
    default: return .integer(integer(row))
    }
  }

  /// `count` rows of one value.
  public static func constant(_ scalar: Scalar, _ type: DataType, count: Int) -> Vector {
    let builder = VectorBuilder(type, capacity: 1)
    builder.append(scalar)
    let one = builder.finish()
    return Vector(
      type, count: count, validity: one.validity, values: one.values, blocks: one.blocks,
      children: one.children, isConstant: true)
  }

  /// `count` NULLs of a type.
  public static func nulls(_ type: DataType, count: Int) -> Vector {
    constant(.null, type, count: count)
  }

  /// The same rows with nothing constant about them, for code that walks the buffers.
  public var flat: Vector {
    isConstant ? gathered(.identity(count)) : self
  }

  /// The same values seen as another type of the same layout (a DATE as INT).
  public func reinterpreted(as type: DataType) -> Vector {
    precondition(type.layout == self.type.layout, "\(self.type) cannot be seen as \(type)")
    return Vector(
      type, count: count, validity: validity, nullCount: nullCount == 0 ? 0 : nil, values: values,
      blocks: blocks, children: children, isConstant: isConstant)
  }

  /// The same values under another validity (one bit a row, of a flat vector).
  public func with(validity: Buffer?) -> Vector {
    precondition(!isConstant || count <= 1, "validity bits belong to flat vectors")
    return Vector(
      type, count: count, validity: validity, values: values, blocks: blocks, children: children)
  }
}
