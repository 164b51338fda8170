import Contract

/// What a query's log says at its end: where a new run goes on.
public struct LoggedProgress: Sendable, Hashable {
  /// The last run that logged a batch.
  public var run: RunRecord?
  public var lastOffsets: OffsetsRecord?
  public var lastCommit: CommitRecord?
  /// The last run that ended of itself or because it was asked to, after it had committed a batch.
  public var endedRunId: String?

  public init(
    run: RunRecord? = nil, lastOffsets: OffsetsRecord? = nil, lastCommit: CommitRecord? = nil
  ) {
    self.run = run
    self.lastOffsets = lastOffsets
    self.lastCommit = lastCommit
  }

  /// The last commit, where its run was cut short. The run that comes next is that run going on:
  /// each watermark node stands where it stood. After a run that ended no node has seen anything
  /// yet, as in Spark.
  var cutShort: CommitRecord? { lastCommit.flatMap { $0.runId == endedRunId ? nil : $0 } }

  /// The last batch, where it moved the watermark and no batch has used that yet: a run that is not
  /// stopped there looks at once whether an operator wants a batch without rows.
  var owesBatch: OffsetsRecord? {
    guard let last = lastOffsets, let commit = lastCommit, commit.batchId == last.batchId,
      commit.nextWatermarkMs > last.watermarkMs
    else { return nil }
    return last
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

  /// The run that committed last has ended and was not cut short.
  public func appendEnd(of runId: String) throws {
    try log.append([.of(["record": .text("end"), "runId": .text(runId)])])
  }

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
      case "end":
        guard let run = record["runId"]?.text else { throw corrupt(number, "ends no run") }
        progress.endedRunId = run
      default: throw corrupt(number, "is of no known kind")
      }
    }
    return progress
  }
}
