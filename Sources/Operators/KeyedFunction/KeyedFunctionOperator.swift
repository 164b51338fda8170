import Columns
import Contract
import Expressions
import Plan
import State

/// One partition of a function's groups and their states.
protocol KeyedFunctionPartition: HoldsMemory, Sendable {
  /// Calls the function for the groups of a batch. One worker at a time, once a batch.
  func run(
    _ batches: [Batch], initial: [Batch], evictUs: Int64?, task: TaskContext
  ) throws -> (batches: [Batch], counts: StateCounts)
}

/// Runs a function with state over the groups of each partition.
final class KeyedFunctionOperator<Node: KeyedFunctionNode>: StatefulOperator {
  var output: [Attribute] { node.output }
  /// Empty where the rows end.
  let operatorId: String
  private let node: Node
  private let children: [any Operator]
  private let exchange: Exchange
  private let initial: Exchange?
  private let partitions: LivePartitions<Node.Live>
  private let isStreaming: Bool

  init(
    _ node: Node, children: [any Operator], operatorId: String?, lowering: Lowering
  ) throws {
    self.node = node
    self.children = children
    self.operatorId = operatorId ?? ""
    isStreaming = operatorId != nil
    let rows = KeyedInput(node.call, children, isStreaming: isStreaming)
    let count = lowering.partitionCount
    exchange = Exchange(keys: rows.keys, input: rows.columns, partitionCount: count)
    initial = rows.initial.map {
      Exchange(keys: $0.keys, input: $0.columns, partitionCount: count)
    }
    let store: any StateStore = isStreaming ? lowering.state : NoStateStore()
    partitions = LivePartitions(
      try store.open(self.operatorId, partitionCount: count, layout: Node.layout)
    ) { node.partition(rows, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let evictUs = isStreaming ? run.watermarks[operatorId]?.evictUs : nil
    let rows = try exchange.run(try onTime(run), run)
    // The initial state is read once, with the first batch of a query.
    let states =
      try run.task.batchId == 0
      ? initial.map { try $0.run(try children[1].partitions(run), run) } : nil
    let results = try partitions.run(run, of: operatorId, name: Node.metricsName) {
      [node] live, index, task in
      let (batches, counts) = try withOrigin(node.origin) {
        try live.run(rows[index], initial: states?[index] ?? [], evictUs: evictUs, task: task)
      }
      return (batches.flatMap { $0.chunks(of: run.batchRows) }, counts)
    }
    return Partition.lists(results)
  }

  /// Where event time is the clock, rows behind the watermark of the batch before are dropped.
  private func onTime(_ run: BatchRun) throws -> [Partition] {
    let partitions = try children[0].partitions(run)
    guard isStreaming, node.call.clock == .eventTime else { return partitions }
    return run.withoutLate(
      partitions, of: node.children[0].output, operatorId: operatorId)
  }

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    switch node.call.clock {
    case .none: false
    case .eventTime: next.evictUs > last.evictUs
    case .processingTime: true
    }
  }

  func stateSchema(_ task: TaskContext) throws -> StateSchema {
    try node.stateSchema(partitionCount: partitions.count, task: task)
  }
}

/// The rows that a function with state is given, and its initial state, bound to their columns.
struct KeyedInput: Sendable {
  /// A table with the keys among its columns.
  struct Table: Sendable {
    let keys: [CompiledExpression]
    let columns: [Attribute]
    let schema: Schema
  }

  let keys: [CompiledExpression]
  let columns: [Attribute]
  let schema: Schema
  let keySchema: Schema
  let codec: RowKeyCodec
  /// Its first columns are the keys.
  let initial: Table?
  let isStreaming: Bool
  private let origin: Origin?

  init(_ call: KeyedCall, _ children: [any Operator], isStreaming: Bool) {
    let columns = children[0].output
    self.columns = columns
    keys = call.keys.map { CompiledExpression($0.expression, input: columns) }
    schema = call.children[0].schema
    keySchema = call.keySchema
    codec = RowKeyCodec(keys.map(\.type))
    initial = children.dropFirst().first.map { child in
      let columns = child.output
      return Table(
        keys: columns.prefix(call.keys.count).map {
          CompiledExpression(.attribute($0), input: columns)
        }, columns: columns,
        schema: Schema(columns.map { Field($0.name, $0.type, isNullable: $0.isNullable) }))
    }
    self.isStreaming = isStreaming
    origin = call.origin
  }

  /// The groups that rows and an initial state touch.
  func groups(_ batches: [Batch], initial rows: [Batch], task: TaskContext) throws -> KeyTable {
    let set = KeySet(codec)
    try set.insert(batches, keys: keys, task: task)
    if let initial { try set.insert(rows, keys: initial.keys, task: task) }
    return set.table
  }

  /// Rows sorted into groups; `extra` are encoded keys that get a group without rows where they
  /// have none.
  func groups(
    of batches: [Batch], extra: [[UInt8]] = [], task: TaskContext
  ) throws -> KeyedRows {
    try KeyedRows(
      batches, keys: keys, keySchema: keySchema, input: columns, schema: schema, extra: extra,
      task: task)
  }

  /// Groups without rows, by their encoded keys.
  func groups(withoutRows keys: [[UInt8]]) -> KeyedRows {
    KeyedRows(keys: keys, codec: codec, keySchema: keySchema, input: columns, schema: schema)
  }

  /// The initial state, a row a key; nil: there is none.
  func initialState(_ batches: [Batch], task: TaskContext) throws -> KeyedRows? {
    guard let initial, !batches.allSatisfy({ $0.count == 0 }) else { return nil }
    let rows = try KeyedRows(
      batches, keys: initial.keys, keySchema: keySchema, input: initial.columns,
      schema: initial.schema, task: task)
    guard rows.groups.rows.count == rows.keys.count else {
      throw Failure(
        "STATEFUL_PROCESSOR_DUPLICATE_INITIAL_STATE",
        "the initial state has several rows for one key", origin: origin)
    }
    return rows
  }
}
