import Columns
import Expressions

/// What one partition of a stateful operator counts in a batch.
struct StateCounts {
  /// Entries after the batch.
  var total = 0
  var updated = 0
  var removed = 0
  var memoryBytes = 0
  var custom: [String: Int64] = [:]
}

extension LivePartitions {
  /// Runs a batch over all partitions on the pool and adds up what they count; results in their
  /// order. An operator without an id counts nothing: its rows end.
  func run<T: Sendable>(
    _ run: BatchRun, of operatorId: String, name: String,
    _ body: @escaping @Sendable (Live, Int, TaskContext) throws -> (T, StateCounts)
  ) throws -> [T] {
    try run.pool.map(count) { index, worker in
      let task = run.task.with(partition: index, worker: worker)
      let (result, counts) = try body(self[index], index, task)
      if operatorId.isEmpty { return result }
      run.metrics.update(operatorId) { total in
        total.name = name
        total.partitionCount += 1
        total.rowsTotal += Int64(counts.total)
        total.rowsUpdated += Int64(counts.updated)
        total.rowsRemoved += Int64(counts.removed)
        total.memoryBytes += Int64(counts.memoryBytes)
        total.custom.merge(counts.custom) { $0 + $1 }
      }
      return result
    }
  }
}

extension Partition {
  /// Those that have rows, of some lists of batches.
  static func lists(_ results: [[Batch]]) -> [Partition] {
    results.filter { !$0.isEmpty }.map { batches in Partition { _ in BatchList(batches) } }
  }
}
