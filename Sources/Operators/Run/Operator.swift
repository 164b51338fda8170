import Columns
import Connectors
import Contract
import Expressions
import Plan
import State

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

  public init(inputName: String = "", open: @escaping @Sendable (TaskContext) throws -> any BatchStream) {
    self.inputName = inputName
    self.open = open
  }

  /// The same rows through a row-by-row operator.
  public func through(_ wrap: @escaping @Sendable (any BatchStream, TaskContext) throws -> any BatchStream) -> Partition {
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
  /// By stateful operator id: rows at or before `late` are dropped, state at or before `evict` leaves.
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

/// What lowering gives to operators: partition count, settings, and the state of this query.
public struct Lowering: Sendable {
  public let settings: Settings
  public let partitionCount: Int
  public let state: any StateStore
  public let outputMode: OutputMode
  /// Ids of stateful operators, by the node's place in the plan (parents first, from 0).
  public let operatorId: @Sendable (StateFacts) -> String

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
    return try node.lower(node.children.map(lower), self)
  }
}
