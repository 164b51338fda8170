import Columns
import Contract
import Synchronization

/// The tables that a session keeps in memory: what the sink `memory` writes and `saveAsTable`
/// makes.
public final class MemoryTables: Sendable {
  /// A table's rows as they are now.
  public struct Content: Sendable {
    public let name: String
    public let schema: Schema
    public internal(set) var batches: [Batch]
    /// The last batch of the query that writes it; nil: no query does.
    fileprivate var lastBatch: Int64?
  }

  /// By lower-cased name.
  private let tables = Mutex<[String: Content]>([:])

  public init() {}

  public var names: [String] { tables.withLock { $0.values.map(\.name).sorted() } }

  public subscript(name: String) -> Content? { tables.withLock { $0[name.lowercased()] } }

  /// Makes a table, or makes it anew.
  public func create(_ name: String, schema: Schema, rows: [Batch] = []) {
    tables.withLock {
      $0[name.lowercased()] = Content(name: name, schema: schema, batches: rows, lastBatch: nil)
    }
  }

  public func append(_ rows: [Batch], to name: String) {
    tables.withLock { $0[name.lowercased()]?.batches += rows }
  }

  public func remove(_ name: String) { tables.withLock { $0[name.lowercased()] = nil } }

  fileprivate func hasBatch(in name: String) -> Bool { self[name]?.lastBatch != nil }

  fileprivate func isCommitted(_ batch: Int64, in name: String) -> Bool {
    (self[name]?.lastBatch).map { $0 >= batch } ?? false
  }

  fileprivate func commit(_ rows: [Batch], batch: Int64, replacing: Bool, to name: String) {
    tables.withLock {
      $0[name.lowercased()]?.lastBatch = batch
      if replacing {
        $0[name.lowercased()]?.batches = rows
      } else {
        $0[name.lowercased()]?.batches += rows
      }
    }
  }

  /// The format `memory` for streaming queries, which needs a query name.
  public var sink: SinkSpec { sink(named: nil) }

  /// The same, with a name given already: `toTable(name)`.
  public func sink(named table: String?) -> SinkSpec {
    SinkSpec(
      Spec(
        .sink, "memory", category: "tests",
        summary: "Keeps the rows in a table of the query's name: `session:table(name)`.",
        notes: "In complete mode the table is the last result, in the others rows are added."),
      modes: Set(OutputMode.allCases), allowsTemporaryCheckpoint: true
    ) { [self] request in
      try request.options.check(against: [], of: "memory")
      guard let name = table ?? request.queryName else {
        throw Failure(
          "_LEGACY_ERROR_TEMP_2042", "the sink `memory` needs a query name",
          hint: "Write `:queryName(\"counts\")`; the table has that name.", origin: request.origin)
      }
      create(name, schema: request.schema)
      return MemorySink(self, name: name)
    }
  }
}

private final class MemorySink: StreamSink {
  private let tables: MemoryTables
  private let name: String

  init(_ tables: MemoryTables, name: String) {
    self.tables = tables
    self.name = name
  }

  var description: String { "MemorySink" }

  func begin(batch id: Int64, mode: OutputMode) throws -> (any SinkBatch)? {
    if tables.isCommitted(id, in: name) { return nil }
    if id > 0, mode != .complete, !tables.hasBatch(in: name) {
      throw Failure(
        "MEMORY_SINK_NOT_RECOVERABLE",
        "the memory sink does not support recovering from a checkpoint in the output mode "
          + "`\(mode.rawValue)`: the rows of earlier batches are gone",
        hint: "Start with a new checkpoint")
    }
    return CollectedBatch { [tables, name] rows in
      tables.commit(rows, batch: id, replacing: mode == .complete, to: name)
    }
  }
}

/// A batch whose rows are kept until it is whole.
public final class CollectedBatch: SinkBatch {
  private let partitions = Mutex<[Int: [Batch]]>([:])
  private let whole: @Sendable ([Batch]) throws -> Void

  /// `whole` gets all rows, in the order of the partitions.
  public init(whole: @escaping @Sendable ([Batch]) throws -> Void) { self.whole = whole }

  public func writer(partition: Int) -> any BatchWriter { Writer(partition, self) }

  public func commit() throws {
    let batches = partitions.withLock { partitions in
      defer { partitions = [:] }
      return partitions.sorted { $0.key < $1.key }.flatMap(\.value)
    }
    try whole(batches)
  }

  public func abort(_ failure: Failure) { partitions.withLock { $0 = [:] } }

  private final class Writer: BatchWriter {
    private let partition: Int
    private let owner: CollectedBatch
    private var batches: [Batch] = []

    init(_ partition: Int, _ owner: CollectedBatch) {
      self.partition = partition
      self.owner = owner
    }

    func write(_ batch: Batch) {
      if batch.count > 0 { batches.append(batch.dense) }
    }

    func close() {
      owner.partitions.withLock { $0[partition, default: []] += batches }
    }
  }
}
