import Contract
import Synchronization

/// Makes snapshots of closed change files, and removes files that no retained version needs.
final class StateUpkeep: Sendable {
  private struct ClosedFile {
    let name: String
    let byteCount: Int
    let lastVersion: Int64
  }

  private struct Files {
    /// Oldest first.
    var closed: [ClosedFile] = []
    /// Versions, oldest first.
    var snapshots: [Int64] = []
    var snapshotByteCount = 0
    var isRunning = false
    var failure: Failure?

    /// Closed files that the newest snapshot does not hold.
    var fresh: [ClosedFile] { closed.filter { $0.lastVersion > snapshots.last ?? 0 } }
  }

  private let directory: String
  private let owner: String
  private let storage: any Storage
  private let limits: DurableStateStore.Limits
  private let files: Mutex<Files>
  /// Held while a snapshot is made.
  private let work = Mutex(())
  private let isClosing = Atomic(false)

  init(
    _ directory: String, _ owner: String, _ storage: any Storage,
    _ limits: DurableStateStore.Limits, _ folder: StateFolder
  ) {
    self.directory = directory
    self.owner = owner
    self.storage = storage
    self.limits = limits
    var files = Files()
    files.snapshots = folder.snapshotVersions
    files.snapshotByteCount = folder.snapshot?.soundByteCount ?? 0
    // The last change file is still open.
    files.closed = folder.changes.dropLast().map { file in
      ClosedFile(
        name: String(file.path.dropFirst(directory.count + 1)), byteCount: file.soundByteCount,
        lastVersion: file.lastVersion)
    }
    self.files = Mutex(files)
  }

  var failure: Failure? { files.withLock { $0.failure } }

  func addClosed(_ name: String, byteCount: Int, lastVersion: Int64) {
    files.withLock { files in
      files.closed.removeAll { $0.name == name }
      files.closed.append(ClosedFile(name: name, byteCount: byteCount, lastVersion: lastVersion))
    }
  }

  /// Due when the changes have grown to the size of the snapshot and to more than a file, or to
  /// that size and to as many versions as were asked for: what is written again and again stays in
  /// proportion to what changed.
  var isDue: Bool {
    files.withLock { files in
      let fresh = files.fresh
      guard !files.isRunning, files.failure == nil, let last = fresh.last else { return false }
      let bytes = fresh.reduce(0) { $0 + $1.byteCount }
      let versions = last.lastVersion - (files.snapshots.last ?? 0)
      return bytes >= max(files.snapshotByteCount, limits.changeFileBytes * 3 / 2)
        || (versions >= limits.changeFileVersions && bytes >= files.snapshotByteCount)
        || fresh.count >= 64
    }
  }

  /// Gives up a snapshot that is being made, and returns when nothing touches the files any more:
  /// the next owner of the folder may be in this process.
  func close() {
    isClosing.store(true, ordering: .relaxed)
    work.withLock { _ in }
  }

  func run() { work.withLock { _ in makeSnapshotOfFresh() } }

  private struct Closing: Error {}

  private func makeSnapshotOfFresh() {
    if isClosing.load(ordering: .relaxed) { return }
    let work = files.withLock { files -> (snapshot: Int64?, closed: [ClosedFile])? in
      let fresh = files.fresh
      if files.isRunning || fresh.isEmpty { return nil }
      files.isRunning = true
      return (files.snapshots.last, fresh)
    }
    guard let work else { return }
    do {
      try makeSnapshot(work.snapshot, work.closed.map { ($0.name, $0.lastVersion) })
      files.withLock { $0.isRunning = false }
    } catch is Closing {
      return
    } catch {
      files.withLock { files in
        files.isRunning = false
        files.failure = error as? Failure ?? Failure("FILE_ERROR", "\(error)")
      }
    }
  }

  private func makeSnapshot(_ base: Int64?, _ changes: [(name: String, version: Int64)]) throws {
    guard let version = changes.last?.version else { return }
    let merge = StateMerge(
      storage: storage,
      snapshot: try base.map { base in
        try StateFile(
          directory + "/" + StateFolder.snapshotName(base), owner: owner, storage: storage)
      },
      changes: try changes.map { change in
        try StateFile(directory + "/" + change.name, owner: owner, storage: storage)
      },
      version: version, heldBytes: limits.heldBytes)
    let path = directory + "/" + StateFolder.snapshotName(version)
    let file = try storage.newFile(path)
    do {
      try write(merge, version, to: file)
      try file.seal()
    } catch {
      file.discard()
      throw error
    }
    let useless = files.withLock { files -> [String] in
      files.snapshots.append(version)
      files.snapshotByteCount = file.size
      return forget(&files, lastVersion: version)
    }
    for name in useless { try storage.remove(directory + "/" + name) }
  }

  private func write(_ merge: StateMerge, _ version: Int64, to file: any StorageFile) throws {
    try Array(StateFile.headLine(owner).utf8).withUnsafeBytes { try file.write($0) }
    var blockCount = 0
    var sum: UInt64 = 0
    func flush(_ block: StateBlock) throws {
      if isClosing.load(ordering: .relaxed) { throw Closing() }
      if block.isEmpty { return }
      let (frame, checksum) = block.seal(version: version)
      try file.write(frame)
      block.clear()
      blockCount += 1
      sum = sum &+ checksum
    }
    for place in merge.places {
      let head = place.bytes
      var block = StateBlock(head, atLeast: 0)
      try merge.visit(place) { key, value in
        let wanted = StateBlock.room(key.count, value.count)
        if !block.hasRoom(wanted) {
          try flush(block)
          if !block.hasRoom(wanted) { block = StateBlock(head, atLeast: wanted) }
        }
        block.append(key: key, value: value)
      }
      try flush(block)
    }
    let end = StateFrame.end(version: version, blockCount: blockCount, checksumSum: sum)
    try end.withUnsafeBytes { try file.write($0) }
  }

  /// Takes off the lists what neither the retained versions nor a damaged newest snapshot would
  /// need, and gives the names.
  private func forget(_ files: inout Files, lastVersion: Int64) -> [String] {
    let oldestWanted = lastVersion - limits.versionsToRetain
    guard files.snapshots.count >= 2 else { return [] }
    let beforeLast = files.snapshots[files.snapshots.count - 2]
    let base = min(files.snapshots.last { $0 <= oldestWanted } ?? 0, beforeLast)
    guard base > 0 else { return [] }
    let snapshots = files.snapshots.filter { $0 < base }
    let closed = files.closed.filter { $0.lastVersion <= base }
    files.snapshots.removeAll { $0 < base }
    files.closed.removeAll { $0.lastVersion <= base }
    return snapshots.map(StateFolder.snapshotName) + closed.map(\.name)
  }
}
