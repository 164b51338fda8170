import Columns
import Contract
import Expressions
import Plan

/// What a row-by-row operator does with some rows. Keeps nothing between batches.
protocol RowStep: Sendable {
  /// `context` is over the rows of `batch`.
  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch
}

/// The running half of every operator that looks at a row at a time.
final class RowByRowOperator<Step: RowStep>: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let step: Step
  private let guarded: RowGuard

  init(output: [Attribute], child: any Operator, step: Step) {
    self.output = output
    self.child = child
    self.step = step
    guarded = RowGuard(child.output)
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    try child.partitions(run).map { partition in
      partition.through { [step, guarded] in Stream($0, $1, step, guarded) }
    }
  }

  private final class Stream: BatchStream {
    private let input: any BatchStream
    private let task: TaskContext
    private let step: Step
    private let guarded: RowGuard
    private var rowsSeen = 0

    init(_ input: any BatchStream, _ task: TaskContext, _ step: Step, _ guarded: RowGuard) {
      self.input = input
      self.task = task
      self.step = step
      self.guarded = guarded
    }

    func next() throws -> Batch? {
      guard let batch = try input.next() else { return nil }
      let first = rowsSeen
      rowsSeen += batch.count
      return try guarded.run(batch, task: task, firstRow: first) { try step.apply($0, $1) }
    }
  }
}

/// Batches made one after the other by a function.
final class GeneratedStream: BatchStream {
  private let make: () throws -> Batch?

  init(_ make: @escaping () throws -> Batch?) { self.make = make }

  func next() throws -> Batch? { try make() }
}

/// Partitions read one after the other, as if they were one; those not reached are not opened.
final class ChainedStream: BatchStream {
  private var rest: ArraySlice<Partition>
  private var current: (any BatchStream)?
  private let task: TaskContext

  init(_ partitions: [Partition], _ task: TaskContext) {
    rest = partitions[...]
    self.task = task
  }

  func next() throws -> Batch? {
    while true {
      if let batch = try current?.next() { return batch }
      guard let partition = rest.popFirst() else { return nil }
      let own = task.with(
        partition: task.partition, worker: task.worker, inputName: partition.inputName)
      current = try partition.open(own)
    }
  }
}

extension BatchRun {
  /// Runs `body` over each partition's stream on the pool; results in the order of the partitions.
  func mapPartitions<T: Sendable>(
    _ partitions: [Partition],
    _ body: @escaping @Sendable (any BatchStream, TaskContext) throws -> T
  ) throws -> [T] {
    try pool.map(partitions.count) { [task] index, worker in
      let partition = partitions[index]
      let own = task.with(partition: index, worker: worker, inputName: partition.inputName)
      return try body(try partition.open(own), own)
    }
  }

  /// All rows of an operator, in order.
  func collect(_ partitions: [Partition]) throws -> [Batch] {
    try mapPartitions(partitions) { stream, _ in
      var batches: [Batch] = []
      while let batch = try stream.next() { if batch.count > 0 { batches.append(batch) } }
      return batches
    }.flatMap { $0 }
  }
}

extension Batch {
  /// These rows as batches of at most `rows`.
  public func chunks(of rows: Int) -> [Batch] {
    if count <= rows { return count == 0 ? [] : [self] }
    return stride(from: 0, to: count, by: rows).map { sliced($0..<min($0 + rows, count)) }
  }
}
