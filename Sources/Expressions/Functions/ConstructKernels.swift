import Columns
import Contract

// Kernels from a closure over one row's values. The functions below are inlined into the
// whole-column kernel that calls them, closure and all, so that the loop runs over pointers and
// calls nothing.
//
// Swift type -> column type: Bool BOOLEAN; Int8, Int16, Int32, Int64 the integers (Int32 also DATE
// and year-month intervals, Int64 also the timestamps and day-time intervals); Float, Double;
// Int128 DECIMAL's unscaled digits; `Bytes` STRING and BINARY (valid only during the call).

/// The bytes of a STRING or BINARY value, as a kernel's closure sees them.
public typealias Bytes = UnsafeRawBufferPointer

/// A Swift type that a closure takes for a row of a column.
public protocol ColumnElement {
  associatedtype Reader: ColumnReader where Reader.Element == Self
}

/// Reads the rows of one vector; a constant vector gives its value for every row.
public protocol ColumnReader {
  associatedtype Element
  init(_ vector: Vector)
  subscript(row: Int) -> Element { get }
}

/// A Swift type that a closure returns for a row of a column.
public protocol ResultElement {
  associatedtype Writer: ColumnWriter where Writer.Element == Self
}

/// Fills the values of a new vector.
public protocol ColumnWriter {
  associatedtype Element
  init(count: Int, zeroed: Bool)
  func write(_ row: Int, _ value: Element)
  var buffer: Buffer { get }
}

/// Reads fixed-width values.
public struct FixedReader<Element>: ColumnReader {
  @usableFromInline let pointer: UnsafePointer<Element>
  @usableFromInline let mask: Int

  @inlinable @inline(__always)
  public init(_ vector: Vector) {
    pointer = vector.typed(Element.self)
    mask = vector.isConstant ? 0 : -1
  }

  @inlinable @inline(__always)
  public subscript(row: Int) -> Element { pointer[row & mask] }
}

/// Reads BOOLEANs.
public struct BitReader: ColumnReader {
  @usableFromInline let pointer: UnsafeRawPointer
  @usableFromInline let mask: Int

  @inlinable @inline(__always)
  public init(_ vector: Vector) {
    pointer = UnsafeRawPointer(vector.values.pointer)
    mask = vector.isConstant ? 0 : -1
  }

  @inlinable @inline(__always)
  public subscript(row: Int) -> Bool { Bitmap.get(pointer, row & mask) }
}

/// Writes fixed-width values.
public struct FixedWriter<Element>: ColumnWriter {
  public let buffer: Buffer
  @usableFromInline let pointer: UnsafeMutablePointer<Element>

  @inlinable @inline(__always)
  public init(count: Int, zeroed: Bool) {
    let bytes = count &* MemoryLayout<Element>.stride
    buffer = zeroed ? .zeroed(capacity: bytes) : Buffer(capacity: bytes)
    pointer = buffer.typed(Element.self)
  }

  @inlinable @inline(__always)
  public func write(_ row: Int, _ value: Element) { pointer[row] = value }
}

/// Writes BOOLEANs.
public struct BitWriter: ColumnWriter {
  public let buffer: Buffer

  @inlinable @inline(__always)
  public init(count: Int, zeroed: Bool) {
    buffer = .zeroed(capacity: Bitmap.byteCount(count))
  }

  @inlinable @inline(__always)
  public func write(_ row: Int, _ value: Bool) { if value { Bitmap.set(buffer.pointer, row) } }
}

extension StringReader: ColumnReader {
  @inlinable @inline(__always)
  public init(_ vector: Vector) { self = vector.strings }
}

extension Int8: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Int8>
  public typealias Writer = FixedWriter<Int8>
}
extension Int16: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Int16>
  public typealias Writer = FixedWriter<Int16>
}
extension Int32: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Int32>
  public typealias Writer = FixedWriter<Int32>
}
extension Int64: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Int64>
  public typealias Writer = FixedWriter<Int64>
}
extension Int128: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Int128>
  public typealias Writer = FixedWriter<Int128>
}
extension Float: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Float>
  public typealias Writer = FixedWriter<Float>
}
extension Double: ColumnElement, ResultElement {
  public typealias Reader = FixedReader<Double>
  public typealias Writer = FixedWriter<Double>
}
extension Bool: ColumnElement, ResultElement {
  public typealias Reader = BitReader
  public typealias Writer = BitWriter
}
extension UnsafeRawBufferPointer: ColumnElement {
  public typealias Reader = StringReader
}

/// What the arguments of a kernel have in common: how many rows are computed, and which are NULL.
struct KernelShape {
  /// Rows of the result.
  let count: Int
  /// Rows to compute: one when all arguments are constant.
  let computed: Int
  let isConstant: Bool
  /// NULL where any argument is; nil: nowhere. Of `computed` bits.
  let validity: Buffer?
  /// Some argument is NULL in every row, so that the result is.
  let isAllNull: Bool

  @inline(__always)
  init(_ arguments: Vector...) { self.init(of: arguments) }

  init(of arguments: [Vector]) {
    precondition(!arguments.isEmpty, "a kernel over no column")
    count = arguments[0].count
    isConstant = arguments.allSatisfy(\.isConstant) && count > 0
    computed = isConstant ? 1 : count
    isAllNull = arguments.contains { $0.nullCount == $0.count }
    var bits: Buffer?
    for argument in arguments where !argument.isConstant && argument.nullCount > 0 {
      bits = Bitmap.and(bits, argument.validity, count: argument.count)
    }
    validity = bits
  }

  /// The result, from the values of the computed rows.
  @inline(__always)
  func vector(
    _ type: DataType, _ values: Buffer, validity: Buffer? = nil, blocks: [Buffer] = []
  ) -> Vector {
    Vector(
      type, count: count, validity: validity ?? self.validity, values: values, blocks: blocks,
      isConstant: isConstant)
  }

  /// Calls `body` for each computed row that is not NULL; what it throws becomes the row's failure.
  @inline(__always)
  func forEachRow(_ body: (Int) throws -> Void) throws {
    if isAllNull { return }
    if let validity {
      let bits = validity.pointer
      for row in 0..<computed where Bitmap.get(bits, row) {
        do { try body(row) } catch let failure as Failure { throw RowFailure(row: row, failure) }
      }
    } else {
      for row in 0..<computed {
        do { try body(row) } catch let failure as Failure { throw RowFailure(row: row, failure) }
      }
    }
  }

  /// The same for a body that may leave a row NULL by returning false.
  @inline(__always)
  func validityOfRows(_ body: (Int) throws -> Bool) throws -> Buffer? {
    let out = Buffer.zeroed(capacity: Bitmap.byteCount(computed))
    try forEachRow { row in
      if try body(row) { Bitmap.set(out.pointer, row) }
    }
    return out
  }
}

/// One value for each row of `a`; NULL stays NULL. A `Failure` thrown fails the row.
@inline(__always)
func mapped<A: ColumnElement, R: ResultElement>(
  _ a: Vector, to type: DataType, _ body: (A) throws -> R
) throws -> Vector {
  let shape = KernelShape(a)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let reader = A.Reader(a)
  let writer = R.Writer(count: shape.computed, zeroed: shape.validity != nil)
  try shape.forEachRow { writer.write($0, try body(reader[$0])) }
  return shape.vector(type, writer.buffer)
}

/// One value for each row of `a` and `b`; NULL where either is.
@inline(__always)
func mapped<A: ColumnElement, B: ColumnElement, R: ResultElement>(
  _ a: Vector, _ b: Vector, to type: DataType, _ body: (A, B) throws -> R
) throws -> Vector {
  let shape = KernelShape(a, b)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second) = (A.Reader(a), B.Reader(b))
  let writer = R.Writer(count: shape.computed, zeroed: shape.validity != nil)
  try shape.forEachRow { writer.write($0, try body(first[$0], second[$0])) }
  return shape.vector(type, writer.buffer)
}

/// One value for each row of `a`, `b` and `c`; NULL where any is.
@inline(__always)
func mapped<A: ColumnElement, B: ColumnElement, C: ColumnElement, R: ResultElement>(
  _ a: Vector, _ b: Vector, _ c: Vector, to type: DataType, _ body: (A, B, C) throws -> R
) throws -> Vector {
  let shape = KernelShape(a, b, c)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second, third) = (A.Reader(a), B.Reader(b), C.Reader(c))
  let writer = R.Writer(count: shape.computed, zeroed: shape.validity != nil)
  try shape.forEachRow { writer.write($0, try body(first[$0], second[$0], third[$0])) }
  return shape.vector(type, writer.buffer)
}

/// As `mapped`; nil makes the row NULL.
@inline(__always)
func mappedOrNull<A: ColumnElement, R: ResultElement>(
  _ a: Vector, to type: DataType, _ body: (A) throws -> R?
) throws -> Vector {
  let shape = KernelShape(a)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let reader = A.Reader(a)
  let writer = R.Writer(count: shape.computed, zeroed: true)
  let validity = try shape.validityOfRows {
    guard let value = try body(reader[$0]) else { return false }
    writer.write($0, value)
    return true
  }
  return shape.vector(type, writer.buffer, validity: validity)
}

/// As `mapped`; nil makes the row NULL.
@inline(__always)
func mappedOrNull<A: ColumnElement, B: ColumnElement, R: ResultElement>(
  _ a: Vector, _ b: Vector, to type: DataType, _ body: (A, B) throws -> R?
) throws -> Vector {
  let shape = KernelShape(a, b)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second) = (A.Reader(a), B.Reader(b))
  let writer = R.Writer(count: shape.computed, zeroed: true)
  let validity = try shape.validityOfRows {
    guard let value = try body(first[$0], second[$0]) else { return false }
    writer.write($0, value)
    return true
  }
  return shape.vector(type, writer.buffer, validity: validity)
}

/// As `mapped`; nil makes the row NULL.
@inline(__always)
func mappedOrNull<A: ColumnElement, B: ColumnElement, C: ColumnElement, R: ResultElement>(
  _ a: Vector, _ b: Vector, _ c: Vector, to type: DataType, _ body: (A, B, C) throws -> R?
) throws -> Vector {
  let shape = KernelShape(a, b, c)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second, third) = (A.Reader(a), B.Reader(b), C.Reader(c))
  let writer = R.Writer(count: shape.computed, zeroed: true)
  let validity = try shape.validityOfRows {
    guard let value = try body(first[$0], second[$0], third[$0]) else { return false }
    writer.write($0, value)
    return true
  }
  return shape.vector(type, writer.buffer, validity: validity)
}
