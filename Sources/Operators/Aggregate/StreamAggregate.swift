import Columns
import Contract
import Expressions
import Plan
import State

/// Aggregation of rows that keep coming: the running results are state, partitioned by key.
final class StreamAggregateOperator: StatefulOperator {
  let output: [Attribute]
  let operatorId: String
  private let child: any Operator
  private let aggregation: Aggregation
  private let expiry: KeyExpiry?
  private let mode: OutputMode
  private let partitions: LivePartitions<AggregatePartition>

  init(
    output: [Attribute], child: any Operator, aggregation: Aggregation, expiry: KeyExpiry?,
    operatorId: String, lowering: Lowering
  ) throws {
    self.output = output
    self.child = child
    self.aggregation = aggregation
    self.expiry = expiry
    self.operatorId = operatorId
    mode = lowering.outputMode
    let count = aggregation.keys.isEmpty ? 1 : lowering.partitionCount
    let leaving = lowering.outputMode == .complete ? nil : expiry
    let layout = AggregateLayout(codec: aggregation.keyCodec, expiry: leaving)
    partitions = LivePartitions(
      try lowering.state.open(operatorId, partitionCount: count, layout: layout)
    ) { AggregatePartition(aggregation, expiry: leaving, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let began = SystemTime.monotonicNs
    let marks = run.watermarks[operatorId]
    let metrics = run.metrics
    var late: LateFilter?
    if mode != .complete, let expiry, let marks {
      late = LateFilter(expiry: expiry, lateUs: marks.lateUs) { [operatorId] count in
        metrics.update(operatorId) { $0.rowsDroppedByWatermark += Int64(count) }
      }
    }
    let partials = try PartialAggregation(aggregation, partitionCount: partitions.count)
      .run(try child.partitions(run), run, late: late)
    let batches = try run.pool.map(partitions.count) {
      [partitions, mode, operatorId] index, worker in
      let own = run.task.with(partition: index, worker: worker)
      let (batches, counts) = try partitions[index].run(
        partials.map { $0[index] }, mode: mode, evictUs: marks?.evictUs, task: own,
        batchRows: run.batchRows)
      metrics.update(operatorId) { total in
        total.name = "stateStoreSave"
        total.partitionCount += 1
        total.rowsTotal += Int64(counts.total)
        total.rowsUpdated += Int64(counts.updated)
        total.rowsRemoved += Int64(counts.removed)
        total.memoryBytes += Int64(counts.memoryBytes)
      }
      return batches
    }
    let spentMs = (SystemTime.monotonicNs - began) / 1_000_000
    metrics.update(operatorId) { $0.updateTimeMs += spentMs }
    return batches.filter { !$0.isEmpty }.map { rows in Partition { _ in BatchList(rows) } }
  }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    mode != .complete && next.evictUs > last.evictUs
  }
}

/// A group's results stand under its key, and leave with the event time in it.
private struct AggregateLayout: StateLayout {
  let codec: RowKeyCodec
  let expiry: KeyExpiry?

  func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer { key }

  func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue? {
    guard let expiry, var base = key.baseAddress else { return nil }
    let columns = withUnsafeMutablePointer(to: &base) { codec.decode($0, count: 1) }
    let atUs = expiry.times(columns)[0]
    return atUs == .max ? nil : StateDue(atUs: atUs)
  }
}

/// One state partition of a streaming aggregation.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
private final class AggregatePartition: @unchecked Sendable {
  struct Counts {
    var total = 0
    var updated = 0
    var removed = 0
    var memoryBytes = 0
  }

  private let aggregation: Aggregation
  private let expiry: KeyExpiry?
  private let store: any StatePartition
  private let table: GroupTable
  private let codec: RowKeyCodec
  private let values: RowKeyEncoder
  private var isRestored = false
  /// By group: the run that last changed it; 0 for a group without a key.
  private var stamps: [UInt32] = []
  private var runs: UInt32 = 0
  private var index = ExpiryIndex()

  init(_ aggregation: Aggregation, expiry: KeyExpiry?, store: any StatePartition) {
    self.aggregation = aggregation
    self.expiry = expiry
    self.store = store
    table = GroupTable(aggregation)
    codec = aggregation.keyCodec
    values = RowKeyEncoder(RowKeyCodec(aggregation.stateTypes, for: .values))
  }

  func run(
    _ pieces: [[AggregatePiece]], mode: OutputMode, evictUs: Int64?, task: TaskContext,
    batchRows: Int
  ) throws -> (batches: [Batch], counts: Counts) {
    if !isRestored {
      if store.isPaged {
        try store.select(mode == .complete ? .all : page(pieces, evictUs))
      }
      try restore()
      isRestored = true
    }
    runs += 1
    var changed: [UInt32] = []
    var added: [UInt32] = []
    if aggregation.keys.isEmpty {
      table.addSingleGroup()
      note(0, &changed, &added)
    }
    for part in pieces {
      for piece in part {
        try table.merge(piece) { groups, count in
          for row in 0..<count { note(groups[row], &changed, &added) }
        }
      }
    }
    if let expiry {
      let fresh = Selection(added.map(Int.init))
      let times = expiry.times(table.keyColumns(fresh, codec: codec))
      for (group, time) in zip(added, times) { index.add(group, at: time) }
    }
    return try finish(changed, mode: mode, evictUs: evictUs, task: task, batchRows: batchRows)
  }

  /// The groups that the batch touches, and those that it may evict.
  private func page(_ pieces: [[AggregatePiece]], _ evictUs: Int64?) -> StatePage {
    var groups: Set<[UInt8]> = aggregation.keys.isEmpty ? [[]] : []
    for piece in pieces.joined() {
      for row in 0..<piece.keys.count { groups.insert(Array(piece.keys[row])) }
    }
    return StatePage(groups: groups, due: evictUs.map { [StateDue(atUs: $0)] } ?? [])
  }

  private func note(_ group: UInt32, _ changed: inout [UInt32], _ added: inout [UInt32]) {
    let at = Int(group)
    if at >= stamps.count {
      stamps += [UInt32](repeating: 0, count: max(at + 1 - stamps.count, stamps.count / 2 + 64))
    }
    if stamps[at] == runs { return }
    if stamps[at] == 0 { added.append(group) }
    stamps[at] = runs
    changed.append(group)
  }

  /// Emits, evicts and notes the changes.
  private func finish(
    _ changed: [UInt32], mode: OutputMode, evictUs: Int64?, task: TaskContext, batchRows: Int
  ) throws -> (batches: [Batch], counts: Counts) {
    var counts = Counts(updated: changed.count)
    let evicted = evictUs.map { index.takeExpired(upTo: $0) } ?? []
    let emitted: Selection
    switch mode {
    case .complete: emitted = table.keys.groups
    case .update: emitted = Selection(changed.map(Int.init))
    case .append: emitted = Selection(evicted.map(Int.init))
    }
    var batches: [Batch] = []
    for begin in stride(from: 0, to: emitted.count, by: batchRows) {
      let some = emitted.sliced(begin..<min(begin + batchRows, emitted.count))
      batches.append(try table.output(some, codec: codec, task: task))
    }
    let isEvicted = Set(evicted)
    let kept = isEvicted.isEmpty ? changed : changed.filter { !isEvicted.contains($0) }
    try put(Selection(kept.map(Int.init)))
    remove(evicted)
    counts.total = store.entryCount ?? table.keys.count
    counts.removed = evicted.count
    counts.memoryBytes =
      table.memoryBytes + stamps.capacity * 4 + index.memoryBytes + store.memoryBytes
    return (batches, counts)
  }

  /// Groups whose states are encoded at a time.
  private static let stepGroups = 4096

  private func put(_ groups: Selection) throws {
    for begin in stride(from: 0, to: groups.count, by: Self.stepGroups) {
      let some = groups.sliced(begin..<min(begin + Self.stepGroups, groups.count))
      let states = try table.accumulators.flatMap { try $0.states(some) }
      let encoded = values.encode(states, count: some.count, hashing: false)
      for row in 0..<some.count {
        store.put(key: table.keys.key(some.rows[row]), value: encoded[row])
      }
    }
  }

  private func remove(_ groups: [UInt32]) {
    if groups.isEmpty { return }
    for group in groups {
      store.remove(key: table.keys.key(group))
      stamps[Int(group)] = 0
    }
    table.remove(Selection(groups.map(Int.init)))
  }

  /// Fills the live table with what was stored.
  private func restore() throws {
    var loader = StateLoader(keyWidth: codec.width, values: values.codec)
    let merge: ([Vector], OwnedKeys) throws -> Void = { [self] columns, keys in
      var rest = columns[...]
      let states = aggregation.calls.map { call in
        let own = Array(rest.prefix(call.function.stateTypes.count))
        rest = rest.dropFirst(own.count)
        return own
      }
      let piece = AggregatePiece(keys: keys, states: states)
      var (changed, added): ([UInt32], [UInt32]) = ([], [])
      try table.merge(piece) { groups, count in
        for row in 0..<count { note(groups[row], &changed, &added) }
      }
      if let expiry {
        let fresh = Selection(added.map(Int.init))
        let times = expiry.times(table.keyColumns(fresh, codec: codec))
        for (group, time) in zip(added, times) { index.add(group, at: time) }
      }
    }
    runs += 1
    try store.restore { key, value in
      loader.add(key, value)
      if loader.isFull { try loader.flush(merge) }
    }
    try loader.flush(merge)
  }
}
