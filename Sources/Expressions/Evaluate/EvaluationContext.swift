import Columns
import Contract

/// What is the same for all rows of a task: one partition or split of one micro-batch. From here
/// comes everything nondeterministic, so that a replay of the batch repeats it.
public struct TaskContext: Sendable {
  public let batchId: Int64
  /// The batch's clock (`current_timestamp`), microseconds since the epoch.
  public let batchTimeUs: Int64
  /// The batch's random seed, from the batch log.
  public let seed: UInt64
  public let timeZoneId: String
  /// Which partition or split this task runs.
  public let partition: Int
  /// Which worker thread runs it, 0…; each has Lua states of its own.
  public let worker: Int
  /// The file or partition being read, for `input_file_name` and errors.
  public let inputName: String
  /// The query as messages call it; empty: none.
  public let queryTitle: String
  /// Told of each row that a `badRows` policy puts aside; nil: a failed row fails the batch.
  public let badRows: (any BadRowCollector)?

  public init(
    batchId: Int64 = 0, batchTimeUs: Int64 = 0, seed: UInt64 = 0, timeZoneId: String = "UTC",
    partition: Int = 0, worker: Int = 0, inputName: String = "",
    queryTitle: String = "", badRows: (any BadRowCollector)? = nil
  ) {
    self.queryTitle = queryTitle
    self.batchId = batchId
    self.batchTimeUs = batchTimeUs
    self.seed = seed
    self.timeZoneId = timeZoneId
    self.partition = partition
    self.worker = worker
    self.inputName = inputName
    self.badRows = badRows
  }

  /// The same task seen as another partition on another worker.
  public func with(partition: Int, worker: Int, inputName: String = "") -> TaskContext {
    TaskContext(
      batchId: batchId, batchTimeUs: batchTimeUs, seed: seed, timeZoneId: timeZoneId,
      partition: partition, worker: worker, inputName: inputName, queryTitle: queryTitle,
      badRows: badRows)
  }
}

/// A row that is put aside.
public struct BadRow: Sendable {
  /// What it was put aside for.
  public enum Reason: String, Sendable {
    /// A function of the script's raised on it.
    case function
    /// An expression did.
    case expression
    /// It is the text of a record that FAILFAST refuses.
    case record
    /// Its event time is behind the watermark.
    case late
  }

  public let reason: Reason
  public let failure: Failure
  public let values: [Scalar]
  public let schema: Schema
  /// The byte in the file of a record; for others the number of the row among those that the step
  /// was given of this input, from 1.
  public let position: Int

  public init(
    _ reason: Reason, _ failure: Failure, _ values: [Scalar], schema: Schema, position: Int
  ) {
    self.reason = reason
    self.failure = failure
    self.values = values
    self.schema = schema
    self.position = position
  }
}

/// Takes rows that an operator drops, with the reason: the one place where they go.
public protocol BadRowCollector: Sendable {
  /// Whether it is to be told of late rows, which are dropped in any case.
  var takesLateRows: Bool { get }
  func put(_ row: BadRow, task: TaskContext)
}

/// A failure of one row of the batch being evaluated.
public struct RowFailure: Error {
  /// Row of the evaluation context that threw.
  public let row: Int
  public let failure: Failure

  public init(row: Int, _ failure: Failure) {
    self.row = row
    self.failure = failure
  }
}

/// The rows that expressions are evaluated over: some rows of a batch, with the lambda parameters
/// in scope. One owner, one thread.
public final class EvaluationContext {
  public let task: TaskContext
  /// Rows.
  public let count: Int
  private let batch: Batch
  private var gathered: [Vector?]
  /// Lambda parameters by attribute id.
  private let bindings: [Int: Vector]
  /// How many rows this task saw before this batch, for `monotonically_increasing_id` and `rand`.
  public let firstRow: Int

  public init(_ batch: Batch, task: TaskContext, firstRow: Int = 0) {
    self.task = task
    self.batch = batch
    self.firstRow = firstRow
    count = batch.count
    gathered = Array(repeating: nil, count: batch.columns.count)
    bindings = [:]
  }

  private init(_ parent: EvaluationContext, batch: Batch, bindings: [Int: Vector]) {
    task = parent.task
    firstRow = parent.firstRow
    self.batch = batch
    count = batch.count
    gathered = Array(repeating: nil, count: batch.columns.count)
    self.bindings = bindings
  }

  /// A column of the input, dense.
  public func column(_ index: Int) -> Vector {
    if let vector = gathered[index] { return vector }
    let vector = batch.column(index)
    gathered[index] = vector
    return vector
  }

  /// The value of a lambda parameter, one a row.
  public func binding(_ id: Int) -> Vector {
    guard let vector = bindings[id] else { preconditionFailure("a lambda parameter out of scope") }
    return vector
  }

  /// Some of these rows (a row may come several times): for the branches of a CASE.
  public func narrowed(to rows: Selection) -> EvaluationContext {
    EvaluationContext(
      self, batch: batch.selecting(rows), bindings: bindings.mapValues { $0.gathered(rows) })
  }

  /// The body of a lambda: one row for each element; `rows` says whose element it is.
  public func entering(_ parameters: [(id: Int, value: Vector)], rows: Selection)
    -> EvaluationContext
  {
    var inner = bindings.mapValues { $0.gathered(rows) }
    for parameter in parameters { inner[parameter.id] = parameter.value }
    return EvaluationContext(self, batch: batch.selecting(rows), bindings: inner)
  }
}
