import Contract

/// What a query's log says at its end: where a new run goes on.
public struct LoggedProgress: Sendable, Hashable {
  /// The last run that logged a batch.
  public var run: RunRecord?
  public var lastOffsets: OffsetsRecord?
  public var lastCommit: CommitRecord?

  public init(
    run: RunRecord? = nil, lastOffsets: OffsetsRecord? = nil, lastCommit: CommitRecord? = nil
  ) {
    self.run = run
    self.lastOffsets = lastOffsets
    self.lastCommit = lastCommit
  }
}

/// One query's log of batches: `offsets` before a batch, `commit` after it, one durable append
/// each.
/// One owner, one thread at a time.
public final class BatchLog {
  private let log: RecordLog
  private var pendingRun: RunRecord?
  /// The file is rewritten without old batches when it is larger than this.
  private let rewriteBytes: Int
  private var sizeAfterRewrite = 0
  private let storage: any Storage

  static let kind = "batches"
  static let fileName = "batches.log"

  /// Opens or makes the log of a checkpoint directory.
  public static func open(
    directory: String, queryId: String, storage: any Storage, rewriteBytes: Int = 1 << 20
  ) throws -> (log: BatchLog, progress: LoggedProgress) {
    let path = directory + "/" + fileName
    let (log, records) = try RecordLog.open(path, kind: kind, owner: queryId, storage: storage)
    let progress = try progress(of: records, path: path)
    return (BatchLog(log, rewriteBytes: rewriteBytes, storage), progress)
  }

  private init(_ log: RecordLog, rewriteBytes: Int, _ storage: any Storage) {
    self.log = log
    self.rewriteBytes = rewriteBytes
    self.storage = storage
  }

  public var size: Int { log.size }

  /// Bytes of an unfinished record that opening cut off.
  public var tornByteCount: Int { log.tornByteCount }

  /// The run to be written with the next offsets.
  public func begin(_ run: RunRecord) { pendingRun = run }

  public func append(_ offsets: OffsetsRecord) throws {
    let run = pendingRun.map { [$0.json] } ?? []
    try log.append(run + [offsets.json])
    pendingRun = nil
  }

  public func append(_ commit: CommitRecord) throws { try log.append([commit.json]) }

  /// Forgets batches before `batchId` once the file has grown large.
  public func purge(before batchId: Int64) throws {
    guard log.size > max(rewriteBytes, 2 * sizeAfterRewrite),
      let contents = try RecordLog.read(
        log.path, kind: Self.kind, storage: storage)
    else { return }
    var runs: Set<String> = []
    for record in contents.records {
      if let id = record["batchId"]?.integer, id >= batchId, let run = record["runId"]?.text {
        runs.insert(run)
      }
    }
    let lastRun = contents.records.last { $0["record"]?.text == "run" }?["runId"]?.text
    try log.rewrite(
      contents.records.filter { record in
        if let id = record["batchId"]?.integer { return id >= batchId }
        guard let run = record["runId"]?.text else { return true }
        return runs.contains(run) || run == lastRun
      })
    sizeAfterRewrite = log.size
  }

  public func close() { log.close() }

  /// Reads where a log ends, and that batches follow each other without a gap.
  static func progress(of records: [JSON], path: String) throws -> LoggedProgress {
    var progress = LoggedProgress()
    func corrupt(_ number: Int, _ what: String) -> Failure {
      Failure(
        "STREAMING_LOG_CORRUPT", "record \(number + 1) of `\(path)` \(what)",
        hint: "Restore the checkpoint from a copy, or start with a new one")
    }
    for (number, record) in records.enumerated() {
      switch record["record"]?.text {
      case "run":
        guard let run = RunRecord(record) else { throw corrupt(number, "is no run") }
        progress.run = run
      case "offsets":
        guard let offsets = OffsetsRecord(record) else { throw corrupt(number, "has no offsets") }
        if let last = progress.lastOffsets {
          // A batch that was not committed is logged again by the run that repeats it.
          let isCommitted = progress.lastCommit?.batchId == last.batchId
          let expected = isCommitted ? last.batchId + 1 : last.batchId
          guard offsets.batchId == expected else {
            throw corrupt(number, "is of batch \(offsets.batchId) where \(expected) must follow")
          }
        }
        progress.lastOffsets = offsets
      case "commit":
        guard let commit = CommitRecord(record) else { throw corrupt(number, "is no commit") }
        guard commit.batchId == progress.lastOffsets?.batchId else {
          throw corrupt(number, "commits batch \(commit.batchId), which was not begun")
        }
        progress.lastCommit = commit
      default: throw corrupt(number, "is of no known kind")
      }
    }
    return progress
  }
}
