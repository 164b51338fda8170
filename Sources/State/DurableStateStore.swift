import Columns
import Contract
import Synchronization

/// A query's state on disk, in the `state` folder of its checkpoint.
///
/// The changes of all operators and partitions of a batch go to the end of one file with one
/// `fdatasync`; full blocks are written while the batch still runs. Every so often the file is
/// closed, and `maintain` (on a thread of its own) merges the last snapshot and the closed files
/// into the next snapshot, from disk, never from the live tables.
///
/// Where a version ends in which file is the mark that `commit` gives and the batch log keeps: what
/// lies behind it belongs to a batch that was not committed, and is cut when the store is opened.
public final class DurableStateStore: StateStore {
  /// When files are closed, merged and forgotten.
  public struct Limits: Sendable {
    /// A change file is closed when it is larger, bytes.
    public var changeFileBytes = 64 << 20
    /// …or holds more versions.
    public var changeFileVersions: Int64 = 4096
    /// Versions before the last that can still be read.
    public var versionsToRetain: Int64 = 100
    /// Changes that a merge holds in memory at a time, bytes.
    var heldBytes = 16 << 20

    public init() {}
  }

  private struct Writing {
    var log: (any StorageLog)?
    var name = ""
    var firstVersion: Int64 = 0
    /// Of the batch at hand.
    var version: Int64 = 0
    var blockCount = 0
    var checksumSum: UInt64 = 0
    var mark: StateMark?
    var failure: (any Error)?
  }

  private let directory: String
  private let owner: String
  private let storage: any Storage
  private let limits: Limits
  private let writing: Mutex<Writing>
  private let partitions = Mutex<[StatePlace: DurableStatePartition]>([:])
  private let upkeep: StateUpkeep
  /// Where live state is kept outside memory.
  private let paged: PagedState?
  /// What the operators restore from.
  fileprivate let opened: StateMerge
  /// Snapshots that were found damaged; an older one stood in.
  public let damagedSnapshots: [Failure]

  /// Opens the store at the version that `mark` ends; nil: an empty store. Where it is paged, live
  /// state lies in a RocksDB.
  public init(
    directory: String, queryId: String, mark: String?, storage: any Storage,
    limits: Limits = Limits(), isPaged: Bool = false
  ) throws {
    self.directory = directory
    owner = queryId
    self.storage = storage
    self.limits = limits
    try storage.createDirectory(directory)
    let end = try mark.map { try StateMark($0) }
    paged =
      isPaged ? try PagedState(directory: directory, mark: end, storage: storage) : nil
    let folder = try StateFolder(
      directory: directory, owner: queryId, end: end, storage: storage)
    for name in folder.behind { try storage.remove(directory + "/" + name) }
    damagedSnapshots = folder.damaged
    opened = StateMerge(
      storage: storage, snapshot: folder.snapshot, changes: folder.changes,
      version: end?.version ?? 0, heldBytes: limits.heldBytes)
    upkeep = StateUpkeep(directory, queryId, storage, limits, folder)
    var writing = Writing()
    writing.mark = end
    if let end, let last = folder.changes.last, last.path == directory + "/" + end.file {
      writing.name = end.file
      writing.firstVersion = StateFolder.version(of: end.file) ?? 0
      writing.log = try storage.openLog(last.path, keeping: end.byteCount)
    }
    self.writing = Mutex(writing)
  }

  public func open(
    _ operatorId: String, partition: Int, layout: any StateLayout
  ) -> any StatePartition {
    let place = StatePlace(operatorId: operatorId, partition: partition)
    return partitions.withLock { open in
      let durable = open[place] ?? DurableStatePartition(place, self)
      open[place] = durable
      return paged?.open(durable, place, layout) ?? durable
    }
  }

  /// The batch that now runs makes this version.
  public func begin(version: Int64) { writing.withLock { $0.version = version } }

  /// Makes the changes noted since `begin` durable, and gives the mark for the batch log.
  public func commit() throws -> String? {
    if let failure = upkeep.failure { throw failure }
    try paged?.finishBatch()
    let mark = try writeBatch()
    paged?.noteCommitted()
    return mark
  }

  private func writeBatch() throws -> String? {
    let blocks = partitions.withLock { Array($0.values) }.compactMap(\.block)
    return try writing.withLock { writing in
      if let failure = writing.failure { throw failure }
      for block in blocks {
        try write(block, &writing)
        block.clear()
      }
      guard writing.blockCount > 0, let log = writing.log else { return writing.mark?.text }
      let end = StateFrame.end(
        version: writing.version, blockCount: writing.blockCount, checksumSum: writing.checksumSum)
      try end.withUnsafeBytes { try log.append([$0]) }
      (writing.blockCount, writing.checksumSum) = (0, 0)
      let mark = StateMark(file: writing.name, byteCount: log.size, version: writing.version)
      writing.mark = mark
      if log.size > limits.changeFileBytes
        || writing.version - writing.firstVersion >= limits.changeFileVersions
      {
        log.close()
        writing.log = nil
        upkeep.addClosed(writing.name, byteCount: log.size, lastVersion: writing.version)
      }
      return mark.text
    }
  }

  /// Whether `maintain` has something to do. `version` is the last committed one.
  public var needsMaintenance: Bool { upkeep.isDue }

  /// Makes the next snapshot and removes what no retained version needs. On any thread; a failure
  /// is thrown by the next `commit`.
  public func maintain() { upkeep.run() }

  /// Closes the files. A snapshot that is being made is given up.
  public func close() {
    upkeep.close()
    writing.withLock { writing in
      paged?.close(writing.mark)
      writing.log?.close()
    }
  }

  /// Takes a full block and gives an empty one.
  fileprivate func exchange(
    _ full: StateBlock?, _ place: [UInt8], atLeast: Int
  ) -> StateBlock {
    writing.withLock { writing in
      if let full, writing.failure == nil {
        do { try write(full, &writing) } catch { writing.failure = error }
        full.clear()
        if full.hasRoom(atLeast) { return full }
      }
      return StateBlock(place, atLeast: atLeast)
    }
  }

  private func write(_ block: StateBlock, _ writing: inout Writing) throws {
    if block.isEmpty { return }
    if writing.log == nil {
      writing.name = StateFolder.changesName(writing.version)
      writing.firstVersion = writing.version
      let path = directory + "/" + writing.name
      let head = StateFile.headLine(owner, versionBefore: writing.mark?.version ?? 0)
      try storage.create(path, Array(head.utf8))
      writing.log = try storage.openLog(path, keeping: nil)
    }
    let (frame, checksum) = block.seal(version: writing.version)
    try writing.log?.write([frame])
    writing.blockCount += 1
    writing.checksumSum = writing.checksumSum &+ checksum
  }
}

/// Border (`@unchecked Sendable`): the contract says one thread at a time, and the store looks at
/// `block` between batches.
private final class DurableStatePartition: StatePartition, @unchecked Sendable {
  private let place: StatePlace
  private let head: [UInt8]
  private unowned let store: DurableStateStore
  /// What is noted and not yet written.
  private(set) var block: StateBlock?

  init(_ place: StatePlace, _ store: DurableStateStore) {
    self.place = place
    self.store = store
    head = place.bytes
  }

  func restore(
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws { try store.opened.visit(place, visit) }

  func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    room(StateBlock.room(key.count, value.count)).append(key: key, value: value)
  }

  func remove(key: UnsafeRawBufferPointer) {
    room(StateBlock.room(key.count, 0)).append(key: key, value: nil)
  }

  func note(_ changes: UnsafeBufferPointer<StateChange>) {
    var next = 0
    while next < changes.count {
      next = room(changes[next].room).append(changes, from: next)
    }
  }

  @inline(__always)
  private func room(_ bytes: Int) -> StateBlock {
    if let block, block.hasRoom(bytes) { return block }
    return exchange(bytes)
  }

  private func exchange(_ bytes: Int) -> StateBlock {
    let next = store.exchange(block, head, atLeast: bytes)
    block = next
    return next
  }
}
