import Columns
import Contract

/// The bytes of one STRING or BINARY result, row after row. The closure of `mappedText` appends to
/// it; what `bytes` holds when it returns is the row's value.
struct TextWriter {
  /// This row so far. The writers of Columns/Text append to it directly.
  var bytes: [UInt8] = []
  /// The row is NULL, whatever was appended.
  var isNull = false

  init() { bytes.reserveCapacity(256) }

  @inline(__always)
  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  @inline(__always)
  mutating func append(_ other: Bytes) { bytes.append(contentsOf: other) }

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  @inline(__always)
  mutating func startRow() {
    bytes.removeAll(keepingCapacity: true)
    isNull = false
  }
}

/// The longest STRING or BINARY value that a function makes by repeating: 512 MiB. Spark's own
/// limit is 2 GiB, which its memory seldom reaches.
let maximumTextLength = 1 << 29

/// Collects the rows of a STRING or BINARY result.
struct TextCollector {
  let shape: KernelShape
  let type: DataType
  let views: Buffer
  let validity: Buffer
  var arena = StringArena()
  var writer = TextWriter()

  init(_ shape: KernelShape, _ type: DataType) {
    self.shape = shape
    self.type = type
    views = .zeroed(capacity: shape.computed * 16)
    validity = .zeroed(capacity: Bitmap.byteCount(shape.computed))
  }

  @inline(__always)
  mutating func row(_ row: Int, _ body: (inout TextWriter) throws -> Void) throws {
    writer.startRow()
    try body(&writer)
    if writer.isNull { return }
    Bitmap.set(validity.pointer, row)
    let view = writer.bytes.withUnsafeBytes { arena.view(copying: $0) }
    views.typed(StringView.self)[row] = view
  }

  mutating func finish() -> Vector {
    shape.vector(type, views, validity: validity, blocks: arena.finish())
  }
}

/// The text that the closure appends for each row of `a`; NULL stays NULL, and so does a row for
/// which it sets `isNull`.
@inline(__always)
func mappedText<A: ColumnElement>(
  _ a: Vector, to type: DataType = .string, _ body: (A, inout TextWriter) throws -> Void
) throws -> Vector {
  let shape = KernelShape(a)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let reader = A.Reader(a)
  var out = TextCollector(shape, type)
  try shape.forEachRow { row in try out.row(row) { try body(reader[row], &$0) } }
  return out.finish()
}

/// The text that the closure appends for each row of `a` and `b`.
@inline(__always)
func mappedText<A: ColumnElement, B: ColumnElement>(
  _ a: Vector, _ b: Vector, to type: DataType = .string,
  _ body: (A, B, inout TextWriter) throws -> Void
) throws -> Vector {
  let shape = KernelShape(a, b)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second) = (A.Reader(a), B.Reader(b))
  var out = TextCollector(shape, type)
  try shape.forEachRow { row in try out.row(row) { try body(first[row], second[row], &$0) } }
  return out.finish()
}

/// The text that the closure appends for each row of `a`, `b` and `c`.
@inline(__always)
func mappedText<A: ColumnElement, B: ColumnElement, C: ColumnElement>(
  _ a: Vector, _ b: Vector, _ c: Vector, to type: DataType = .string,
  _ body: (A, B, C, inout TextWriter) throws -> Void
) throws -> Vector {
  let shape = KernelShape(a, b, c)
  if shape.isAllNull { return .nulls(type, count: a.count) }
  let (first, second, third) = (A.Reader(a), B.Reader(b), C.Reader(c))
  var out = TextCollector(shape, type)
  try shape.forEachRow { row in
    try out.row(row) { try body(first[row], second[row], third[row], &$0) }
  }
  return out.finish()
}

/// A part of each string of `text`, as a byte range that the closure names (nil: NULL). Copies no
/// bytes: the result shares the blocks. `others` are further arguments whose NULLs make NULL; the
/// closure reads them by row.
@inline(__always)
func mappedSlice(
  _ text: Vector, _ others: [Vector] = [], _ body: (Int, Bytes) throws -> Range<Int>?
) throws -> Vector {
  let shape = KernelShape(of: [text] + others)
  if shape.isAllNull { return .nulls(text.type, count: text.count) }
  let reader = text.strings
  let views = Buffer.zeroed(capacity: shape.computed * 16)
  let out = views.typed(StringView.self)
  let validity = try shape.validityOfRows { row in
    let bytes = reader[row]
    guard let range = try body(row, bytes) else { return false }
    let view = reader.view(row)
    if range.count == bytes.count {
      out[row] = view
    } else if !range.isEmpty, let base = bytes.baseAddress {
      out[row] = StringView(
        base + range.lowerBound, count: range.count, block: view.isInline ? 0 : view.block,
        offset: view.isInline ? 0 : view.offset + range.lowerBound)
    }
    return true
  }
  return shape.vector(text.type, views, validity: validity, blocks: text.blocks)
}

/// Rows of any type, built one after the other: for ARRAY, MAP and STRUCT results. The closure
/// appends exactly one row to the builder; NULL arguments give NULL.
func mappedRows(
  _ arguments: [Vector], to type: DataType, _ body: (Int, VectorBuilder) throws -> Void
) throws -> Vector {
  let shape = KernelShape(of: arguments)
  if shape.isAllNull { return .nulls(type, count: shape.count) }
  let builder = VectorBuilder(type, capacity: shape.computed)
  for row in 0..<shape.computed {
    if let validity = shape.validity, !Bitmap.get(validity.pointer, row) {
      builder.appendNull()
      continue
    }
    do { try body(row, builder) } catch let failure as Failure {
      throw RowFailure(row: row, failure)
    }
    assert(builder.count == row + 1, "a row kernel appends exactly one row")
  }
  let rows = builder.finish()
  guard shape.isConstant else { return rows }
  return Vector(
    type, count: shape.count, validity: rows.validity, values: rows.values, blocks: rows.blocks,
    children: rows.children, isConstant: true)
}
