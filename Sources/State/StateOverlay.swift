import CSystem
import Columns
import Glibc

/// The last change of each key among some changes.
///
/// Entries lie one behind the other: key length with two flags, value length, both of 32 bits, key,
/// value. A slot holds the high half of the key's hash, which also says where the
/// search begins, and where the entry lies, in words, plus one.
struct StateOverlay: ~Copyable {
  private let entries = LargeMemory(capacity: 1 << 12)
  private var slotMemory = LargeMemory(capacity: 64 * 8)
  /// Where both lie now: a look into a class costs more than a search.
  private var start: UnsafeMutableRawPointer
  private var slots: UnsafeMutablePointer<UInt64>
  private var usedBytes = 0
  private var capacity: Int
  private var mask = 63
  private var count = 0

  private static let headBytes = 8
  /// Of an entry whose key is gone, and of one that an entry of another length has replaced.
  private static let gone: UInt32 = 1 << 31
  private static let replaced: UInt32 = 1 << 30
  private static let keyMask: UInt32 = replaced - 1

  init() {
    start = entries.pointer
    capacity = entries.capacity
    slots = slotMemory.pointer.assumingMemoryBound(to: UInt64.self)
  }

  /// Forgets all entries, and keeps the memory.
  mutating func removeAll() {
    if count == 0 { return }
    memset(slots, 0, (mask &+ 1) &* 8)
    (usedBytes, count) = (0, 0)
  }

  /// Asks for the memory that a search for a key with this hash reads first.
  @inline(__always)
  func prefetch(_ hash: UInt64) {
    moontide_prefetch(slots + (Int(truncatingIfNeeded: hash >> 32) & mask))
  }

  /// The slot of a key, or the empty one where it would go.
  @inline(__always)
  private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
    var at = Int(truncatingIfNeeded: hash >> 32) & mask
    while true {
      let slot = slots[at]
      if slot == 0 { return at }
      if slot >> 32 == hash >> 32 {
        let own = start + Self.offset(slot)
        if Int(own.load(as: UInt32.self) & Self.keyMask) == key.count,
          Self.equal(own + Self.headBytes, key)
        {
          return at
        }
      }
      at = (at &+ 1) & mask
    }
  }

  @inline(__always)
  private static func equal(_ own: UnsafeRawPointer, _ key: UnsafeRawBufferPointer) -> Bool {
    guard let other = key.baseAddress else { return true }
    return memcmp(own, other, key.count) == 0
  }

  @inline(__always)
  private static func offset(_ slot: UInt64) -> Int {
    (Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1) &* 8
  }

  func contains(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
    count > 0 && slots[find(key, hash)] != 0
  }

  mutating func put(_ entry: StateEntries.Entry, _ hash: UInt64) {
    let at = find(entry.key, hash)
    let slot = slots[at]
    if slot != 0 {
      let own = start + Self.offset(slot)
      let keyCount = UInt32(truncatingIfNeeded: entry.key.count)
      guard let value = entry.value else {
        own.storeBytes(of: keyCount | Self.gone, as: UInt32.self)
        return
      }
      if Int(own.load(fromByteOffset: 4, as: UInt32.self)) == value.count {
        own.storeBytes(of: keyCount, as: UInt32.self)
        Self.copy(value, to: own + (Self.headBytes &+ entry.key.count))
        return
      }
      own.storeBytes(of: keyCount | Self.replaced, as: UInt32.self)
    }
    slots[at] = (hash >> 32) << 32 | UInt64(append(entry) / 8 + 1)
    if slot != 0 { return }
    count &+= 1
    if count &* 4 > (mask &+ 1) &* 3 { grow() }
  }

  private mutating func append(_ entry: StateEntries.Entry) -> Int {
    let offset = usedBytes
    let (keyCount, valueCount) = (entry.key.count, entry.value?.count ?? 0)
    precondition(keyCount <= Int(Self.keyMask), "a state key of a gigabyte")
    usedBytes &+= Self.bytes(keyCount, valueCount)
    precondition(usedBytes / 8 < Int(UInt32.max), "32 GiB of changes held at a time")
    if usedBytes > capacity {
      entries.grow(to: usedBytes)
      (start, capacity) = (entries.pointer, entries.capacity)
    }
    let target = start + offset
    let flags = entry.value == nil ? Self.gone : 0
    target.storeBytes(of: UInt32(truncatingIfNeeded: keyCount) | flags, as: UInt32.self)
    target.storeBytes(
      of: UInt32(truncatingIfNeeded: valueCount), toByteOffset: 4, as: UInt32.self)
    Self.copy(entry.key, to: target + Self.headBytes)
    Self.copy(entry.value, to: target + (Self.headBytes &+ keyCount))
    return offset
  }

  @inline(__always)
  private static func bytes(_ keyCount: Int, _ valueCount: Int) -> Int {
    (headBytes &+ keyCount &+ valueCount &+ 7) & ~7
  }

  @inline(__always)
  private static func copy(_ bytes: UnsafeRawBufferPointer?, to target: UnsafeMutableRawPointer) {
    if let bytes, let source = bytes.baseAddress {
      ShortBytes.copy(source, bytes.count, to: target)
    }
  }

  private mutating func grow() {
    let (old, oldSlots, oldCount) = (slotMemory, slots, mask + 1)
    slotMemory = LargeMemory(capacity: oldCount * 2 * 8)
    slots = slotMemory.pointer.assumingMemoryBound(to: UInt64.self)
    mask = oldCount * 2 - 1
    for index in 0..<oldCount where oldSlots[index] != 0 {
      var at = Int(truncatingIfNeeded: oldSlots[index] >> 32) & mask
      while slots[at] != 0 { at = (at &+ 1) & mask }
      slots[at] = oldSlots[index]
    }
    withExtendedLifetime(old) {}
  }

  /// The keys that are there, with their values, as they lie.
  func forEach(
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    var at = 0
    while at < usedBytes {
      let own = UnsafeRawPointer(start) + at
      let head = own.load(as: UInt32.self)
      let keyCount = Int(head & Self.keyMask)
      let valueCount = Int(own.load(fromByteOffset: 4, as: UInt32.self))
      at &+= Self.bytes(keyCount, valueCount)
      if head & (Self.gone | Self.replaced) != 0 { continue }
      let key = own + Self.headBytes
      try visit(
        UnsafeRawBufferPointer(start: key, count: keyCount),
        UnsafeRawBufferPointer(start: key + keyCount, count: valueCount))
    }
  }
}
