import Contract
import Glibc

/// The names in which file sinks keep their log.
enum SinkLog {
  static let directory = "_moontide_metadata"
  static let file = "_moontide_metadata/files.log"
  static let kind = "sink files"
  static let sparkDirectory = "_spark_metadata"

  /// A record that stands for all batches up to one: their files are those in view whose names
  /// carry such a batch. A file comes into view only after its batch is in the log.
  static func folded(through batch: Int64) -> JSON { .of(["through": .integer(batch)]) }

  /// The batch and the partition in the name of a file in view.
  static func place(inName name: String) -> (batch: Int64, partition: Int64)? {
    let parts = name.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "part", let partition = Int64(parts[1]),
      let batch = Int64(parts[2])
    else { return nil }
    return (batch, partition)
  }
}

/// Reads the log that a file sink, ours or Spark's, left in its directory.
struct SinkLogReader {
  private let root: String
  private let storage: any Storage
  private let isOwn: Bool

  /// nil: no sink wrote this directory.
  init?(_ root: String, _ storage: any Storage) throws {
    self.root = root
    self.storage = storage
    if try storage.exists(root + "/" + SinkLog.file) {
      isOwn = true
    } else if try storage.exists(root + "/" + SinkLog.sparkDirectory) {
      isOwn = false
    } else {
      return nil
    }
  }

  /// Changes when a batch is committed.
  var watchedPath: String {
    root + "/" + (isOwn ? SinkLog.file : SinkLog.sparkDirectory)
  }

  /// The committed files, in the order in which they were written. `isWhole` is false while the
  /// files of the last batch come into view: then it is left out as if it were not committed.
  func files() throws -> (files: [InputFile], isWhole: Bool) {
    isOwn ? try ownFiles() : (try sparkFiles(), true)
  }

  private func ownFiles() throws -> ([InputFile], Bool) {
    let path = root + "/" + SinkLog.file
    let records = try RecordLog.read(path, kind: SinkLog.kind, storage: storage)?.records ?? []
    var files =
      try records.first?["through"]?.integer.map {
        try Self.filesInView(root, through: $0, storage).map(\.file)
      } ?? []
    var isWhole = true
    for (index, record) in records.enumerated() {
      let named = try (record["files"]?.array ?? []).map { file in
        guard let name = file["path"]?.text, let size = file["size"]?.integer,
          let modified = file["modifiedUs"]?.integer
        else { throw Failure("STREAMING_LOG_CORRUPT", "`\(path)` names a file without a size") }
        return InputFile(path: root + "/" + name, size: size, modifiedUs: modified)
      }
      if index == records.count - 1 { isWhole = try named.allSatisfy { try isThere($0.path) } }
      if isWhole { files += named }
    }
    return (files, isWhole)
  }

  private func isThere(_ path: String) throws -> Bool { try storage.exists(path) }

  /// Files in view of batches up to one, oldest batch first.
  static func filesInView(
    _ root: String, through last: Int64, _ storage: any Storage
  ) throws -> [(batch: Int64, partition: Int64, file: InputFile)] {
    var found: [(batch: Int64, partition: Int64, file: InputFile)] = []
    func walk(_ directory: String) throws {
      for name in try storage.list(directory) {
        let path = directory + "/" + name
        if let place = SinkLog.place(inName: name) {
          var info = stat()
          guard place.batch <= last, stat(path, &info) == 0 else { continue }
          found.append((place.batch, place.partition, InputFile(path: path, info)))
        } else if !FileListing.isHidden(name), FileListing.partitionValue(name) != nil {
          try walk(path)
        }
      }
    }
    try walk(root)
    return found.sorted {
      ($0.batch, $0.partition, $0.file.path) < ($1.batch, $1.partition, $1.file.path)
    }
  }

  /// Spark's log: one file a batch, every tenth batch one that holds all before it.
  private func sparkFiles() throws -> [InputFile] {
    let directory = root + "/" + SinkLog.sparkDirectory
    var batches: [(id: Int64, name: String, isCompact: Bool)] = []
    for name in try storage.list(directory) {
      let isCompact = name.hasSuffix(".compact")
      if let id = Int64(isCompact ? String(name.dropLast(8)) : name) {
        batches.append((id, name, isCompact))
      }
    }
    batches.sort { ($0.id, $0.isCompact ? 0 : 1) < ($1.id, $1.isCompact ? 0 : 1) }
    let first = batches.lastIndex { $0.isCompact } ?? 0
    var files: [String: InputFile] = [:]
    var order: [String] = []
    for batch in batches.dropFirst(first) {
      let path = directory + "/" + batch.name
      let lines = String(decoding: try storage.read(path) ?? [], as: UTF8.self).split(
        separator: "\n")
      guard lines.first == "v1" else {
        throw Failure("STREAMING_LOG_CORRUPT", "`\(path)` is no log of a file sink of version 1")
      }
      for line in lines.dropFirst() {
        guard let json = JSON.parse(String(line)), let uri = json["path"]?.text,
          let size = json["size"]?.integer, let modified = json["modificationTime"]?.integer
        else { throw Failure("STREAMING_LOG_CORRUPT", "`\(path)` holds a line that names no file") }
        let file = PercentText.decoded(LocalPath.absolute(uri))
        if json["action"]?.text == "delete" {
          files[file] = nil
          continue
        }
        if files[file] == nil { order.append(file) }
        files[file] = InputFile(path: file, size: size, modifiedUs: modified * 1000)
      }
    }
    return order.compactMap { files[$0] }
  }
}
