import Connectors
import Contract
import Glibc
import State

/// A rewinding that was begun: the file `rewind` of a checkpoint. As long as it is there no query
/// starts on the checkpoint, since sink and log may disagree.
struct RewindIntent {
  let batchId: Int64

  private static let name = "rewind"

  init?(_ checkpoint: String, _ storage: any Storage) throws {
    let path = checkpoint + "/" + Self.name
    guard let bytes = try storage.read(path) else { return nil }
    guard let batchId = JSON.parse(bytes[...])?["to"]?.integer else {
      throw Failure(
        "STREAMING_LOG_CORRUPT", "`\(path)` does not say to which batch",
        hint: "Run `moontide checkpoint \(checkpoint) rewind --to N` again")
    }
    self.batchId = batchId
  }

  static func write(_ checkpoint: String, to batchId: Int64, _ storage: any Storage) throws {
    let json = JSON.of(["to": .integer(batchId)])
    try storage.replace(checkpoint + "/" + name, Array("\(json)\n".utf8))
  }

  static func remove(_ checkpoint: String, _ storage: any Storage) throws {
    try storage.remove(checkpoint + "/" + name)
  }

  func failure(_ checkpoint: String) -> Failure {
    Failure(
      "CHECKPOINT_REWIND_UNFINISHED",
      "the checkpoint `\(checkpoint)` was being rewound to batch \(batchId), which did not end",
      hint: "Run `moontide checkpoint \(checkpoint) rewind --to \(batchId)` to finish it")
  }
}

/// Takes a stopped query back to one of its batches: sink and batch log forget what came after, and
/// the next run does it again.
public struct CheckpointRewind: Sendable {
  public let contents: CheckpointContents
  /// The last batch that stays; -1: none does.
  public let batchId: Int64
  /// Batches that go.
  public let dropped: [CheckpointContents.Batch]
  private let storage: any Storage
  private let sinks: ConnectorCatalog

  /// Rewinds, under the checkpoint's lock. What is refused has changed nothing.
  public static func run(
    _ path: String, to batchId: Int64, storage: any Storage, sinks: ConnectorCatalog
  ) throws -> CheckpointRewind {
    // Before the lock is made where there is no checkpoint.
    _ = try Checkpoint.existingId(path, storage)
    switch try storage.lock(path + "/lock", note: "process \(getpid()), which rewinds it") {
    case .held(let note):
      throw Failure(
        "CONCURRENT_QUERY", "the checkpoint `\(path)` is in use by \(note)",
        hint: "Stop the query first: only a stopped one can be rewound")
    case .taken(let lock):
      defer { lock.release() }
      let rewind = try CheckpointRewind(path, to: batchId, storage, sinks)
      try rewind.perform()
      return rewind
    }
  }

  private init(
    _ path: String, to batchId: Int64, _ storage: any Storage, _ sinks: ConnectorCatalog
  ) throws {
    self.storage = storage
    self.sinks = sinks
    self.batchId = batchId
    contents = try CheckpointContents(path, storage: storage)
    if let problem = contents.problems.first { throw problem }
    if let begun = try RewindIntent(path, storage), begun.batchId != batchId {
      throw begun.failure(path)
    }
    dropped = contents.batches.filter { $0.offsets.batchId > batchId }
    if batchId == -1, contents.batches.first?.offsets.batchId == 0 { return }
    let target = try contents.committed(batchId)
    // The state of the batch must still be there, whole.
    let state = try StateReader(
      directory: path + "/state", queryId: contents.queryId, mark: target.commit?.stateMark,
      storage: storage)
    for one in contents.run(target.offsets.runId)?.operators ?? [] {
      for partition in state.partitions(of: one.id) {
        try state.visit(one.id, partition: partition) { _, _ in }
      }
    }
    if let ledger = try ledger(), ledger.lastBatch < batchId {
      throw ledger.problems.first
        ?? Failure(
          "STREAMING_SINK_NOT_MATCH",
          "the last batch in the sink's log `\(ledger.path)` is \(ledger.lastBatch)",
          hint: "Rewind to a batch that the sink has")
    }
  }

  /// The log of the sink that the last run wrote to.
  private func ledger() throws -> (any SinkLedger)? {
    guard let sink = contents.runs.last?.sink, let path = sink.path,
      let open = try? sinks.sink(sink.format).ledger
    else { return nil }
    return try open(path, contents.queryId)
  }

  /// First the intent, which keeps queries away; then the sink; then the batch log. Each step may
  /// be done again: a rewinding that was cut off is finished by the same command.
  private func perform() throws {
    let path = contents.path
    try RewindIntent.write(path, to: batchId, storage)
    try ledger()?.cut(after: batchId)
    if let badRows = contents.runs.last?.sink.badRows {
      try BadRowFile.cut(badRows, queryId: contents.queryId, after: batchId, storage: storage)
    }
    let (log, records) = try RecordLog.open(
      path + "/" + BatchLog.fileName, kind: BatchLog.kind, owner: contents.queryId,
      storage: storage)
    defer { log.close() }
    let end = contents.batches.last { $0.offsets.batchId <= batchId }?.endRecord ?? 0
    if end < records.count { try log.rewrite(Array(records.prefix(end))) }
    try RewindIntent.remove(path, storage)
  }

  /// What was done, for a person.
  public var text: String {
    guard !dropped.isEmpty else {
      return "batch \(batchId) is the last one already: nothing to rewind\n"
    }
    var lines = ["rewound to batch \(batchId); these batches will be processed again:"]
    for batch in dropped {
      let state = batch.commit == nil ? " (was not committed)" : ""
      lines.append("  batch \(batch.offsets.batchId)\(state)")
      for (index, range) in batch.offsets.ranges.enumerated() where !range.isEmpty {
        lines.append(
          "    source \(index): after \(range.start?.json ?? "the beginning") up to "
            + (range.end?.json ?? "the beginning"))
      }
    }
    lines.append("Their input must still be there.")
    if let sink = contents.runs.last?.sink {
      let hasLedger = sink.path != nil && (try? sinks.sink(sink.format).ledger) != nil
      lines.append(
        hasLedger
          ? "What they wrote to `\(sink.path ?? "")` has been removed."
          : "The sink `\(sink.format)` keeps no log: what they wrote there stays, and comes again "
            + "from batch \(batchId + 1) on.")
      if let badRows = sink.badRows {
        lines.append("The rows that they put aside in `\(badRows)` have been removed.")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
