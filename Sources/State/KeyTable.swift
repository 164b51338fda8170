import CSystem
import Columns
import Glibc

/// Row keys to dense group numbers 0, 1, …: an open-addressing table.
///
/// A slot is 8 bytes: the high half of the key's hash and the group's number plus one. The upper
/// half is also where the search begins, so that the table grows without looking at a key. Keys of
/// one width lie behind each other in the order of their groups; keys of varying length lie in
/// blocks, each behind its length. One owner.
public final class KeyTable {
  /// Bytes of every key; nil: keys of varying length.
  public let width: Int?
  /// Keys in the table.
  public private(set) var count = 0
  /// Groups have numbers below this; those that were removed are numbers without a key.
  public private(set) var groupLimit = 0
  /// Numbers of removed groups, to be given again.
  private var free: [UInt32] = []

  /// Where the rows that get a group are noted, while somebody asks for them.
  private var newRows: UnsafeMutablePointer<UInt32>?
  private var newCount = 0

  private var slots: UnsafeMutablePointer<UInt64>
  private var mask: Int
  private var keys = KeyArena()
  /// Where each key of varying length lies.
  private let locations = LargeMemory(capacity: 0)
  private let packed = LargeMemory(capacity: 0)
  private var slotMemory: LargeMemory

  /// The group number that stands for "no such key".
  public static let none = UInt32.max

  public init(width: Int?) {
    self.width = width
    slotMemory = LargeMemory(capacity: 16 * 8)
    slots = slotMemory.pointer.assumingMemoryBound(to: UInt64.self)
    mask = 15
  }

  /// Bytes held.
  public var memoryBytes: Int {
    slotMemory.capacity + locations.capacity + packed.capacity + keys.capacity
      + free.capacity * 4
  }

  /// The keys for reading, taken once before a loop. Valid until the table changes.
  public var stored: StoredKeys {
    StoredKeys(
      packed: packed.pointer, width: width ?? 0,
      places: width == nil
        ? UnsafePointer(locations.pointer.assumingMemoryBound(to: UnsafeRawPointer.self)) : nil)
  }

  /// The bytes of a group's key. Valid until the table changes.
  public func key(_ group: UInt32) -> UnsafeRawBufferPointer { stored[group] }

  /// The addresses of some groups' keys, for `RowKeyCodec.decode`.
  public func keyAddresses(_ groups: Selection, to out: UnsafeMutablePointer<UnsafeRawPointer>) {
    let rows = groups.rows
    if let width {
      let base = UnsafeRawPointer(packed.pointer)
      for index in 0..<groups.count { out[index] = base + Int(rows[index]) &* width }
    } else {
      let base = locations.pointer.assumingMemoryBound(to: UnsafeRawPointer.self)
      for index in 0..<groups.count { out[index] = base[Int(rows[index])] }
    }
  }

  /// All groups that have a key, in the order of their numbers.
  public var groups: Selection {
    if free.isEmpty { return .identity(groupLimit) }
    let isFree = Bitmap.filled(false, count: groupLimit)
    for group in free { Bitmap.set(isFree.pointer, Int(group)) }
    let out = Buffer(capacity: count * 4)
    let target = out.typed(UInt32.self)
    var found = 0
    for group in 0..<groupLimit where !Bitmap.get(isFree.pointer, group) {
      target[found] = UInt32(truncatingIfNeeded: group)
      found &+= 1
    }
    return Selection(buffer: out, count: found)
  }

  /// The group of each key; a key not seen before gets a group. Rows come in their order, so that
  /// numbers are given in the order of arrival.
  public func findOrInsert(_ rows: RowKeys, into groups: UnsafeMutablePointer<UInt32>) {
    var begin = 0
    while begin < rows.count {
      let end = min(begin &+ Self.stepRows, rows.count)
      reserve(count &+ (end &- begin))
      search(rows, begin, end, into: groups, isInserting: true)
      begin = end
    }
  }

  /// The same, and in `new` the rows whose key got a group; gives how many those are.
  public func findOrInsert(
    _ rows: RowKeys, into groups: UnsafeMutablePointer<UInt32>,
    new: UnsafeMutablePointer<UInt32>
  ) -> Int {
    newRows = new
    newCount = 0
    findOrInsert(rows, into: groups)
    newRows = nil
    return newCount
  }

  /// The group of one key, which gets one if it has none.
  public func insert(_ key: UnsafeRawBufferPointer) -> UInt32 {
    var group: UInt32 = 0
    with(key) { findOrInsert($0, into: &group) }
    return group
  }

  /// The group of one key, or `none`.
  public func find(_ key: UnsafeRawBufferPointer) -> UInt32 {
    var group = Self.none
    with(key) { find($0, into: &group) }
    return group
  }

  /// One key as rows are given.
  private func with(_ key: UnsafeRawBufferPointer, _ body: (RowKeys) -> Void) {
    withUnsafeBytes(of: (0, key.count)) { offsets in
      withUnsafePointer(to: RowKeyHash.hash(key)) { hash in
        guard let base = key.baseAddress ?? offsets.baseAddress else { return }
        body(
          RowKeys(
            bytes: base, offsets: width == nil ? offsets.bindMemory(to: Int.self).baseAddress : nil,
            width: width ?? 0, count: 1, hashes: hash))
      }
    }
  }

  /// The group of each key, or `none`.
  public func find(_ rows: RowKeys, into groups: UnsafeMutablePointer<UInt32>) {
    var begin = 0
    while begin < rows.count {
      let end = min(begin &+ Self.stepRows, rows.count)
      search(rows, begin, end, into: groups, isInserting: false)
      begin = end
    }
  }

  /// Rows whose memory is asked for before the first is looked at.
  private static let stepRows = 256
  /// Below this many slots the table lies in the cache anyway.
  private static let prefetchSlots = 1 << 13

  @inline(__always)
  private func search(
    _ rows: RowKeys, _ begin: Int, _ end: Int, into groups: UnsafeMutablePointer<UInt32>,
    isInserting: Bool
  ) {
    if let width {
      searchFixed(rows.hashes, rows.bytes, width, begin, end, groups, isInserting)
    } else if let offsets = rows.offsets {
      searchVarying(rows.hashes, rows.bytes, offsets, begin, end, groups, isInserting)
    }
  }

  // The fields of the class are read once a step, into locals: a field that is read per row costs
  // more than the search.

  private func searchFixed(
    _ hashes: UnsafePointer<UInt64>, _ bytes: UnsafeRawPointer, _ width: Int, _ begin: Int,
    _ end: Int, _ groups: UnsafeMutablePointer<UInt32>, _ isInserting: Bool
  ) {
    let (slots, mask, base) = (self.slots, self.mask, packed.pointer)
    if mask >= Self.prefetchSlots {
      for row in begin..<end {
        moontide_prefetch(slots + (Int(truncatingIfNeeded: hashes[row] >> 32) & mask))
      }
      for row in begin..<end {
        let slot = slots[Int(truncatingIfNeeded: hashes[row] >> 32) & mask]
        moontide_prefetch(base + (Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &* width))
      }
    }
    var numbers = takeNumbers()
    for row in begin..<end {
      let tag = hashes[row] >> 32
      let key = bytes + row &* width
      var at = Int(truncatingIfNeeded: tag) & mask
      while true {
        let slot = slots[at]
        if slot == 0 {
          if isInserting {
            let group = numbers.next(row)
            ShortBytes.copy(key, width, to: base + Int(group) &* width)
            slots[at] = tag << 32 | UInt64(group &+ 1)
            groups[row] = group
          } else {
            groups[row] = Self.none
          }
          break
        }
        let group = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
        if slot >> 32 == tag, Self.equal(base + group &* width, key, width) {
          groups[row] = UInt32(truncatingIfNeeded: group)
          break
        }
        at = (at &+ 1) & mask
      }
    }
    giveBack(numbers)
  }

  private func searchVarying(
    _ hashes: UnsafePointer<UInt64>, _ bytes: UnsafeRawPointer, _ offsets: UnsafePointer<Int>,
    _ begin: Int, _ end: Int, _ groups: UnsafeMutablePointer<UInt32>, _ isInserting: Bool
  ) {
    let (slots, mask) = (self.slots, self.mask)
    let places = locations.pointer.assumingMemoryBound(to: UnsafeRawPointer?.self)
    if mask >= Self.prefetchSlots { prefetchVarying(hashes, begin, end) }
    var (numbers, arena) = (takeNumbers(), keys)
    keys = KeyArena()
    for row in begin..<end {
      let tag = hashes[row] >> 32
      let (key, count) = (bytes + offsets[row], offsets[row &+ 1] &- offsets[row])
      var at = Int(truncatingIfNeeded: tag) & mask
      while true {
        let slot = slots[at]
        if slot == 0 {
          if isInserting {
            let group = numbers.next(row)
            places[Int(group)] = arena.add(UnsafeRawBufferPointer(start: key, count: count))
            slots[at] = tag << 32 | UInt64(group &+ 1)
            groups[row] = group
          } else {
            groups[row] = Self.none
          }
          break
        }
        let group = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
        if slot >> 32 == tag, let own = places[group],
          Int(own.load(fromByteOffset: -4, as: UInt32.self)) == count,
          Self.equal(own, key, count)
        {
          groups[row] = UInt32(truncatingIfNeeded: group)
          break
        }
        at = (at &+ 1) & mask
      }
    }
    keys = arena
    giveBack(numbers)
  }

  /// What gives numbers to new keys, out of the class while a step runs: a field that is written
  /// for each key costs more than its search.
  private struct Numbers {
    var free: [UInt32]
    var limit: Int
    var added = 0
    let newRows: UnsafeMutablePointer<UInt32>?
    var newCount: Int

    @inline(__always)
    mutating func next(_ row: Int) -> UInt32 {
      if let newRows {
        newRows[newCount] = UInt32(truncatingIfNeeded: row)
        newCount &+= 1
      }
      added &+= 1
      if let reused = free.popLast() { return reused }
      limit &+= 1
      return UInt32(truncatingIfNeeded: limit &- 1)
    }
  }

  private func takeNumbers() -> Numbers {
    let numbers = Numbers(
      free: free, limit: groupLimit, newRows: newRows, newCount: newCount)
    free = []
    return numbers
  }

  private func giveBack(_ numbers: Numbers) {
    free = numbers.free
    groupLimit = numbers.limit
    count &+= numbers.added
    newCount = numbers.newCount
  }

  /// Slot, place, key: each read tells where the next one goes, so each is asked for in its turn.
  private func prefetchVarying(_ hashes: UnsafePointer<UInt64>, _ begin: Int, _ end: Int) {
    let (slots, mask) = (self.slots, self.mask)
    let places = locations.pointer.assumingMemoryBound(to: UnsafeRawPointer?.self)
    for row in begin..<end {
      moontide_prefetch(slots + (Int(truncatingIfNeeded: hashes[row] >> 32) & mask))
    }
    for row in begin..<end {
      let slot = slots[Int(truncatingIfNeeded: hashes[row] >> 32) & mask]
      if slot != 0 {
        moontide_prefetch(places + (Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1))
      }
    }
    for row in begin..<end {
      let slot = slots[Int(truncatingIfNeeded: hashes[row] >> 32) & mask]
      if slot != 0, let key = places[Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1] {
        moontide_prefetch(key - 4)
      }
    }
  }

  @inline(__always)
  private static func equal(_ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ count: Int) -> Bool {
    if count >= 8 {
      var at = 0
      while at &+ 8 <= count {
        if (x + at).loadUnaligned(as: UInt64.self) != (y + at).loadUnaligned(as: UInt64.self) {
          return false
        }
        at &+= 8
      }
      let last = count &- 8
      return (x + last).loadUnaligned(as: UInt64.self) == (y + last).loadUnaligned(as: UInt64.self)
    }
    if count >= 4 {
      let last = count &- 4
      return x.loadUnaligned(as: UInt32.self) == y.loadUnaligned(as: UInt32.self)
        && (x + last).loadUnaligned(as: UInt32.self) == (y + last).loadUnaligned(as: UInt32.self)
    }
    for at in 0..<count
    where x.load(fromByteOffset: at, as: UInt8.self) != y.load(fromByteOffset: at, as: UInt8.self) {
      return false
    }
    return true
  }

  /// Makes room for this many keys.
  private func reserve(_ wanted: Int) {
    let groups = groupLimit &+ max(wanted &- count, 0)
    precondition(groups < Int(UInt32.max) - 1, "more than four thousand million keys in one table")
    if let width {
      packed.grow(to: groups &* width)
    } else {
      locations.grow(to: groups &* 8)
    }
    if wanted &* 4 > (mask &+ 1) &* 3 { rehash(wanted) }
  }

  private func rehash(_ wanted: Int) {
    var size = mask &+ 1
    while wanted &* 4 > size &* 3 { size *= 2 }
    let memory = LargeMemory(capacity: size * 8)
    let new = memory.pointer.assumingMemoryBound(to: UInt64.self)
    let newMask = size &- 1
    for old in 0...mask {
      let slot = slots[old]
      if slot == 0 { continue }
      var at = Int(truncatingIfNeeded: slot >> 32) & newMask
      while new[at] != 0 { at = (at &+ 1) & newMask }
      new[at] = slot
    }
    slotMemory = memory
    slots = new
    mask = newMask
  }

  /// Forgets some groups; their numbers will be given again.
  public func remove(_ groups: Selection) {
    let (stored, rows, slots, mask) = (stored, groups.rows, slots, mask)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.stepRows) { tags in
      for begin in stride(from: 0, to: groups.count, by: Self.stepRows) {
        let step = begin..<min(begin &+ Self.stepRows, groups.count)
        for index in step { stored.prefetch(rows[index]) }
        for index in step {
          tags[index &- begin] = RowKeyHash.hash(stored[rows[index]]) >> 32
          moontide_prefetch(slots + (Int(truncatingIfNeeded: tags[index &- begin]) & mask))
        }
        for index in step { Self.clear(tags[index &- begin], rows[index], slots, mask) }
      }
    }
    if width == nil { for index in 0..<groups.count { keys.forget(stored[rows[index]].count) } }
    free.append(contentsOf: UnsafeBufferPointer(start: rows, count: groups.count))
    count &-= groups.count
    if width == nil, keys.garbage > keys.used / 2, keys.garbage > 1 << 20 { compact() }
  }

  @inline(__always)
  private static func clear(
    _ tag: UInt64, _ group: UInt32, _ slots: UnsafeMutablePointer<UInt64>, _ mask: Int
  ) {
    var at = Int(truncatingIfNeeded: tag) & mask
    while slots[at] != tag << 32 | UInt64(group &+ 1) {
      precondition(slots[at] != 0, "a group is removed that has no key")
      at = (at &+ 1) & mask
    }
    // The slots behind move up, so that no search ends at the hole.
    var hole = at
    while true {
      at = (at &+ 1) & mask
      let slot = slots[at]
      if slot == 0 { break }
      let home = Int(truncatingIfNeeded: slot >> 32) & mask
      if (at &- home) & mask >= (at &- hole) & mask {
        slots[hole] = slot
        hole = at
      }
    }
    slots[hole] = 0
  }

  /// Numbers that are given to no key make up most of a large table: time for a smaller one.
  public var isSparse: Bool { Self.isSparse(count, of: groupLimit) }

  /// Whether so few places of so many are in use that a smaller table is worth its making.
  public static func isSparse(_ count: Int, of limit: Int) -> Bool {
    limit > 1 << 12 && count * 4 < limit
  }

  /// A smaller table with the same keys, in the order of their numbers, and the new number of each
  /// old one.
  public func shrunk() -> (table: KeyTable, numbers: [UInt32]) {
    let table = KeyTable(width: width)
    var numbers = [UInt32](repeating: Self.none, count: groupLimit)
    let live = groups
    for index in 0..<live.count {
      numbers[Int(live.rows[index])] = table.insert(key(live.rows[index]))
    }
    return (table, numbers)
  }

  /// Writes the keys of varying length anew, without those that were removed.
  private func compact() {
    var fresh = KeyArena()
    let places = locations.pointer.assumingMemoryBound(to: UnsafeRawPointer.self)
    let live = groups
    for index in 0..<live.count {
      let group = live.rows[index]
      places[Int(group)] = fresh.add(key(group))
    }
    keys = fresh
  }
}

/// The keys of a table.
public struct StoredKeys {
  @usableFromInline let packed: UnsafeRawPointer
  @usableFromInline let width: Int
  /// Where each key of varying length lies, behind its length.
  @usableFromInline let places: UnsafePointer<UnsafeRawPointer>?

  init(packed: UnsafeRawPointer, width: Int, places: UnsafePointer<UnsafeRawPointer>?) {
    self.packed = packed
    self.width = width
    self.places = places
  }

  /// The bytes of a group's key.
  @inlinable @inline(__always)
  public subscript(group: UInt32) -> UnsafeRawBufferPointer {
    guard let places else {
      return UnsafeRawBufferPointer(start: packed + Int(group) &* width, count: width)
    }
    let at = places[Int(group)]
    return UnsafeRawBufferPointer(
      start: at, count: Int(at.load(fromByteOffset: -4, as: UInt32.self)))
  }

  /// Asks for the memory of a group's key.
  @inline(__always)
  public func prefetch(_ group: UInt32) {
    moontide_prefetch(places.map { $0[Int(group)] - 4 } ?? packed + Int(group) &* width)
  }
}

/// Blocks that hold keys of varying length, each behind its length.
private struct KeyArena {
  private var blocks: [LargeMemory] = []
  private var next: UnsafeMutableRawPointer?
  private var left = 0
  private(set) var capacity = 0
  private(set) var used = 0
  /// Bytes of removed keys.
  private(set) var garbage = 0

  @inline(__always)
  mutating func add(_ key: UnsafeRawBufferPointer) -> UnsafeRawPointer {
    let wanted = (key.count &+ 7) & ~3
    if wanted > left { addBlock(wanted) }
    guard let target = next else { preconditionFailure("an arena without a block") }
    target.storeBytes(of: UInt32(truncatingIfNeeded: key.count), as: UInt32.self)
    if let source = key.baseAddress { ShortBytes.copy(source, key.count, to: target + 4) }
    next = target + wanted
    left &-= wanted
    used &+= wanted
    return UnsafeRawPointer(target + 4)
  }

  mutating func forget(_ count: Int) { garbage &+= (count &+ 7) & ~3 }

  private mutating func addBlock(_ wanted: Int) {
    let size = max(wanted, min(4096 << min(blocks.count, 10), 4 << 20))
    let block = LargeMemory(capacity: size)
    blocks.append(block)
    next = block.pointer
    left = size
    capacity += size
  }
}
