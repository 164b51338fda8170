import Columns
import Expressions
import Glibc
import State

/// The stored rows of one side of a stream–stream join in one partition, by key, with the moment at
/// which each is done.
///
/// A row lies in a chunk (the rows of one batch, as columns) and is known by its slot. What is
/// durable is an entry a row: side and row id to key, "has met a row" and the row's values.
final class JoinRows {
  private let side: JoinSide
  /// The first byte of this side's durable keys.
  private let mark: UInt8
  private let store: any StatePartition
  private let keys: KeyTable
  private let encoder: RowKeyEncoder
  private let values: RowKeyEncoder
  /// By group: its latest row's slot.
  private var heads: [UInt32] = []
  private var slots: [Slot] = []
  private var free: [UInt32] = []
  private var chunks: [Chunk] = []
  private var freeChunks: [Int] = []
  private var expiry = ExpiryHeap()
  private var lastId: UInt64 = 0
  private(set) var count = 0

  private struct Slot {
    var group: UInt32
    /// The next older row of the same key.
    var next: UInt32
    var chunk: Int32
    var row: Int32
    var id: UInt64
    var isMatched: Bool
  }

  private struct Chunk {
    var columns: [Vector]
    var live: Int
    /// By row: its slot, or `Selection.none` once it is gone.
    var slots: [UInt32]
  }

  init(_ side: JoinSide, mark: UInt8, store: any StatePartition) {
    self.side = side
    self.mark = mark
    self.store = store
    keys = KeyTable(width: side.codec.width)
    encoder = RowKeyEncoder(side.codec)
    values = RowKeyEncoder(RowKeyCodec(side.types, for: .values))
  }

  /// Bytes held, about.
  var memoryBytes: Int {
    let cells = chunks.reduce(0) { sum, chunk in
      sum
        + chunk.columns.reduce(0) {
          $0 + $1.values.capacity + $1.blocks.reduce(0) { $0 + $1.capacity }
        }
    }
    return cells + keys.memoryBytes + slots.capacity * MemoryLayout<Slot>.stride
      + expiry.memoryBytes
  }

  // MARK: Looking up

  /// For each row of the other side, the slot of the latest stored row with its key.
  func find(_ keyColumns: [Vector], count: Int) -> [UInt32] {
    let found = Buffer(capacity: count * 4)
    let groups = found.typed(UInt32.self)
    keys.find(encoder.encode(keyColumns, count: count), into: groups)
    let hasNull = NullKeys(keyColumns, nullSafe: side.nullSafe)
    return (0..<count).map { row in
      groups[row] == KeyTable.none || hasNull[row] ? Selection.none : heads[Int(groups[row])]
    }
  }

  func slot(after slot: UInt32) -> UInt32 { slots[Int(slot)].next }
  func isMatched(_ slot: UInt32) -> Bool { slots[Int(slot)].isMatched }

  /// The rows in some slots, as columns.
  func gather(_ wanted: [UInt32]) -> [Vector] {
    let places = wanted.map { slots[Int($0)] }
    if let first = places.first, places.allSatisfy({ $0.chunk == first.chunk }) {
      let rows = Selection(places.map { UInt32(truncatingIfNeeded: $0.row) })
      return chunks[Int(first.chunk)].columns.map { $0.gathered(rows) }
    }
    return side.types.indices.map { column in
      let builder = VectorBuilder(side.types[column], capacity: wanted.count)
      for place in places {
        builder.append(chunks[Int(place.chunk)].columns[column], row: Int(place.row))
      }
      return builder.finish()
    }
  }

  // MARK: Changing

  /// Stores some rows with their keys and moments; `.max` is never done.
  func insert(
    _ rows: Batch, keyColumns: [Vector], moments: [Int64], isMatched: [Bool]
  ) {
    let count = rows.count
    let encoded = encoder.encode(keyColumns, count: count)
    let cells = values.encode(rows.columns, count: count, hashing: false)
    let added = add(
      rows, keys: encoded, moments: moments, isMatched: isMatched,
      ids: (0..<count).map { lastId + 1 + UInt64($0) })
    lastId += UInt64(count)
    for row in 0..<count { put(added[row], key: encoded[row], cells: cells[row]) }
  }

  /// A stored row has met one of the other side.
  func noteMatch(_ slot: UInt32) {
    if slots[Int(slot)].isMatched { return }
    slots[Int(slot)].isMatched = true
    let place = slots[Int(slot)]
    let row = chunks[Int(place.chunk)].columns.map {
      $0.gathered(Selection([UInt32(truncatingIfNeeded: place.row)]))
    }
    put(slot, key: keys.key(place.group), cells: values.encode(row, count: 1, hashing: false)[0])
  }

  /// The slots of the rows that are done at or before this moment, earliest first. They stay until
  /// they are removed.
  func expired(at moment: Int64) -> [UInt32] {
    expiry.takeExpired(upTo: moment) { slots.indices.contains(Int($0)) && slots[Int($0)].id == $1 }
  }

  /// Forgets some rows.
  func remove(_ gone: [UInt32]) {
    var emptied: [UInt32] = []
    for slot in gone {
      let place = slots[Int(slot)]
      withDurableKey(place.id) { store.remove(key: $0) }
      unlink(slot, place)
      if heads[Int(place.group)] == Selection.none { emptied.append(place.group) }
      let chunk = Int(place.chunk)
      chunks[chunk].slots[Int(place.row)] = Selection.none
      chunks[chunk].live -= 1
      slots[Int(slot)].id = 0
      free.append(slot)
    }
    count -= gone.count
    keys.remove(Selection(emptied))
    for chunk in Set(gone.map { Int(slots[Int($0)].chunk) }) { compact(chunk) }
  }

  private func unlink(_ slot: UInt32, _ place: Slot) {
    let group = Int(place.group)
    if heads[group] == slot {
      heads[group] = place.next
      return
    }
    var at = heads[group]
    while slots[Int(at)].next != slot { at = slots[Int(at)].next }
    slots[Int(at)].next = place.next
  }

  /// A chunk with few rows left is copied into a smaller one, one with none is given back.
  private func compact(_ index: Int) {
    let chunk = chunks[index]
    if chunk.live == 0 {
      chunks[index] = Chunk(columns: [], live: 0, slots: [])
      freeChunks.append(index)
    } else if chunk.live * 4 < chunk.slots.count {
      let rows = chunk.slots.indices.filter { chunk.slots[$0] != Selection.none }
      let kept = rows.map { chunk.slots[$0] }
      for (row, slot) in kept.enumerated() { slots[Int(slot)].row = Int32(row) }
      let selection = Selection(rows)
      chunks[index] = Chunk(
        columns: chunk.columns.map { $0.gathered(selection).detached() }, live: kept.count,
        slots: kept)
    }
  }

  private func add(
    _ rows: Batch, keys encoded: RowKeys, moments: [Int64], isMatched: [Bool], ids: [UInt64]
  ) -> [UInt32] {
    let count = rows.count
    let numbers = Buffer(capacity: count * 4)
    let groups = numbers.typed(UInt32.self)
    keys.findOrInsert(encoded, into: groups)
    if heads.count < keys.groupLimit {
      heads += [UInt32](repeating: Selection.none, count: keys.groupLimit - heads.count)
    }
    let chunk = freeChunks.popLast() ?? chunks.count
    if chunk == chunks.count { chunks.append(Chunk(columns: [], live: 0, slots: [])) }
    var own: [UInt32] = []
    own.reserveCapacity(count)
    for row in 0..<count {
      let group = groups[row]
      let place = Slot(
        group: group, next: heads[Int(group)], chunk: Int32(truncatingIfNeeded: chunk),
        row: Int32(truncatingIfNeeded: row), id: ids[row], isMatched: isMatched[row])
      let slot: UInt32
      if let reused = free.popLast() {
        slot = reused
        slots[Int(slot)] = place
      } else {
        slot = UInt32(truncatingIfNeeded: slots.count)
        slots.append(place)
      }
      heads[Int(group)] = slot
      own.append(slot)
      if moments[row] != .max { expiry.add(slot, id: ids[row], at: moments[row]) }
    }
    chunks[chunk] = Chunk(columns: rows.columns.map { $0.flat.detached() }, live: count, slots: own)
    self.count += count
    return own
  }

  // MARK: Durable entries

  private func withDurableKey(_ id: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: 9, alignment: 8) { bytes in
      bytes[0] = mark
      bytes.storeBytes(of: id.bigEndian, toByteOffset: 1, as: UInt64.self)
      body(UnsafeRawBufferPointer(bytes))
    }
  }

  /// The value: "has met a row", the key's length, the key, the row's values.
  private func put(_ slot: UInt32, key: UnsafeRawBufferPointer, cells: UnsafeRawBufferPointer) {
    var value: [UInt8] = [slots[Int(slot)].isMatched ? 1 : 0]
    withUnsafeBytes(of: UInt32(key.count).littleEndian) { value += $0 }
    value += key
    value += cells
    value.withUnsafeBytes { bytes in
      withDurableKey(slots[Int(slot)].id) { store.put(key: $0, value: bytes) }
    }
  }

  /// A durable entry as it came back.
  struct Entry {
    let id: UInt64
    let isMatched: Bool
    let key: [UInt8]
    let cells: [UInt8]

    /// Reads an entry; `mark` says whose it is.
    static func read(
      _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> (mark: UInt8, entry: Entry) {
      let id = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
      let length = Int(
        UInt32(littleEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
      let entry = Entry(
        id: id, isMatched: value[0] == 1, key: Array(value[5..<5 + length]),
        cells: Array(value[(5 + length)...]))
      return (key[0], entry)
    }
  }

  private static let stepRows = 4096

  /// Fills the empty side with what was stored, oldest rows first.
  func restore(_ entries: [Entry], task: TaskContext) throws {
    let sorted = entries.sorted { $0.id < $1.id }
    for begin in stride(from: 0, to: sorted.count, by: Self.stepRows) {
      let some = sorted[begin..<min(begin + Self.stepRows, sorted.count)]
      let columns = decode(some.map(\.cells), values.codec)
      let keyColumns = decode(some.map(\.key), side.codec)
      let rows = Batch(columns, count: some.count)
      _ = add(
        rows, keys: encoder.encode(keyColumns, count: some.count),
        moments: try moments(of: rows, task: task), isMatched: some.map(\.isMatched),
        ids: some.map(\.id))
    }
    lastId = sorted.last?.id ?? 0
  }

  /// When each row is done, before the shift of the bound.
  func moments(of rows: Batch, task: TaskContext) throws -> [Int64] {
    guard let bound = side.bound else { return [Int64](repeating: .max, count: rows.count) }
    return KeyExpiry.times(try bound.time.evaluate(EvaluationContext(rows, task: task)))
  }

  private func decode(_ rows: [[UInt8]], _ codec: RowKeyCodec) -> [Vector] {
    var starts = [0]
    for row in rows { starts.append(starts[starts.count - 1] + row.count) }
    return rows.flatMap { $0 }.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: max(rows.count, 1)) {
        addresses in
        guard let base = addresses.baseAddress, let start = bytes.baseAddress else {
          return codec.types.map { Vector.nulls($0, count: rows.count) }
        }
        for row in rows.indices { base[row] = start + starts[row] }
        return codec.decode(base, count: rows.count)
      }
    }
  }
}

/// Slots by the moment at which they are done: a binary heap, since moments are mostly distinct.
struct ExpiryHeap {
  private struct Entry {
    let moment: Int64
    let slot: UInt32
    /// A slot may be used again: the entry is for the row with this id.
    let id: UInt64
  }

  private var entries: [Entry] = []

  var memoryBytes: Int { entries.capacity * MemoryLayout<Entry>.stride }

  mutating func add(_ slot: UInt32, id: UInt64, at moment: Int64) {
    entries.append(Entry(moment: moment, slot: slot, id: id))
    var at = entries.count - 1
    while at > 0, entries[at].moment < entries[(at - 1) / 2].moment {
      entries.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// Takes out the slots done at or before this moment whose row is still there.
  mutating func takeExpired(
    upTo limit: Int64, _ isThere: (_ slot: UInt32, _ id: UInt64) -> Bool
  ) -> [UInt32] {
    var out: [UInt32] = []
    while let first = entries.first, first.moment <= limit {
      pop()
      if isThere(first.slot, first.id) { out.append(first.slot) }
    }
    return out
  }

  private mutating func pop() {
    let last = entries.removeLast()
    if entries.isEmpty { return }
    entries[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < entries.count && entries[child].moment < entries[least].moment {
        least = child
      }
      if least == at { return }
      entries.swapAt(at, least)
      at = least
    }
  }
}
