import Columns
import Contract

/// A position in a source, as JSON text: opaque to the engine, written to the batch log, shown in
/// the progress, and read back by the same source after a restart.
public struct SourceOffset: Hashable, Sendable, CustomStringConvertible {
  public let json: String

  public init(_ json: String) { self.json = json }

  public var description: String { json }
}

/// How much a micro-batch may take, beyond what the source's own options say.
public enum ReadLimit: Sendable, Hashable {
  /// The source's own options (`maxFilesPerTrigger`).
  case asConfigured
  /// Everything there is: `trigger{once = true}`.
  case everything
}

/// A streaming source, owned by the thread that runs its query.
///
/// Promise: `read(from:to:)` gives the same rows for the same offsets, also in another process
/// (sources that cannot say so in their reference page).
public protocol StreamSource: AnyObject {
  var schema: Schema { get }
  /// As the progress shows it: `FileStreamSource[file:/data]`.
  var description: String { get }
  /// Says, before anything is asked of it for a batch, whose batch it is.
  func begin(batch id: Int64, of queryTitle: String)
  /// Where a new query starts; nil: before all data.
  func initialOffset() throws -> SourceOffset?
  /// The furthest position that the next batch may reach from `start`; equal to `start` (or nil)
  /// when there is nothing new.
  func latestOffset(from start: SourceOffset?, limit: ReadLimit) throws -> SourceOffset?
  /// Whether a batch takes all that is there: no option and no function limits it.
  var takesEverything: Bool { get }
  /// Called once when the trigger is availableNow: from here on nothing newer is given.
  func freezeForAvailableNow() throws
  /// The rows after `start`, up to and with `end`, as pieces that workers read in parallel. The
  /// batch's row order is the order of the pieces.
  func read(from start: SourceOffset?, to end: SourceOffset) throws -> [any InputSplit]
  /// Batches up to `end` are committed: what is behind it may go.
  func commit(_ end: SourceOffset) throws
  /// Before a batch that was logged but not committed is run again.
  func recover(from start: SourceOffset?, to end: SourceOffset) throws
  func stop()
}

extension StreamSource {
  public func begin(batch id: Int64, of queryTitle: String) {}
  public var takesEverything: Bool { true }
  public func freezeForAvailableNow() throws {}
  public func commit(_ end: SourceOffset) throws {}
  public func recover(from start: SourceOffset?, to end: SourceOffset) throws {}
  public func stop() {}
}

/// A piece of input that one worker reads.
public protocol InputSplit: Sendable {
  /// For errors and the row's origin: the file, or partition and offsets.
  var description: String { get }
  /// The rows with the asked-for columns only, in the order asked for.
  func open(_ request: ReadRequest) throws -> any BatchStream
}

/// What a reader of a split is asked for.
public struct ReadRequest: Sendable {
  /// Indices into the source's schema.
  public let columns: [Int]
  /// Rows a batch at most (`moontide.columnBatch.rows`).
  public let batchRows: Int
  /// Takes the records that FAILFAST refuses; nil: one ends the read.
  public let refused: (@Sendable (RefusedRecord) -> Void)?

  public init(
    columns: [Int], batchRows: Int, refused: (@Sendable (RefusedRecord) -> Void)? = nil
  ) {
    self.columns = columns
    self.batchRows = batchRows
    self.refused = refused
  }
}

/// The text of a record that cannot be read as its schema says.
public struct RefusedRecord: Sendable {
  public let text: String
  public let failure: Failure
  /// Where it begins, bytes from the start of the file.
  public let position: Int

  public init(text: String, failure: Failure, position: Int) {
    self.text = text
    self.failure = failure
    self.position = position
  }
}

/// Rows that are read once: a batch query's leaf.
public protocol StaticSource: Sendable {
  var schema: Schema { get }
  var description: String { get }
  func splits() throws -> [any InputSplit]
}
