import Columns
import Contract

/// Where a streaming query's rows go, owned by the thread that runs the query.
///
/// `begin(batch:)` → writers, one a partition, on worker threads → `commit` or `abort`. After a
/// crash
/// the same batch id may come again with the same rows: `begin` says whether the batch is in
/// already.
public protocol StreamSink: AnyObject {
  /// As the progress shows it.
  var description: String { get }
  /// nil: this batch id was committed by this sink before; nothing is to be written.
  func begin(batch id: Int64, mode: OutputMode) throws -> (any SinkBatch)?
  /// Whether the progress says how many rows a batch gave the sink.
  var isCounted: Bool { get }
  /// The last batch that the sink's own log holds, -1 for none; nil: it keeps no log. A query whose
  /// checkpoint does not agree with it is refused.
  var lastLoggedBatch: Int64? { get }
  func stop()
}

extension StreamSink {
  public var isCounted: Bool { true }
  public var lastLoggedBatch: Int64? { nil }
  public func stop() {}
}

/// The log that a sink keeps of its batches, for those who look at a checkpoint or rewind it.
public protocol SinkLedger {
  /// The log's file.
  var path: String { get }
  /// The last batch in it; -1: none.
  var lastBatch: Int64 { get }
  /// Files of committed batches, and their bytes.
  var fileCount: Int { get }
  var byteCount: Int64 { get }
  /// What is damaged or missing.
  var problems: [Failure] { get }
  /// Takes back every batch after this one: its files, then its records. May be done again where it
  /// was cut off.
  func cut(after batch: Int64) throws
}

/// One batch on its way into a sink.
public protocol SinkBatch: Sendable {
  /// A writer for the rows of one partition, called on the worker that writes them.
  func writer(partition: Int) throws -> any BatchWriter
  /// All writers are closed: makes the batch durable and visible, at once or not at all.
  func commit() throws
  func abort(_ failure: Failure)
}

/// Takes the rows of one partition, in order.
public protocol BatchWriter: AnyObject {
  func write(_ batch: Batch) throws
  /// After the last row.
  func close() throws
  /// Instead of `close` when something failed, here or elsewhere.
  func abort(_ failure: Failure)
}

extension BatchWriter {
  public func abort(_ failure: Failure) {}
}
