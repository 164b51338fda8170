import Columns
import Contract
import Expressions
import Operators
import Plan
import State

/// A plan over data that is there, run once: what `collect`, `show` and `write` do.
struct BatchQuery {
  let plan: any PlanNode
  let pool: WorkerPool
  private let settings: Settings
  private let clock: any Clock

  /// A plan with a stream in it cannot be run so.
  init(_ plan: any PlanNode, pool: WorkerPool, settings: Settings, clock: any Clock) throws {
    try StreamingRules.checkBatch(plan)
    self.plan = plan
    self.pool = pool
    self.settings = settings
    self.clock = clock
  }

  /// The partitions of the result, not yet computed.
  func partitions() throws -> (partitions: [Partition], task: TaskContext) {
    let lowering = Lowering(
      settings: settings, partitionCount: Int(settings[integer: "moontide.shuffle.partitions"]),
      state: NoStateStore(), outputMode: .complete, operatorId: { $0.kind.rawValue })
    let task = TaskContext(
      batchTimeUs: clock.nowUs, seed: UInt64.random(in: .min ... .max),
      timeZoneId: settings[text: "moontide.session.timeZone"], queryTitle: QueryTitle.batch)
    let run = BatchRun(
      task: task, pool: pool, inputs: [:],
      batchRows: Int(settings[integer: "moontide.columnBatch.rows"]))
    return (try lowering.lower(plan).partitions(run), task)
  }

  /// All rows, a list of batches for each partition, in order.
  func batches() throws -> [Batch] {
    do {
      let (partitions, task) = try partitions()
      return try pool.map(partitions.count) { job, worker in
        try Self.rows(of: partitions[job], task.with(partition: job, worker: worker))
      }.flatMap { $0 }
    } catch {
      throw Failure.of(error)
    }
  }

  private static func rows(of partition: Partition, _ task: TaskContext) throws -> [Batch] {
    let stream = try partition.open(
      task.with(partition: task.partition, worker: task.worker, inputName: partition.inputName))
    var batches: [Batch] = []
    while let batch = try stream.next() {
      if batch.count > 0 { batches.append(batch.dense) }
    }
    return batches
  }
}

extension Failure {
  /// An error as a failure: a row's says what went wrong with the row.
  static func of(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let row as RowFailure: row.failure
    default: Failure("INTERNAL_ERROR", "\(error)")
    }
  }
}
