import Contract
import Glibc

/// A query's directory: `metadata` (the query's id), `lock`, `batches.log`, `sources/<i>/`,
/// `state/`; `rewind` while it is being rewound.
final class Checkpoint {
  let path: String
  let queryId: String
  let isTemporary: Bool
  private let lock: any StorageLock
  private let storage: any Storage

  private static let metadataName = "metadata"
  private static let format: Int64 = 1

  /// Makes the directory or takes over what is there; refuses one that is in use.
  init(path: String, isTemporary: Bool, holder: String, newId: String, storage: any Storage) throws
  {
    self.path = path
    self.isTemporary = isTemporary
    self.storage = storage
    try storage.createDirectory(path)
    switch try storage.lock(path + "/lock", note: "process \(getpid()), \(holder)") {
    case .taken(let lock): self.lock = lock
    case .held(let note):
      throw Failure(
        "CONCURRENT_QUERY", "the checkpoint `\(path)` is in use by \(note)",
        hint: "Stop that query first, or give this one a checkpoint of its own")
    }
    queryId = try Self.queryId(path, newId: newId, storage)
    if let intent = try RewindIntent(path, storage) { throw intent.failure(path) }
  }

  private static func queryId(
    _ path: String, newId: String, _ storage: any Storage
  ) throws -> String {
    let file = path + "/" + metadataName
    try storage.removeUnfinished(file)
    if let found = try id(in: file, storage) { return found }
    if try storage.exists(path + "/" + BatchLog.fileName) { throw missingMetadata(file) }
    let json = JSON.of(["id": .text(newId), "format": .integer(format)])
    try storage.create(file, Array("\(json)\n".utf8))
    return newId
  }

  private static func missingMetadata(_ file: String) -> Failure {
    Failure(
      "STREAMING_CHECKPOINT_MISSING_METADATA_FILE",
      "`\(file)` is missing, though the checkpoint holds batches",
      hint: "Restore the checkpoint from a copy, or start with a new one")
  }

  /// The note of the process that runs the query; nil: none does.
  static func holder(_ path: String, _ storage: any Storage) throws -> String? {
    try storage.holder(ofLock: path + "/lock")
  }

  /// The id of the query whose checkpoint a directory is.
  static func existingId(_ path: String, _ storage: any Storage) throws -> String {
    let file = path + "/" + metadataName
    if let found = try id(in: file, storage) { return found }
    if try storage.exists(path + "/" + BatchLog.fileName) { throw missingMetadata(file) }
    throw Failure(
      "CHECKPOINT_NOT_FOUND", "`\(path)` is no checkpoint: there is no `\(file)`",
      hint: "Give the directory that was the query's `checkpointLocation`")
  }

  private static func id(in file: String, _ storage: any Storage) throws -> String? {
    guard let bytes = try storage.read(file) else { return nil }
    let json = JSON.parse(bytes[...])
    if let found = json?["format"]?.integer, found > format {
      throw Failure(
        "STREAMING_LOG_FORMAT_UNSUPPORTED",
        "`\(file)` has format \(found); this program reads formats up to \(format)",
        hint: "A newer Moontide wrote it; use that one")
    }
    guard let id = json?["id"]?.text else {
      throw Failure(
        "STREAMING_LOG_CORRUPT", "`\(file)` names no query",
        hint: "Restore the checkpoint from a copy, or start with a new one")
    }
    return id
  }

  func close() { lock.release() }

  /// Removes the directory.
  func remove() throws {
    lock.release()
    try storage.removeDirectory(path)
  }
}

/// Where a query keeps its checkpoint, by Spark's rules.
struct CheckpointLocation {
  let path: String
  let isTemporary: Bool

  init(_ definition: QueryDefinition, random: String) throws {
    if let own = definition.options["checkpointLocation"] {
      self.init(path: try Self.local(own), isTemporary: false)
      return
    }
    let root = definition.settings[text: "moontide.streaming.checkpointLocation"]
    if !root.isEmpty {
      self.init(path: try Self.local(root) + "/" + (definition.name ?? random), isTemporary: false)
      return
    }
    guard definition.sink.allowsTemporaryCheckpoint else {
      throw Failure(
        "STREAMING_CHECKPOINT_LOCATION_MISSING",
        "a query that writes `\(definition.format)` needs a checkpoint",
        hint: "Give `:option(\"checkpointLocation\", directory)`, or set "
          + "`moontide.streaming.checkpointLocation`")
    }
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    self.init(path: temporary + "/temporary-" + random, isTemporary: true)
  }

  private init(path: String, isTemporary: Bool) {
    self.path = path
    self.isTemporary = isTemporary
  }

  /// A path of this machine.
  private static func local(_ text: String) throws -> String {
    var path = Substring(text)
    for scheme in ["file://", "file:"] where path.hasPrefix(scheme) {
      path = path.dropFirst(scheme.count)
      break
    }
    if let end = text.firstIndex(of: ":"), path.count == text.count, text[end...].hasPrefix("://") {
      throw Failure(
        "UNSUPPORTED_CHECKPOINT_LOCATION",
        "a checkpoint lies on a local file system, not on `\(text[..<end])`",
        hint: "Give a directory of this machine")
    }
    guard !path.isEmpty else {
      throw Failure("INVALID_OPTION_VALUE", "the option `checkpointLocation` is empty")
    }
    while path.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }
}
