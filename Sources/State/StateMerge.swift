import Columns
import Contract
import Glibc

/// Reads one partition at one version: the newest snapshot, overlaid by the changes since. Used to
/// restore operators, to make the next snapshot, and to show state to a batch query.
struct StateMerge {
  let storage: any Storage
  let snapshot: StateFile?
  let changes: [StateFile]
  /// Changes of later versions do not count.
  let version: Int64

  /// Every place that has a block.
  var places: [StatePlace] {
    var seen: Set<StatePlace> = []
    let files = (snapshot.map { [$0] } ?? []) + changes
    let all = files.flatMap { $0.blocks.map(\.place) }.filter { seen.insert($0).inserted }
    return all.sorted { ($0.operatorId, $0.partition) < ($1.operatorId, $1.partition) }
  }

  /// Calls `visit` once for each entry that is there.
  func visit(
    _ place: StatePlace,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var overlay = StateOverlay()
    var kept: [Buffer] = []
    for file in changes {
      let blocks = file.blocks.filter { block in
        block.place == place && block.version <= version
          && block.version > (snapshot?.lastVersion ?? -1)
      }
      if blocks.isEmpty { continue }
      let reader = try storage.openForReading(file.path)
      for block in blocks {
        let buffer = try StateFile.read(block, from: reader, path: file.path)
        kept.append(buffer)
        var entries = Self.entries(of: block, in: buffer)
        while let entry = entries.next() { overlay.put(entry) }
      }
    }
    if let snapshot {
      let reader = try storage.openForReading(snapshot.path)
      for block in snapshot.blocks where block.place == place {
        let buffer = try StateFile.read(block, from: reader, path: snapshot.path)
        var entries = Self.entries(of: block, in: buffer)
        while let entry = entries.next() {
          guard let value = entry.value, !overlay.contains(entry.key) else { continue }
          try visit(entry.key, value)
        }
      }
    }
    try overlay.forEach(visit)
    withExtendedLifetime(kept) {}
  }

  private static func entries(of block: StateFile.Block, in buffer: Buffer) -> StateEntries {
    let skip = block.entriesOffset - block.payloadOffset
    return StateEntries(
      UnsafeRawBufferPointer(start: buffer.pointer + skip, count: block.entriesByteCount))
  }
}

/// The last change of each key, pointing into blocks that the owner keeps.
private struct StateOverlay {
  private struct Slot {
    var hash: UInt64 = 0
    var key = UnsafeRawBufferPointer(start: nil, count: 0)
    var value: UnsafeRawBufferPointer?
    var isUsed = false
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private var count = 0

  private func find(_ hash: UInt64, _ key: UnsafeRawBufferPointer) -> Int {
    let mask = slots.count - 1
    var at = Int(truncatingIfNeeded: hash) & mask
    while slots[at].isUsed {
      let slot = slots[at]
      if slot.hash == hash, slot.key.count == key.count {
        guard key.count > 0, let a = slot.key.baseAddress, let b = key.baseAddress else {
          return at
        }
        if memcmp(a, b, key.count) == 0 { return at }
      }
      at = (at + 1) & mask
    }
    return at
  }

  mutating func put(_ entry: StateEntries.Entry) {
    let hash = StateFrame.hash(entry.key.baseAddress, entry.key.count)
    let at = find(hash, entry.key)
    if !slots[at].isUsed { count += 1 }
    slots[at] = Slot(hash: hash, key: entry.key, value: entry.value, isUsed: true)
    if count * 4 > slots.count * 3 { grow() }
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    let mask = slots.count - 1
    for slot in old where slot.isUsed {
      var at = Int(truncatingIfNeeded: slot.hash) & mask
      while slots[at].isUsed { at = (at + 1) & mask }
      slots[at] = slot
    }
  }

  func contains(_ key: UnsafeRawBufferPointer) -> Bool {
    count > 0 && slots[find(StateFrame.hash(key.baseAddress, key.count), key)].isUsed
  }

  func forEach(
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    for slot in slots where slot.isUsed {
      if let value = slot.value { try visit(slot.key, value) }
    }
  }
}
