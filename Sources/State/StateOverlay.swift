import Columns
import Glibc

/// The last change of each key among some changes. One owner.
///
/// Entries lie one behind the other: key length, value length plus one (0: the key is gone), both
/// of 32 bits, key, value. A slot holds the high half of the key's hash, which also says where the
/// search begins, and where the entry lies, in words, plus one.
final class StateOverlay {
  private let entries = LargeMemory(capacity: 1 << 12)
  private var usedBytes = 0
  private var slotMemory = LargeMemory(capacity: 64 * 8)
  private var mask = 63
  private var count = 0

  private static let headBytes = 8

  private var slots: UnsafeMutablePointer<UInt64> {
    slotMemory.pointer.assumingMemoryBound(to: UInt64.self)
  }

  /// The slot of a key, or the empty one where it would go.
  @inline(__always)
  private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
    let (slots, mask, base) = (slots, mask, entries.pointer)
    var at = Int(truncatingIfNeeded: hash >> 32) & mask
    while true {
      let slot = slots[at]
      if slot == 0 { return at }
      if slot >> 32 == hash >> 32 {
        let own = base + Self.offset(slot)
        if Int(own.load(as: UInt32.self)) == key.count,
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

  func put(_ entry: StateEntries.Entry, _ hash: UInt64) {
    let at = find(entry.key, hash)
    let slot = slots[at]
    let length = entry.value.map { $0.count &+ 1 } ?? 0
    if slot != 0 {
      let own = entries.pointer + Self.offset(slot)
      if length == 0 || Int(own.load(fromByteOffset: 4, as: UInt32.self)) == length {
        own.storeBytes(of: UInt32(length), toByteOffset: 4, as: UInt32.self)
        Self.copy(entry.value, to: own + (Self.headBytes &+ entry.key.count))
        return
      }
    }
    slots[at] = (hash >> 32) << 32 | UInt64(append(entry, length) / 8 + 1)
    if slot != 0 { return }
    count &+= 1
    if count &* 4 > (mask &+ 1) &* 3 { grow() }
  }

  private func append(_ entry: StateEntries.Entry, _ length: Int) -> Int {
    let offset = usedBytes
    let wanted = (Self.headBytes &+ entry.key.count &+ max(length &- 1, 0) &+ 7) & ~7
    usedBytes &+= wanted
    precondition(usedBytes / 8 < Int(UInt32.max), "32 GiB of changes held at a time")
    entries.grow(to: usedBytes)
    let target = entries.pointer + offset
    target.storeBytes(of: UInt32(entry.key.count), as: UInt32.self)
    target.storeBytes(of: UInt32(length), toByteOffset: 4, as: UInt32.self)
    Self.copy(entry.key, to: target + Self.headBytes)
    Self.copy(entry.value, to: target + (Self.headBytes &+ entry.key.count))
    return offset
  }

  @inline(__always)
  private static func copy(_ bytes: UnsafeRawBufferPointer?, to target: UnsafeMutableRawPointer) {
    if let bytes, let source = bytes.baseAddress { memcpy(target, source, bytes.count) }
  }

  private func grow() {
    let (old, oldCount) = (slotMemory, mask + 1)
    slotMemory = LargeMemory(capacity: oldCount * 2 * 8)
    mask = oldCount * 2 - 1
    let (source, target, mask) = (old.pointer.assumingMemoryBound(to: UInt64.self), slots, mask)
    for index in 0..<oldCount where source[index] != 0 {
      var at = Int(truncatingIfNeeded: source[index] >> 32) & mask
      while target[at] != 0 { at = (at &+ 1) & mask }
      target[at] = source[index]
    }
  }

  /// The keys that are there, with their values.
  func forEach(
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    let (slots, base) = (slots, UnsafeRawPointer(entries.pointer))
    for index in 0...mask where slots[index] != 0 {
      let own = base + Self.offset(slots[index])
      let keyCount = Int(own.load(as: UInt32.self))
      let length = Int(own.load(fromByteOffset: 4, as: UInt32.self))
      if length == 0 { continue }
      let key = own + Self.headBytes
      try visit(
        UnsafeRawBufferPointer(start: key, count: keyCount),
        UnsafeRawBufferPointer(start: key + keyCount, count: length - 1))
    }
  }
}
