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

  /// Changes that are held in memory at a time, bytes; an eighth of all where that is more.
  private static let heldBytes = 32 << 20

  /// Calls `visit` once for each entry that is there.
  ///
  /// The changes are held in memory, and looked up for each entry of the snapshot. Where they are
  /// many, the keys are divided by their hashes and the files read once for each part.
  func visit(
    _ place: StatePlace,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let since = snapshot?.lastVersion ?? -1
    let changed = changes.map { file in
      (
        file,
        file.blocks.filter { $0.place == place && $0.version <= version && $0.version > since }
      )
    }.filter { !$0.1.isEmpty }
    let byteCount = changed.reduce(0) { sum, file in
      file.1.reduce(sum) { $0 + $1.entriesByteCount }
    }
    let parts = min(max(1, byteCount / Self.heldBytes), 8)
    for part in 0..<parts {
      let keys = StateKeys(part: part, of: parts)
      let overlay = StateOverlay()
      for (file, blocks) in changed {
        try each(blocks, of: file) { entry in
          let hash = RowKeyHash.hash(entry.key)
          if keys.contains(hash) { overlay.put(entry, hash) }
        }
      }
      if let snapshot {
        try each(snapshot.blocks.filter { $0.place == place }, of: snapshot) { entry in
          guard let value = entry.value else { return }
          if byteCount > 0 {
            let hash = RowKeyHash.hash(entry.key)
            if !keys.contains(hash) || overlay.contains(entry.key, hash) { return }
          }
          try visit(entry.key, value)
        }
      }
      try overlay.forEach(visit)
    }
  }

  /// Every entry of some blocks, in order.
  private func each(
    _ blocks: [StateFile.Block], of file: StateFile, _ body: (StateEntries.Entry) throws -> Void
  ) throws {
    if blocks.isEmpty { return }
    let reader = try storage.openForReading(file.path)
    var buffer = Buffer(capacity: 0)
    for block in blocks {
      try StateFile.read(block, from: reader, path: file.path, into: &buffer)
      let skip = block.entriesOffset - block.payloadOffset
      var entries = StateEntries(
        UnsafeRawBufferPointer(start: buffer.pointer + skip, count: block.entriesByteCount))
      while let entry = entries.next() { try body(entry) }
    }
  }
}

/// One of several equal parts of all keys.
private struct StateKeys {
  let part: Int
  let of: Int

  init(part: Int, of parts: Int) {
    self.part = part
    of = parts
  }

  /// By bits that decide neither a key's partition nor its place in a table.
  @inline(__always)
  func contains(_ hash: UInt64) -> Bool {
    of == 1 || Int(truncatingIfNeeded: hash & 0xFFFF) &* of >> 16 == part
  }
}
