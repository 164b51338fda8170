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
  /// Changes that are held in memory at a time, bytes; a sixteenth of all where that is more.
  var heldBytes = 16 << 20

  /// Every place that has a block.
  var places: [StatePlace] {
    var seen: Set<StatePlace> = []
    let files = (snapshot.map { [$0] } ?? []) + changes
    let all = files.flatMap { $0.blocks.map(\.place) }.filter { seen.insert($0).inserted }
    return all.sorted { ($0.operatorId, $0.partition) < ($1.operatorId, $1.partition) }
  }

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
    let parts = min(max(1, byteCount / heldBytes), 16)
    var overlay = StateOverlay()
    for part in 0..<parts {
      let keys = StateKeys(part: part, of: parts)
      overlay.removeAll()
      for (file, blocks) in changed {
        try eachStep(blocks, of: file, keys) { step in
          for found in step { overlay.prefetch(found.hash) }
          for found in step { overlay.put(found.entry, found.hash) }
        }
      }
      if let snapshot {
        try eachStep(snapshot.blocks.filter { $0.place == place }, of: snapshot, keys) { step in
          for found in step { overlay.prefetch(found.hash) }
          for found in step where !overlay.contains(found.entry.key, found.hash) {
            if let value = found.entry.value { try visit(found.entry.key, value) }
          }
        }
      }
      try overlay.forEach(visit)
    }
  }

  /// Calls `visit` for each change in some versions, in their order.
  func visitChanges(
    _ place: StatePlace, _ versions: ClosedRange<Int64>,
    _ visit: (Int64, UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    for file in changes {
      let own = file.blocks.filter { $0.place == place && versions.contains($0.version) }
      for block in own {
        try eachStep([block], of: file, StateKeys(part: 0, of: 1)) { step in
          for found in step { try visit(block.version, found.entry.key, found.entry.value) }
        }
      }
    }
  }

  private struct Found {
    let entry: StateEntries.Entry
    let hash: UInt64
  }

  private static let stepEntries = 64

  /// The entries of some blocks, in order, a few at a time.
  private func eachStep(
    _ blocks: [StateFile.Block], of file: StateFile, _ keys: StateKeys,
    _ body: (UnsafeBufferPointer<Found>) throws -> Void
  ) throws {
    if blocks.isEmpty { return }
    let reader = try storage.openForReading(file.path)
    var buffer = Buffer(capacity: 0)
    try withUnsafeTemporaryAllocation(of: Found.self, capacity: Self.stepEntries) { step in
      for block in blocks {
        try StateFile.read(block, from: reader, path: file.path, into: &buffer)
        let skip = block.entriesOffset - block.payloadOffset
        var entries = StateEntries(
          UnsafeRawBufferPointer(start: buffer.pointer + skip, count: block.entriesByteCount))
        var count = 0
        while let entry = entries.next() {
          let hash = RowKeyHash.hash(entry.key)
          if !keys.contains(hash) { continue }
          step.initializeElement(at: count, to: Found(entry: entry, hash: hash))
          count &+= 1
          if count == Self.stepEntries {
            try body(UnsafeBufferPointer(step))
            count = 0
          }
        }
        try body(UnsafeBufferPointer(rebasing: step[..<count]))
      }
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
