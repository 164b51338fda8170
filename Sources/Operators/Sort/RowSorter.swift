import Columns
import Expressions
import Glibc

/// Rows that are in order, with their sort keys.
struct SortedRows: @unchecked Sendable {
  // Border: the key buffers are written by the sorter that makes them, then frozen.
  let batch: Batch
  /// Key bytes of row `i` lie at `offsets[i]`.
  let keys: Buffer
  let offsets: [Int]
  var count: Int { batch.count }
}

/// Sorts rows by encoded keys.
struct RowSorter: Sendable {
  let keys: [CompiledExpression]
  let orders: [KeyOrder]
  let input: [Attribute]

  /// How many rows are gathered before those beyond the limit are thrown away.
  private static let pruneRows = 1 << 16

  /// The rows of one partition, in order.
  func sorted(_ stream: any BatchStream, task: TaskContext, limit: Int?) throws -> SortedRows {
    let types = input.map(\.type)
    let rowGuard = RowGuard(input)
    var held: [Batch] = []
    var count = 0
    var seen = 0
    while let batch = try stream.next() {
      if batch.count == 0 { continue }
      // Keys that fail must fail here, with their row at hand.
      let kept = try rowGuard.run(batch, task: task, firstRow: seen) { rows, context in
        Batch(
          try keys.map { try $0.evaluate(context).flat } + rows.dense.columns, count: rows.count)
      }
      seen += batch.count
      held.append(kept)
      count += kept.count
      if let limit, count > max(limit * 4, Self.pruneRows) {
        let best = order(.concatenated(held, types: keys.map(\.type) + types), limit: limit)
        held = [best.withKeyColumns]
        count = best.rows.count
      }
    }
    let all = Batch.concatenated(held, types: keys.map(\.type) + types)
    return order(all, limit: limit).rows
  }

  private struct Ordered {
    let rows: SortedRows
    let withKeyColumns: Batch
  }

  private struct Entry {
    /// The first bytes of the key, which decide most comparisons.
    let prefix: UInt64
    let row: UInt32
  }

  /// Rows with their key columns in front, in order.
  private func order(_ all: Batch, limit: Int?) -> Ordered {
    let encoder = RowKeyEncoder(RowKeyCodec(keys.map(\.type), for: .sorting(orders)))
    let encoded = encoder.encode(
      Array(all.columns.prefix(keys.count)), count: all.count, hashing: false)
    var entries = [Entry]()
    entries.reserveCapacity(all.count)
    for row in 0..<all.count {
      entries.append(
        Entry(prefix: Self.prefix(encoded[row]), row: UInt32(truncatingIfNeeded: row)))
    }
    entries.sort { a, b in
      if a.prefix != b.prefix { return a.prefix < b.prefix }
      let order = Self.compare(encoded[Int(a.row)], encoded[Int(b.row)])
      return order != 0 ? order < 0 : a.row < b.row
    }
    let count = min(limit ?? all.count, all.count)
    let rows = Buffer(capacity: count * 4)
    let out = rows.typed(UInt32.self)
    for index in 0..<count { out[index] = entries[index].row }
    let selected = all.selecting(Selection(buffer: rows, count: count)).dense
    var offsets = [Int](repeating: 0, count: count + 1)
    for index in 0..<count {
      offsets[index + 1] = offsets[index] + encoded[Int(out[index])].count
    }
    let bytes = Buffer(capacity: offsets[count])
    for index in 0..<count {
      let key = encoded[Int(out[index])]
      if let base = key.baseAddress { memcpy(bytes.pointer + offsets[index], base, key.count) }
    }
    let payload = Batch(Array(selected.columns.dropFirst(keys.count)), count: count)
    return Ordered(
      rows: SortedRows(batch: payload, keys: bytes, offsets: offsets), withKeyColumns: selected)
  }

  @inline(__always)
  private static func prefix(_ key: UnsafeRawBufferPointer) -> UInt64 {
    guard let base = key.baseAddress else { return 0 }
    let word = UInt64(bigEndian: base.loadUnaligned(as: UInt64.self))
    if key.count >= 8 { return word }
    return key.count == 0 ? 0 : word & ~(~0 >> UInt64(key.count * 8))
  }

  @inline(__always)
  private static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let common = min(a.count, b.count)
    if common > 0, let x = a.baseAddress, let y = b.baseAddress {
      let order = memcmp(x, y, common)
      if order != 0 { return Int(order) }
    }
    return a.count &- b.count
  }

  /// Several sorted parts as one; of equal rows those of the earlier part come first.
  func merged(_ parts: [SortedRows], limit: Int?) -> Batch {
    if parts.count == 1 { return parts[0].batch }
    let all = Batch.concatenated(parts.map(\.batch), types: input.map(\.type))
    var starts: [Int] = []
    var start = 0
    for part in parts {
      starts.append(start)
      start += part.count
    }
    func key(_ part: Int, _ row: Int) -> UnsafeRawBufferPointer {
      let rows = parts[part]
      return UnsafeRawBufferPointer(
        start: rows.keys.pointer + rows.offsets[row],
        count: rows.offsets[row + 1] - rows.offsets[row])
    }
    let count = min(limit ?? all.count, all.count)
    let out = Buffer(capacity: count * 4)
    let target = out.typed(UInt32.self)
    var next = [Int](repeating: 0, count: parts.count)
    var heap = MergeHeap { a, b in
      let order = Self.compare(key(a, next[a]), key(b, next[b]))
      return order != 0 ? order < 0 : a < b
    }
    for part in parts.indices { heap.push(part) }
    for index in 0..<count {
      guard let part = heap.pop() else { break }
      target[index] = UInt32(truncatingIfNeeded: starts[part] + next[part])
      next[part] += 1
      if next[part] < parts[part].count { heap.push(part) }
    }
    return all.selecting(Selection(buffer: out, count: count)).dense
  }
}

/// The least of some numbers in an order that is asked for at each step.
private struct MergeHeap {
  private var items: [Int] = []
  private let precedes: (Int, Int) -> Bool

  init(_ precedes: @escaping (Int, Int) -> Bool) { self.precedes = precedes }

  mutating func push(_ item: Int) {
    items.append(item)
    var at = items.count - 1
    while at > 0, precedes(items[at], items[(at - 1) / 2]) {
      items.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first }
    items[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < items.count && precedes(items[child], items[least]) {
        least = child
      }
      if least == at { return first }
      items.swapAt(at, least)
      at = least
    }
  }
}
