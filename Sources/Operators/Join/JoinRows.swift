import CSystem
import Columns
import Expressions
import Glibc
import State

/// The stored rows of one side of a stream–stream join in one partition, by key, with the moment at
/// which each is done.
///
/// A row is known by its slot. Its bytes are those of its durable entry's value, so that storing,
/// noting and restoring a row copies them as they are; they are decoded where the row meets
/// another. The durable key is side and row id.
final class JoinRows {
  private let side: JoinSide
  /// The first byte of this side's durable keys.
  private let mark: UInt8
  private let store: any StatePartition
  private let encoder: RowKeyEncoder
  private let values: RowKeyEncoder
  private let nullSafe: [Bool]
  private var keys: KeyTable
  /// By group: its latest row's slot, plus one.
  private var heads = LargeArray<UInt32>()
  private var slots = LargeArray<Slot>()
  private var slotLimit = 0
  private var free: [UInt32] = []
  private let arena = RowArena()
  private var expiry = ExpiryIndex()
  private var lastId: UInt64 = 0
  private(set) var count = 0

  private struct Slot {
    /// Where the row's bytes lie.
    var row: UnsafeMutableRawPointer
    /// When it is done, before the shift of the bound; `.max` where it never is, or has been said
    /// to be.
    var moment: Int64
    var id: UInt64
    var group: UInt32
    /// The next older and the next newer row of the same key.
    var older: UInt32
    var newer: UInt32
  }

  init(_ side: JoinSide, mark: UInt8, store: any StatePartition) {
    self.side = side
    self.mark = mark
    self.store = store
    nullSafe = side.nullSafe
    keys = KeyTable(width: side.codec.width)
    encoder = RowKeyEncoder(side.codec)
    values = RowKeyEncoder(RowKeyCodec(side.types, for: .values))
  }

  /// Bytes held, about.
  var memoryBytes: Int {
    arena.memoryBytes + keys.memoryBytes + slots.memoryBytes + heads.memoryBytes
      + free.capacity * 4 + expiry.memoryBytes
  }

  /// Ids follow the batches, so that they are new also where the store keeps rows that were never
  /// loaded.
  func beginBatch(_ batchId: Int64) { lastId = max(lastId, UInt64(clamping: batchId) << 32) }

  // MARK: Looking up

  /// Adds the pairs of rows of the other side and stored rows with the same key, the latest stored
  /// row first.
  func find(_ rows: RowKeys, _ keyColumns: [Vector], _ canMeet: [Bool]?, _ pairs: inout JoinPairs) {
    if count == 0 { return }
    let found = Buffer(capacity: rows.count * 4)
    let groups = found.typed(UInt32.self)
    keys.find(rows, into: groups)
    let hasNull = NullKeys(keyColumns, nullSafe: nullSafe)
    let (heads, slots) = (heads.pointer, slots.pointer)
    for row in 0..<rows.count where groups[row] != KeyTable.none {
      moontide_prefetch(heads + Int(groups[row]))
    }
    for row in 0..<rows.count {
      let group = groups[row]
      if group == KeyTable.none || hasNull[row] || !(canMeet?[row] ?? true) { continue }
      var slot = heads[Int(group)] &- 1
      while slot != Selection.none {
        pairs.append(UInt32(truncatingIfNeeded: row), slot)
        slot = slots[Int(slot)].older
      }
    }
  }

  func isMatched(_ slot: UInt32) -> Bool {
    slots.pointer[Int(slot)].row.load(as: UInt8.self) == 1
  }

  /// The rows in some slots, as columns.
  func gather(_ wanted: [UInt32]) -> [Vector] {
    let slots = slots.pointer
    return decode(values.codec, wanted.count) { index in
      Self.cells(slots[Int(wanted[index])].row)
    }
  }

  /// Columns of rows whose bytes begin where `start` says.
  private func decode(
    _ codec: RowKeyCodec, _ count: Int, _ start: (Int) -> UnsafeRawPointer
  ) -> [Vector] {
    if count == 0 { return codec.types.map { Vector.nulls($0, count: 0) } }
    let addresses = Buffer(capacity: count * 8)
    let out = addresses.typed(UnsafeRawPointer.self)
    for index in 0..<count {
      out[index] = start(index)
      moontide_prefetch(out[index])
    }
    return codec.decode(out, count: count)
  }

  // MARK: Changing

  /// Stores some rows with their keys and moments; `.max` is never done.
  func insert(_ rows: Batch, keys encoded: RowKeys, moments: [Int64], isMatched: [Bool]?) {
    let count = rows.count
    let cells = values.encode(rows.columns, count: count, hashing: false)
    let numbers = groups(of: encoded)
    let added = newSlots(count)
    let byteCounts = Buffer(capacity: count * 8)
    let sizes = byteCounts.typed(Int.self)
    for row in 0..<count {
      sizes[row] = Self.headBytes &+ encoded[row].count &+ cells[row].count
    }
    let addresses = Buffer(capacity: count * 8)
    let targets = addresses.typed(UnsafeMutableRawPointer.self)
    arena.add(slots: added, byteCounts: sizes, rows: targets)
    let (groups, slots, heads) = (numbers.typed(UInt32.self), slots.pointer, heads.pointer)
    for row in 0..<count { moontide_prefetch(heads + Int(groups[row])) }
    for row in 0..<count {
      Self.write(to: targets[row], isMatched?[row] ?? false, key: encoded[row], cells: cells[row])
      let slot = added[row]
      slots[Int(slot)] = Slot(
        row: targets[row], moment: moments[row], id: lastId &+ UInt64(row &+ 1),
        group: groups[row], older: Selection.none, newer: Selection.none)
      Self.link(slot, slots, heads)
    }
    lastId += UInt64(count)
    note(added, isPresent: true)
    expiry.add(added, at: moments)
  }

  private func groups(of rows: RowKeys) -> Buffer {
    let numbers = Buffer(capacity: rows.count * 4)
    keys.findOrInsert(rows, into: numbers.typed(UInt32.self))
    heads.reserve(keys.groupLimit)
    return numbers
  }

  /// Slots for rows to come, those of rows that have gone first.
  private func newSlots(_ wanted: Int) -> [UInt32] {
    let reused = min(free.count, wanted)
    slots.reserve(slotLimit + wanted - reused)
    var out = Array(free.suffix(reused))
    free.removeLast(reused)
    for slot in slotLimit..<slotLimit + wanted - reused {
      out.append(UInt32(truncatingIfNeeded: slot))
    }
    slotLimit += wanted - reused
    count += wanted
    return out
  }

  /// Makes this the latest row of its key.
  @inline(__always)
  private static func link(
    _ slot: UInt32, _ slots: UnsafeMutablePointer<Slot>, _ heads: UnsafeMutablePointer<UInt32>
  ) {
    let head = heads + Int(slots[Int(slot)].group)
    let older = head.pointee &- 1
    slots[Int(slot)].older = older
    if older != Selection.none { slots[Int(older)].newer = slot }
    head.pointee = slot &+ 1
  }

  /// A stored row has met one of the other side.
  func noteMatch(_ slot: UInt32) {
    if isMatched(slot) { return }
    let place = slots.pointer[Int(slot)]
    place.row.storeBytes(of: 1, as: UInt8.self)
    note([slot], isPresent: true)
  }

  /// The slots of the rows that are done at or before this moment, earliest first. They stay until
  /// they are removed.
  func expired(at moment: Int64) -> [UInt32] {
    let (slots, limit) = (slots.pointer, slotLimit)
    return expiry.takeExpired(upTo: moment).filter { slot in
      // The index may name a slot whose row has gone, and that holds another one now or none.
      if slot >= limit || slots[Int(slot)].moment > moment { return false }
      slots[Int(slot)].moment = .max
      return true
    }
  }

  /// Forgets some rows.
  func remove(_ gone: [UInt32]) {
    var emptied: [UInt32] = []
    note(gone, isPresent: false)
    let (slots, heads) = (slots.pointer, heads.pointer)
    for (index, slot) in gone.enumerated() {
      if index + 8 < gone.count {
        let next = slots[Int(gone[index + 8])]
        moontide_prefetch(next.row)
        moontide_prefetch(heads + Int(next.group))
      }
      let place = slots[Int(slot)]
      if place.newer == Selection.none {
        heads[Int(place.group)] = place.older &+ 1
        if place.older == Selection.none { emptied.append(place.group) }
      } else {
        slots[Int(place.newer)].older = place.older
      }
      if place.older != Selection.none { slots[Int(place.older)].newer = place.newer }
      slots[Int(slot)].moment = .max
      arena.remove(place.row) { slots[Int($0)].row = $1 }
    }
    free += gone
    count -= gone.count
    keys.remove(Selection(emptied))
    if KeyTable.isSparse(count, of: slotLimit) { shrink() }
  }

  /// Numbers slots and groups anew, so that tables which were larger leave memory.
  private func shrink() {
    let (oldKeys, oldHeads, oldSlots) = (keys, heads, slots)
    keys = KeyTable(width: side.codec.width)
    (heads, slots, free) = (LargeArray(), LargeArray(), [])
    var numbers = [UInt32](repeating: Selection.none, count: slotLimit)
    (slotLimit, count) = (0, 0)
    let live = oldKeys.groups
    heads.reserve(live.count)
    for index in 0..<live.count {
      let group = keys.insert(oldKeys.key(live.rows[index]))
      var chain: [UInt32] = []
      var at = oldHeads.pointer[Int(live.rows[index])] &- 1
      while at != Selection.none {
        chain.append(at)
        at = oldSlots.pointer[Int(at)].older
      }
      for (slot, old) in zip(newSlots(chain.count), chain.reversed()) {
        var place = oldSlots.pointer[Int(old)]
        (place.group, place.older, place.newer) = (group, Selection.none, Selection.none)
        numbers[Int(old)] = slot
        RowArena.setSlot(slot, of: place.row)
        slots.pointer[Int(slot)] = place
        Self.link(slot, slots.pointer, heads.pointer)
      }
    }
    expiry.renumber { numbers[Int($0)] }
    ReturnedMemory.want()
  }

  // MARK: Durable entries

  /// Before a row's key and cells: "has met a row", and the key's length.
  static let headBytes = 5

  @inline(__always)
  private static func write(
    to target: UnsafeMutableRawPointer, _ isMatched: Bool, key: UnsafeRawBufferPointer,
    cells: UnsafeRawBufferPointer
  ) {
    target.storeBytes(of: isMatched ? 1 : 0, as: UInt8.self)
    target.storeBytes(of: UInt32(key.count).littleEndian, toByteOffset: 1, as: UInt32.self)
    if let source = key.baseAddress {
      ShortBytes.copy(source, key.count, to: target + headBytes)
    }
    if let source = cells.baseAddress {
      ShortBytes.copy(source, cells.count, to: target + (headBytes &+ key.count))
    }
  }

  /// Where a row's cells begin.
  @inline(__always)
  static func cells(_ row: UnsafeRawPointer) -> UnsafeRawPointer {
    let keyCount = UInt32(littleEndian: row.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    return row + (headBytes &+ Int(keyCount))
  }

  /// Puts the entries of some rows into the store, or takes them out.
  private func note(_ some: [UInt32], isPresent: Bool) {
    let slots = slots.pointer
    var changes = StateChanges(store)
    withUnsafeTemporaryAllocation(byteCount: 16 * StateChanges.limit, alignment: 16) { keys in
      guard let base = keys.baseAddress else { return }
      for (index, slot) in some.enumerated() {
        let place = slots[Int(slot)]
        let key = base + 16 &* (index % StateChanges.limit)
        key.storeBytes(of: mark, as: UInt8.self)
        key.storeBytes(of: place.id.bigEndian, toByteOffset: 1, as: UInt64.self)
        changes.add(
          UnsafeRawBufferPointer(start: key, count: 9),
          isPresent ? RowArena.bytes(of: place.row) : nil)
      }
      changes.finish()
    }
  }

  // MARK: Restoring

  /// Takes a durable entry of this side; `finishRestore` makes it findable.
  func restore(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    let id = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    let slot = newSlots(1)[0]
    let row = arena.add(slot: slot, byteCount: value.count)
    if let source = value.baseAddress { memcpy(row, source, value.count) }
    slots.pointer[Int(slot)] = Slot(
      row: row, moment: .max, id: id, group: 0, older: Selection.none, newer: Selection.none)
    lastId = max(lastId, id)
  }

  private static let stepRows = 4096

  /// Puts the restored rows under their keys in the order in which they came once.
  func finishRestore(task: TaskContext) throws {
    let slots = slots.pointer
    let order = (0..<UInt32(slotLimit)).sorted { slots[Int($0)].id < slots[Int($1)].id }
    for begin in stride(from: 0, to: order.count, by: Self.stepRows) {
      let some = order[begin..<min(begin + Self.stepRows, order.count)]
      let rows = Batch(gather(Array(some)), count: some.count)
      let keyColumns = decode(side.codec, some.count) { index in
        UnsafeRawPointer(slots[Int(some[begin + index])].row + Self.headBytes)
      }
      let numbers = groups(of: encoder.encode(keyColumns, count: some.count))
      let moments = try moments(of: rows, task: task)
      for (index, slot) in some.enumerated() {
        slots[Int(slot)].group = numbers.typed(UInt32.self)[index]
        slots[Int(slot)].moment = moments[index]
        Self.link(slot, slots, heads.pointer)
      }
      expiry.add(Array(some), at: moments)
    }
  }

  /// When each row is done, before the shift of the bound.
  func moments(of rows: Batch, task: TaskContext) throws -> [Int64] {
    guard let bound = side.bound else { return [Int64](repeating: .max, count: rows.count) }
    return KeyExpiry.times(try bound.time.evaluate(EvaluationContext(rows, task: task)))
  }
}
