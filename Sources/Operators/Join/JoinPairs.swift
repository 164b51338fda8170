import Columns
import Contract
import Expressions
import State

/// The rows of one side of a join by their keys, frozen once built.
///
/// Border (`@unchecked Sendable`): built by one thread, then only read, except for `matched`, which
/// has its own rule.
final class JoinTable: @unchecked Sendable {
  let rows: Batch
  private let keys: KeyTable
  /// By group: its first row; by row: the next of the same key.
  private let first: Buffer
  private let next: Buffer

  init(_ rows: Batch, keyColumns: [Vector], codec: RowKeyCodec, nullSafe: [Bool]) {
    self.rows = rows
    keys = KeyTable(width: codec.width)
    let count = rows.count
    let groups = Buffer(capacity: count * 4)
    let encoder = RowKeyEncoder(codec)
    // The keys' bytes are the encoder's.
    defer { withExtendedLifetime(encoder) {} }
    keys.findOrInsert(
      encoder.encode(keyColumns, count: count), into: groups.typed(UInt32.self))
    first = Buffer(capacity: keys.groupLimit * 4)
    next = Buffer(capacity: count * 4)
    let (heads, links, numbers) = (
      first.typed(UInt32.self), next.typed(UInt32.self), groups.typed(UInt32.self)
    )
    for group in 0..<keys.groupLimit { heads[group] = Selection.none }
    let hasNull = NullKeys(keyColumns, nullSafe: nullSafe)
    // From the last row, so that each chain is in the rows' own order.
    for row in stride(from: count - 1, through: 0, by: -1) where !hasNull[row] {
      let group = Int(numbers[row])
      links[row] = heads[group]
      heads[group] = UInt32(truncatingIfNeeded: row)
    }
  }

  /// For each probing row, the first row of its key, or `Selection.none`.
  func find(_ keyColumns: [Vector], count: Int, encoder: RowKeyEncoder, nullSafe: [Bool]) -> Buffer
  {
    let found = Buffer(capacity: count * 4)
    let out = found.typed(UInt32.self)
    keys.find(encoder.encode(keyColumns, count: count), into: out)
    let hasNull = NullKeys(keyColumns, nullSafe: nullSafe)
    let heads = first.typed(UInt32.self)
    for row in 0..<count {
      out[row] = out[row] == KeyTable.none || hasNull[row] ? Selection.none : heads[Int(out[row])]
    }
    return found
  }

  /// The row behind this one with the same key, or `Selection.none`.
  @inline(__always)
  func row(after row: UInt32) -> UInt32 { next.typed(UInt32.self)[Int(row)] }
}

/// Which rows have a NULL in a key where NULL equals nothing.
struct NullKeys {
  private let columns: [Vector]

  init(_ columns: [Vector], nullSafe: [Bool]) {
    self.columns = zip(columns, nullSafe).compactMap { $0.nullCount > 0 && !$1 ? $0 : nil }
  }

  subscript(row: Int) -> Bool {
    for column in columns where column.isNull(row) { return true }
    return false
  }
}

/// Pairs of row numbers, in the order in which they were found.
struct JoinPairs {
  private(set) var left: [UInt32] = []
  private(set) var right: [UInt32] = []

  var count: Int { left.count }

  @inline(__always)
  mutating func append(_ l: UInt32, _ r: UInt32) {
    left.append(l)
    right.append(r)
  }

  mutating func removeAll() {
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
  }

  /// Leaves only the pairs whose joined row satisfies every condition; gives those rows.
  mutating func filter(
    _ joined: Batch, by conditions: [CompiledExpression], task: TaskContext
  ) throws -> Batch {
    var rows = joined
    for condition in conditions where rows.count > 0 {
      let holds = Selection.whereTrue(try condition.evaluate(EvaluationContext(rows, task: task)))
      if holds.count == rows.count { continue }
      rows = rows.selecting(holds)
      let (l, r) = (left, right)
      left = (0..<holds.count).map { l[Int(holds.rows[$0])] }
      right = (0..<holds.count).map { r[Int(holds.rows[$0])] }
    }
    return rows
  }
}

extension Selection {
  init(_ rows: [UInt32]) {
    let buffer = Buffer(capacity: rows.count * 4)
    rows.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        buffer.pointer.copyMemory(from: base, byteCount: bytes.count)
      }
    }
    self.init(buffer: buffer, count: rows.count)
  }
}

/// A join's expressions bound to their inputs.
struct CompiledJoin: Sendable {
  let kind: JoinKind
  let origin: Origin?
  let leftKeys: [CompiledExpression]
  let rightKeys: [CompiledExpression]
  let nullSafe: [Bool]
  let codec: RowKeyCodec
  /// Over the columns of both sides.
  let conditions: [CompiledExpression]
  let leftTypes: [DataType]
  let rightTypes: [DataType]

  init(_ join: Join) {
    kind = join.kind
    origin = join.origin
    leftKeys = join.keys.map { CompiledExpression($0.left, input: join.left.output) }
    rightKeys = join.keys.map { CompiledExpression($0.right, input: join.right.output) }
    nullSafe = join.keys.map(\.isNullSafe)
    codec = RowKeyCodec(join.keys.map(\.left.type))
    conditions = join.conditions.map {
      CompiledExpression($0, input: join.left.output + join.right.output)
    }
    leftTypes = join.left.output.map(\.type)
    rightTypes = join.right.output.map(\.type)
  }

  /// Left rows without a right one.
  func leftAlone(_ rows: Batch) -> Batch {
    if kind.isLeftOnly { return rows }
    return Batch(
      rows.columns + rightTypes.map { .nulls($0, count: rows.count) }, count: rows.count)
  }

  /// Right rows without a left one.
  func rightAlone(_ rows: Batch) -> Batch {
    Batch(leftTypes.map { .nulls($0, count: rows.count) } + rows.columns, count: rows.count)
  }
}
