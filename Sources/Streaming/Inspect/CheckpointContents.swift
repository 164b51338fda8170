import Contract

/// What a checkpoint's batch log says, read without the lock: the query may be running.
public struct CheckpointContents: Sendable {
  /// A batch that the log knows.
  public struct Batch: Sendable {
    public let offsets: OffsetsRecord
    /// nil: begun, and not done.
    public var commit: CommitRecord?
    /// Where the log's records of the batches up to this one end.
    var endRecord: Int
  }

  public let path: String
  public let queryId: String
  /// Oldest first.
  public let runs: [RunRecord]
  /// Oldest first; old ones are purged.
  public let batches: [Batch]
  /// Bytes of an unfinished record at the log's end.
  public let tornByteCount: Int
  public let byteCount: Int
  /// What is damaged in the log or missing from it.
  public let problems: [Failure]

  /// Throws where there is no checkpoint, or one that this program cannot read.
  public init(_ path: String, storage: any Storage) throws {
    self.path = path
    queryId = try Checkpoint.existingId(path, storage)
    let file = path + "/" + BatchLog.fileName
    let bytes = try storage.read(file) ?? []
    let log = RecordLogLines(bytes, path: file)
    var problems = log.damage.map { [$0] } ?? []
    tornByteCount = log.damage == nil ? bytes.count - log.soundByteCount : 0
    byteCount = bytes.count
    if let header = log.records.first {
      let owner = try RecordLogContents.owner(header, path: file, kind: BatchLog.kind)
      try RecordLogContents.check(owner: owner, is: queryId, path: file)
    }
    let records = Array(log.records.dropFirst())
    do { _ = try BatchLog.progress(of: records, path: file) } catch let failure as Failure {
      problems.append(failure)
    }
    runs = records.compactMap { RunRecord($0) }
    self.problems = problems
    batches = Self.batches(of: records)
  }

  private static func batches(of records: [JSON]) -> [Batch] {
    var batches: [Batch] = []
    for (index, record) in records.enumerated() {
      if let offsets = OffsetsRecord(record) {
        // A batch that was not done is logged again by the run that repeats it.
        if batches.last?.offsets.batchId == offsets.batchId { batches.removeLast() }
        batches.append(Batch(offsets: offsets, endRecord: index + 1))
      } else if let commit = CommitRecord(record), let last = batches.indices.last,
        record["record"]?.text == "commit"
      {
        batches[last].commit = commit
        batches[last].endRecord = index + 1
      } else if record["record"]?.text == "end", let last = batches.indices.last {
        // How the run of the batch before ended.
        batches[last].endRecord = index + 1
      }
    }
    return batches
  }

  public func run(_ id: String) -> RunRecord? { runs.last { $0.runId == id } }

  /// The last batch that is done.
  public var lastCommitted: Batch? { batches.last { $0.commit != nil } }

  /// A batch that is done; nil: the last one.
  public func committed(_ batchId: Int64?) throws -> Batch {
    let done = batches.filter { $0.commit != nil }
    guard let batchId else {
      if let last = done.last { return last }
      throw Failure(
        "STDS_COMMITTED_BATCH_UNAVAILABLE",
        "No committed batch found, checkpoint location: \(path)",
        hint: "The query has to have run and committed a batch")
    }
    if let found = done.first(where: { $0.offsets.batchId == batchId }) { return found }
    let kept =
      done.isEmpty
      ? "none is" : "\(done[0].offsets.batchId) to \(done[done.count - 1].offsets.batchId) are"
    throw Failure(
      "STDS_COMMITTED_BATCH_UNAVAILABLE",
      "batch \(batchId) is not among the committed batches of `\(path)`",
      hint: "Of its batches \(kept) kept")
  }
}
