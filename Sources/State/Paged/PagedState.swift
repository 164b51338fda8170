import Contract
import Synchronization

/// Live state in a RocksDB, in the `live` folder beside the change files: for state larger than
/// memory. A batch loads what it touches, and forgets it when it is done.
///
/// Only the change files and snapshots are durable. The database is a table made from them: it is
/// kept from one run to the next where the last run closed it at the very version that the batch
/// log ends with, as the file `live-at` says, and made anew where not.
final class PagedState: Sendable {
  private struct Ends {
    var isChanged = false
    var failure: (any Error)?
  }

  private let directory: String
  private let storage: any Storage
  let database: RocksDB
  /// Whether the database is as the durable state says.
  let isFilled: Bool
  private let partitions = Mutex<[PagedStatePartition]>([])
  private let ends = Mutex(Ends())

  /// For blocks of the database's files that were read.
  private static let cacheBytes = 64 << 20
  /// For changes that are not yet in its files.
  private static let bufferBytes = 32 << 20
  /// Of the first line of `live-at`: a new one where keys are laid out in another way.
  private static let format = "moontide live state 2"

  init(directory: String, mark: StateMark?, storage: any Storage) throws {
    self.directory = directory
    self.storage = storage
    let note = try storage.read(directory + "/live-at").map { String(decoding: $0, as: UTF8.self) }
    isFilled = mark != nil && note == Self.note(mark)
    // From here on the database changes, and is no longer what the note says.
    try storage.remove(directory + "/live-at")
    let path = directory + "/live"
    if !isFilled { try storage.removeDirectory(path) }
    try storage.createDirectory(path)
    database = try RocksDB(path, cacheBytes: Self.cacheBytes, bufferBytes: Self.bufferBytes)
  }

  private static func note(_ mark: StateMark?) -> String { "\(format)\n\(mark?.text ?? "")\n" }

  func open(
    _ durable: any StatePartition, _ place: StatePlace, _ layout: any StateLayout
  ) -> any StatePartition {
    let partition = PagedStatePartition(durable, place, layout, self)
    partitions.withLock { $0.append(partition) }
    return partition
  }

  /// Hands the changes of the batch at hand to the database.
  func finishBatch() throws {
    if let failure = ends.withLock({ $0.failure }) { throw failure }
    for partition in partitions.withLock({ $0 }) { try partition.finishBatch() }
  }

  /// What the database holds is durable.
  func noteCommitted() { ends.withLock { $0.isChanged = false } }

  /// Closes the database, and keeps it for the next run if it is at the version of `mark`.
  func close(_ mark: StateMark?) {
    defer { database.close() }
    guard mark != nil, ends.withLock({ !$0.isChanged && $0.failure == nil }) else { return }
    // What fails here costs the next run the making of the database, nothing else.
    guard (try? database.flush()) != nil else { return }
    try? storage.replace(directory + "/live-at", Array(Self.note(mark).utf8))
  }

  func noteChange() { ends.withLock { $0.isChanged = true } }

  func note(_ error: any Error) {
    ends.withLock { if $0.failure == nil { $0.failure = error } }
  }

  /// Bytes of memory, shared out among the partitions.
  var memoryShare: Int {
    database.memoryBytes / max(partitions.withLock { $0.count }, 1)
  }
}
