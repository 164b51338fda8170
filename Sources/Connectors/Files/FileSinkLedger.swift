import Contract
import Glibc

/// The log of a file sink, looked at from outside the query that writes it.
final class FileSinkLedger: SinkLedger {
  let path: String
  private(set) var lastBatch: Int64 = -1
  private(set) var fileCount = 0
  private(set) var byteCount: Int64 = 0
  private(set) var problems: [Failure] = []
  private let root: String
  private let queryId: String
  private let storage: any Storage

  init(_ root: String, queryId: String, _ storage: any Storage) throws {
    self.root = root
    self.queryId = queryId
    self.storage = storage
    path = root + "/" + SinkLog.file
    guard let bytes = try storage.read(path) else {
      problems.append(
        Failure(
          "PATH_NOT_FOUND", "the sink's log `\(path)` is not there",
          hint: "Put back the directory that the query writes"))
      return
    }
    let log = RecordLogLines(bytes, path: path)
    if let damage = log.damage { problems.append(damage) }
    if let owner = log.records.first?["queryId"]?.text, owner != queryId {
      problems.append(
        Failure(
          "SINK_BELONGS_TO_ANOTHER_QUERY",
          "`\(root)` was written by the query \(owner), this one is \(queryId)",
          hint: "Put back the directory that the query writes"))
      return
    }
    for record in log.records.dropFirst() { try take(record) }
  }

  private func take(_ record: JSON) throws {
    if let through = record["through"]?.integer {
      for file in try SinkLogReader.filesInView(root, through: through, storage) {
        fileCount += 1
        byteCount += file.file.size
      }
      lastBatch = through
      return
    }
    lastBatch = record["batchId"]?.integer ?? lastBatch
    for file in record["files"]?.array ?? [] {
      guard let name = file["path"]?.text, let size = file["size"]?.integer else {
        problems.append(
          Failure("STREAMING_LOG_CORRUPT", "`\(path)` names a file without a size"))
        continue
      }
      fileCount += 1
      byteCount += size
      check(name, hidden: file["hidden"]?.text, size: size)
    }
  }

  /// Of the last batch a file may still stand under its hidden name.
  private func check(_ name: String, hidden: String?, size: Int64) {
    var info = stat()
    let names = [name] + (hidden.map { [$0] } ?? [])
    guard names.contains(where: { stat(root + "/" + $0, &info) == 0 }) else {
      problems.append(
        Failure(
          "PATH_NOT_FOUND",
          "`\(root)/\(name)` is not there; batch \(lastBatch) wrote it",
          hint: "Somebody removed it: put it back, or rewind the query to the batch before"))
      return
    }
    guard Int64(info.st_size) == size else {
      problems.append(
        Failure(
          "FILE_CHANGED",
          "`\(root)/\(name)` has \(info.st_size) bytes; batch \(lastBatch) wrote \(size)",
          hint: "Somebody changed it: put it back, or rewind the query to the batch before"))
      return
    }
  }

  func cut(after batch: Int64) throws {
    let (log, records) = try RecordLog.open(
      path, kind: SinkLog.kind, owner: queryId, storage: storage)
    defer { log.close() }
    var kept: [JSON] = []
    for record in records {
      if let through = record["through"]?.integer {
        kept.append(SinkLog.folded(through: min(through, batch)))
        guard through > batch else { continue }
        for file in try SinkLogReader.filesInView(root, through: through, storage)
        where file.batch > batch { try storage.remove(file.file.path) }
      } else if record["batchId"]?.integer ?? 0 <= batch {
        kept.append(record)
      } else {
        for file in record["files"]?.array ?? [] {
          for name in [file["path"]?.text, file["hidden"]?.text] {
            if let name { try storage.remove(root + "/" + name) }
          }
        }
      }
    }
    if kept != records { try log.rewrite(kept) }
  }
}
