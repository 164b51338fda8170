import CSystem
import Columns
import Contract
import Glibc

/// A set of values a group: one open-addressing table over groups and bytes of keys for all.
struct GroupSets: ~Copyable {
  private var entries: [Entry] = []
  /// Number of an entry plus 1; 0: free.
  private var slots: [UInt32] = Array(repeating: 0, count: 64)
  private var bytes: [UInt8] = []
  private var generations = GroupArray<UInt32>(empty: 0)
  private var dead = 0
  private var counts = GroupArray<Int32>(empty: 0)

  private struct Entry {
    let hash: UInt64
    let group: UInt32
    let generation: UInt32
    let offset: Int
    let count: Int
  }

  mutating func grow(to count: Int) {
    generations.grow(to: count)
    counts.grow(to: count)
  }

  /// How many keys a group has.
  func count(_ group: Int) -> Int { Int(counts.pointer[group]) }

  /// Adds a key to a group's set; false when it was there.
  mutating func insert(_ key: [UInt8], _ group: Int) -> Bool {
    let generation = generations.pointer[group]
    let hash = key.withUnsafeBytes {
      moontide_hash64($0.baseAddress, UInt($0.count), UInt64(truncatingIfNeeded: group))
    }
    if (entries.count + 1) * 2 > slots.count { rebuild() }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let entry = entries[Int(slots[slot]) - 1]
      if entry.hash == hash, entry.group == UInt32(group), entry.generation == generation,
        entry.count == key.count,
        isKey(entry, key)
      {
        return false
      }
      slot = (slot + 1) & mask
    }
    entries.append(
      Entry(
        hash: hash, group: UInt32(group), generation: generation, offset: bytes.count,
        count: key.count))
    bytes += key
    slots[slot] = UInt32(entries.count)
    counts.pointer[group] += 1
    return true
  }

  private func isKey(_ entry: Entry, _ key: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { held in
      key.withUnsafeBytes { key in
        guard let a = held.baseAddress, let b = key.baseAddress else { return true }
        return memcmp(a + entry.offset, b, key.count) == 0
      }
    }
  }

  /// Drops what belongs to emptied groups; doubles the table when that does not make room.
  private mutating func rebuild() {
    if dead * 2 > entries.count {
      var kept: [Entry] = []
      var keptBytes: [UInt8] = []
      for entry in entries where entry.generation == generations.pointer[Int(entry.group)] {
        kept.append(
          Entry(
            hash: entry.hash, group: entry.group, generation: entry.generation,
            offset: keptBytes.count, count: entry.count))
        keptBytes += bytes[entry.offset..<(entry.offset + entry.count)]
      }
      entries = kept
      bytes = keptBytes
      dead = 0
    }
    var size = slots.count
    while (entries.count + 1) * 2 > size { size *= 2 }
    slots = Array(repeating: 0, count: size)
    for (index, entry) in entries.enumerated() {
      var slot = Int(truncatingIfNeeded: entry.hash) & (size - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }

  /// Empties some groups' sets.
  mutating func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      let group = Int(groups.rows[index])
      // A group that is emptied again and again leaves entries of earlier generations behind; they
      // match no more and go with the next rebuild.
      generations.pointer[group] &+= 1
      dead += Int(counts.pointer[group])
    }
    counts.reset(groups)
  }

  var memoryBytes: Int {
    entries.capacity * MemoryLayout<Entry>.stride + slots.count * 4 + bytes.capacity
      + generations.memoryBytes + counts.memoryBytes
  }
}
