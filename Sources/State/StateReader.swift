import Contract

/// The committed state of a query after one batch, to look at: the query may go on meanwhile.
public struct StateReader: Sendable {
  private let merge: StateMerge?
  /// Snapshots that were found damaged; an older one stood in.
  public let damagedSnapshots: [Failure]

  /// `mark` is what the batch's commit says of the state; nil: nothing had been stored yet. `from`
  /// is the version of the snapshot to begin with, where it is not to be the newest.
  public init(
    directory: String, queryId: String, mark: String?, from snapshotVersion: Int64? = nil,
    storage: any Storage
  ) throws {
    guard let end = try mark.map({ try StateMark($0) }) else {
      (merge, damagedSnapshots) = (nil, [])
      return
    }
    let folder = try StateFolder(
      directory: directory, owner: queryId, end: end, from: snapshotVersion, storage: storage)
    damagedSnapshots = folder.damaged
    merge = StateMerge(
      storage: storage, snapshot: folder.snapshot, changes: folder.changes, version: end.version)
  }

  /// The partitions of one operator that have ever held something, in order.
  public func partitions(of operatorId: String) -> [Int] {
    (merge?.places ?? []).filter { $0.operatorId == operatorId }.map(\.partition)
  }

  /// Calls `visit` once for each entry of a partition. The bytes are valid during the call.
  public func visit(
    _ operatorId: String, partition: Int,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try merge?.visit(StatePlace(operatorId: operatorId, partition: partition), visit)
  }
}

extension StateReader {
  /// The first version whose changes can still be told.
  public var firstChangedVersion: Int64 { (merge?.changes.first?.versionBefore ?? 0) + 1 }

  /// Calls `visit` for each change of a partition in these versions, in their order; without a
  /// value: the key went. The bytes are valid during the call.
  public func visitChanges(
    _ operatorId: String, partition: Int, versions: ClosedRange<Int64>,
    _ visit: (
      _ version: Int64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?
    ) throws -> Void
  ) throws {
    try merge?.visitChanges(
      StatePlace(operatorId: operatorId, partition: partition), versions, visit)
  }
}

/// One file of a state folder, looked through.
public struct StateFileReport: Sendable {
  public let name: String
  public let byteCount: Int
  /// Where the last whole version ends.
  public let soundByteCount: Int
  /// The last version in it; nil: none.
  public let lastVersion: Int64?
  /// Belongs to a batch that is not committed: the next run cuts or removes it.
  public let isUncommitted: Bool
  public let damage: Failure?

  /// Checks every file of a folder, each block and each end. `mark` is that of the last commit.
  public static func all(
    directory: String, queryId: String, mark: String?, storage: any Storage
  ) throws -> [StateFileReport] {
    let end = try mark.map { try StateMark($0) }
    return try storage.list(directory).compactMap { name in
      guard let version = StateFolder.version(of: name) else { return nil }
      return try one(directory + "/" + name, name, version, queryId, end, storage)
    }
  }

  private static func one(
    _ path: String, _ name: String, _ version: Int64, _ queryId: String, _ end: StateMark?,
    _ storage: any Storage
  ) throws -> StateFileReport {
    let isBehind = version > end?.version ?? 0
    let size = try storage.openForReading(path).size
    var damage: Failure?
    var file: StateFile?
    do {
      let read = try StateFile(path, owner: queryId, storage: storage)
      file = read
      let isWhole = read.restByteCount == 0 && read.lastVersion >= 0
      let reachesMark = name == end?.file && read.soundByteCount >= end?.byteCount ?? 0
      if !isWhole, !reachesMark, !isBehind {
        throw StateFolder.damage(
          "`\(path)` is cut short or damaged behind byte \(read.soundByteCount)")
      }
      try read.verify(storage)
    } catch let failure as Failure { damage = failure }
    let limit = name == end?.file ? end?.byteCount ?? .max : .max
    return StateFileReport(
      name: name, byteCount: size, soundByteCount: file?.soundByteCount ?? 0,
      lastVersion: file.flatMap { $0.lastVersion < 0 ? nil : $0.lastVersion },
      isUncommitted: isBehind || size > limit, damage: isBehind ? nil : damage)
  }
}
