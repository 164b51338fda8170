import Connectors
import Contract
import Operators
import State

/// A checkpoint looked through: what it holds, and whether all of it is sound. Nothing is changed,
/// and no lock is needed.
public struct CheckpointReport: Sendable {
  /// How much an operator keeps after the last committed batch.
  public struct Kept: Sendable {
    public let record: RunRecord.Operator
    public var rowCount = 0
    /// Of keys and values.
    public var byteCount = 0
  }

  /// The log of the sink, where it keeps one.
  public struct SinkState: Sendable {
    public let path: String
    public let lastBatch: Int64
    public let fileCount: Int
    public let byteCount: Int64
  }

  public let contents: CheckpointContents
  /// Who runs the query now; nil: nobody.
  public let holder: String?
  public private(set) var operators: [Kept] = []
  public private(set) var stateFiles: [StateFileReport] = []
  public private(set) var sink: SinkState?
  /// What stops the query or would give wrong results: what, where, and what to do.
  public private(set) var problems: [Failure]
  /// What the next run sets right by itself.
  public private(set) var notes: [String] = []

  private init(_ path: String, storage: any Storage, sinks: ConnectorCatalog) throws {
    holder = try Checkpoint.holder(path, storage)
    contents = try CheckpointContents(path, storage: storage)
    problems = contents.problems
    if contents.tornByteCount > 0, holder == nil {
      notes.append(
        "an unfinished record of \(contents.tornByteCount) bytes at the end of the batch log will "
          + "be cut")
    }
    do { if let begun = try RewindIntent(path, storage) { throw begun.failure(path) } } catch {
      note(error)
    }
    checkState(storage)
    checkSources(storage)
    checkSink(sinks)
  }

  public var isSound: Bool { problems.isEmpty }

  /// Looks again where a running query may have changed files between two looks.
  public static func of(
    _ path: String, storage: any Storage, sinks: ConnectorCatalog
  ) throws -> CheckpointReport {
    var report = try CheckpointReport(path, storage: storage, sinks: sinks)
    for _ in 0..<lookLimit where !report.isSound && report.holder != nil {
      report = try CheckpointReport(path, storage: storage, sinks: sinks)
    }
    return report
  }

  /// Looks at a running query's checkpoint until what is wrong counts as damage.
  private static let lookLimit = 4

  private mutating func note(_ error: any Error) {
    problems.append(error as? Failure ?? Failure("FILE_ERROR", "\(error)"))
  }

  private mutating func checkState(_ storage: any Storage) {
    let directory = contents.path + "/state"
    let last = contents.lastCommitted
    let mark = last?.commit?.stateMark
    do {
      guard try storage.exists(directory) else { return }
      stateFiles = try StateFileReport.all(
        directory: directory, queryId: contents.queryId, mark: mark, storage: storage)
      let damaged = stateFiles.compactMap(\.damage)
      problems += damaged
      let reader = try StateReader(
        directory: directory, queryId: contents.queryId, mark: mark, storage: storage)
      let run = last.flatMap { contents.run($0.offsets.runId) } ?? contents.runs.last
      for record in run?.numberedOperators ?? [] {
        var kept = Kept(record: record)
        for partition in reader.partitions(of: record.id) {
          try reader.visit(record.id, partition: partition) { key, value in
            kept.rowCount += 1
            kept.byteCount += key.count + value.count
          }
        }
        operators.append(kept)
      }
    } catch {
      // A damaged file has been told of; so has the version that needs it.
      if problems.isEmpty { note(error) }
    }
    if stateFiles.contains(where: \.isUncommitted), holder == nil {
      notes.append("changes of the state that no committed batch made will be cut")
    }
  }

  /// The logs that sources keep.
  private mutating func checkSources(_ storage: any Storage) {
    do {
      let root = contents.path + "/sources"
      for source in try storage.list(root) {
        for name in try storage.list("\(root)/\(source)") where name.hasSuffix(".log") {
          let path = "\(root)/\(source)/\(name)"
          let log = RecordLogLines(try storage.read(path) ?? [], path: path)
          if let damage = log.damage { problems.append(damage) }
        }
      }
    } catch { note(error) }
  }

  private mutating func checkSink(_ sinks: ConnectorCatalog) {
    guard let sink = contents.runs.last?.sink, let path = sink.path,
      let open = try? sinks.sink(sink.format).ledger
    else { return }
    do {
      let ledger = try open(path, contents.queryId)
      problems += ledger.problems
      self.sink = SinkState(
        path: ledger.path, lastBatch: ledger.lastBatch, fileCount: ledger.fileCount,
        byteCount: ledger.byteCount)
      let committed = contents.lastCommitted?.offsets.batchId ?? -1
      if ledger.problems.isEmpty, ledger.lastBatch < committed {
        throw Failure(
          "STREAMING_SINK_NOT_MATCH",
          "batch \(committed) is committed, and the last in the sink's log `\(ledger.path)` is "
            + "\(ledger.lastBatch)",
          hint: "Put back the sink's directory, or rewind to batch \(ledger.lastBatch)")
      }
    } catch { note(error) }
  }
}
