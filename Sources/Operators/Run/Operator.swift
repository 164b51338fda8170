import Columns
import Connectors
import Contract
import Expressions
import Plan
import State
import Synchronization

/// The running half of a plan node. One instance lives as long as its query's run and keeps what
/// it must between batches; it is driven by one thread, its partitions by workers.
public protocol Operator: AnyObject, Sendable {
  var output: [Attribute] { get }
  /// The rows of one batch as partitions to be pulled, in order. An operator that needs all input
  /// before its first output (exchange, aggregate, sort) runs its input here, on the pool.
  func partitions(_ run: BatchRun) throws -> [Partition]
}

/// A part of an operator's rows that one worker pulls.
public struct Partition: Sendable {
  /// The file or source partition that is read, for `input_file_name` and errors.
  public let inputName: String
  /// Called on the worker that pulls.
  public let open: @Sendable (TaskContext) throws -> any BatchStream

  public init(
    inputName: String = "", open: @escaping @Sendable (TaskContext) throws -> any BatchStream
  ) {
    self.inputName = inputName
    self.open = { WatchedStream(try open($0)) }
  }

  /// The same rows through a row-by-row operator.
  public func through(
    _ wrap: @escaping @Sendable (any BatchStream, TaskContext) throws -> any BatchStream
  ) -> Partition {
    let open = self.open
    return Partition(inputName: inputName) { try wrap(open($0), $0) }
  }
}

/// One batch being run: what operators ask while they compute it.
public final class BatchRun: Sendable {
  public let task: TaskContext
  public let pool: WorkerPool
  /// The new rows of each streaming source, by the source node's id. Empty: no new rows.
  public let inputs: [Int: [any InputSplit]]
  /// `moontide.columnBatch.rows`.
  public let batchRows: Int
  /// By stateful operator id: rows at or before `late` are dropped, state at or before `evict`
  /// leaves.
  public let watermarks: [String: Watermarks]
  public let metrics: BatchMetrics

  public init(
    task: TaskContext, pool: WorkerPool, inputs: [Int: [any InputSplit]], batchRows: Int,
    watermarks: [String: Watermarks] = [:], metrics: BatchMetrics = BatchMetrics()
  ) {
    self.task = task
    self.pool = pool
    self.inputs = inputs
    self.batchRows = batchRows
    self.watermarks = watermarks
    self.metrics = metrics
  }
}

/// The two watermarks of a stateful operator in one batch, microseconds (Spark ≥ 3.4).
public struct Watermarks: Sendable, Hashable {
  /// The watermark of the batch before: rows at or before it are late.
  public let lateUs: Int64
  /// The watermark fixed at the start of this batch: state at or before it is done.
  public let evictUs: Int64

  public init(lateUs: Int64, evictUs: Int64) {
    self.lateUs = lateUs
    self.evictUs = evictUs
  }
}

/// A node that can run.
public protocol OperatorNode: PlanNode {
  /// Makes the running half over the running children.
  func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator
}

/// A leaf whose rows keep coming. The streaming engine opens its source once per query, however
/// often the same `sourceId` stands in the plan, and hands each batch's splits over in
/// `BatchRun.inputs[sourceId]`.
public protocol StreamSourceNode: OperatorNode {
  /// The identity of the `readStream…load` that made it.
  var sourceId: Int { get }
  /// Checks the options and opens the source; `directory` is its folder in the checkpoint.
  func openSource(directory: String) throws -> any StreamSource
}

/// An operator that keeps rows or results between batches.
public protocol StatefulOperator: Operator {
  /// As `Lowering.operatorId` gave it.
  var operatorId: String { get }
  /// Whether a batch without new rows would emit or forget something. Asked after each batch with
  /// the watermarks that batch had, those the next would have, and the next batch's clock.
  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool
  /// What it keeps. Asked once, before the first batch; a processor declares its states for it.
  func stateSchema(_ task: TaskContext) throws -> StateSchema
  /// What it keeps in memory now, also within a batch that failed. Asked while no worker runs.
  var memoryBytes: Int { get }
}

extension StatefulOperator {
  public var memoryBytes: Int { 0 }
}

/// The stateful operators of one lowered plan, in the order in which they were made.
public final class StatefulOperators: Sendable {
  private let operators = Mutex<[any StatefulOperator]>([])

  public init() {}

  public var all: [any StatefulOperator] { operators.withLock { $0 } }

  fileprivate func add(_ one: any StatefulOperator) { operators.withLock { $0.append(one) } }
}

/// What lowering gives to operators: partition count, settings, and the state of this query.
public struct Lowering: Sendable {
  public let settings: Settings
  public let partitionCount: Int
  public let state: any StateStore
  public let outputMode: OutputMode
  /// The id of a stateful operator; each stateful node asks exactly once, when it is lowered.
  public let operatorId: @Sendable (StateFacts) -> String
  /// Filled as operators are made.
  public let statefulOperators = StatefulOperators()

  public init(
    settings: Settings, partitionCount: Int, state: any StateStore, outputMode: OutputMode,
    operatorId: @escaping @Sendable (StateFacts) -> String
  ) {
    self.settings = settings
    self.partitionCount = partitionCount
    self.state = state
    self.outputMode = outputMode
    self.operatorId = operatorId
  }

  /// The running half of a whole plan.
  public func lower(_ node: any PlanNode) throws -> any Operator {
    guard let node = node as? any OperatorNode else {
      preconditionFailure("\(node.name) has no running half")
    }
    let made = try node.lower(node.children.map(lower), self)
    if let stateful = made as? any StatefulOperator { statefulOperators.add(stateful) }
    return made
  }
}
