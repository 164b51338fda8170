import Columns
import Contract
import Expressions
import Plan
import State
import Synchronization

/// Aggregation of rows that keep coming: the running results are state, partitioned by key.
final class StreamAggregateOperator: StatefulOperator {
  let output: [Attribute]
  let operatorId: String
  private let child: any Operator
  private let aggregation: Aggregation
  private let keyNames: [String]
  private let expiry: KeyExpiry?
  private let mode: OutputMode
  private let partitions: LivePartitions<AggregatePartition>

  init(
    output: [Attribute], child: any Operator, aggregation: Aggregation, keyNames: [String],
    expiry: KeyExpiry?, operatorId: String, lowering: Lowering
  ) throws {
    self.output = output
    self.child = child
    self.aggregation = aggregation
    self.keyNames = keyNames
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
    let pieces = HandedPieces(
      try PartialAggregation(aggregation, partitionCount: partitions.count)
        .run(try child.partitions(run), run, late: late), count: partitions.count)
    let rows = try partitions.run(run, of: operatorId, name: Self.metricsName) {
      [mode] live, index, task in
      try live.run(
        pieces.take(index), mode: mode, evictUs: marks?.evictUs, task: task,
        batchRows: run.batchRows)
    }
    let spentMs = (SystemTime.monotonicNs - began) / 1_000_000
    metrics.update(operatorId) { $0.updateTimeMs += spentMs }
    return rows.compactMap { $0 }
  }

  private static let metricsName = "stateStoreSave"

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    mode != .complete && next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    StateSchema(
      .aggregate, name: Self.metricsName, partitionCount: partitions.count,
      key: aggregation.keySchema(keyNames),
      stores: [.init(value: Schema(aggregation.stateFields))])
  }
}

/// A group's results stand under its key, and leave with the event time in it.
private struct AggregateLayout: StateLayout {
  let codec: RowKeyCodec
  let expiry: KeyExpiry?

  var hasMoments: Bool { expiry != nil }

  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    var addresses = entries.compactMap(\.key.baseAddress)
    guard let expiry, addresses.count == entries.count else { return entries.map { _ in .never } }
    let columns = addresses.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { codec.decode($0, count: buffer.count) } ?? []
    }
    return expiry.times(columns).map { StateDue(atUs: $0) }
  }
}

/// One state partition of a streaming aggregation.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
private final class AggregatePartition: HoldsMemory, @unchecked Sendable {
  private let aggregation: Aggregation
  private let expiry: KeyExpiry?
  private let store: any StatePartition
  private var table: GroupTable
  private let codec: RowKeyCodec
  private let values: RowKeyEncoder
  private var isRestored = false
  /// By group: the run that last changed it; 0 for a group without a key.
  private var stamps = LargeArray<UInt32>()
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
    _ pieces: consuming [AggregatePiece], mode: OutputMode, evictUs: Int64?, task: TaskContext,
    batchRows: Int
  ) throws -> (rows: Partition?, counts: StateCounts) {
    if !isRestored {
      if store.isPaged {
        try store.select(mode == .complete ? .all : page(pieces, evictUs))
      }
      try restore()
      isRestored = true
    }
    runs += 1
    var changed: [UInt32] = []
    if aggregation.keys.isEmpty {
      table.addSingleGroup()
      withUnsafePointer(to: 0) { note($0, 1, &changed) }
    }
    for piece in pieces {
      try table.merge(piece) { groups, count in note(groups, count, &changed) }
    }
    pieces = []
    return try finish(changed, mode: mode, evictUs: evictUs, task: task, batchRows: batchRows)
  }

  /// The groups that the batch touches, and those that it may evict.
  private func page(_ pieces: [AggregatePiece], _ evictUs: Int64?) -> StatePage {
    let touched = KeyTable(width: codec.width)
    if aggregation.keys.isEmpty {
      _ = touched.insert(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    let numbers = LargeArray<UInt32>()
    for piece in pieces {
      numbers.reserve(piece.keys.count)
      touched.findOrInsert(piece.keys, into: numbers.pointer)
    }
    return StatePage(groups: touched, due: evictUs.map { [StateDue(atUs: $0)] } ?? [])
  }

  /// Notes that the run changes some groups; of those that are new, also when they expire.
  private func note(
    _ groups: UnsafePointer<UInt32>, _ count: Int, _ changed: inout [UInt32]
  ) {
    stamps.reserve(table.keys.groupLimit)
    let (stamps, run, expires) = (stamps.pointer, runs, expiry != nil)
    var added: [UInt32] = []
    for row in 0..<count {
      let group = groups[row]
      let stamp = stamps[Int(group)]
      if stamp == run { continue }
      if expires, stamp == 0 { added.append(group) }
      stamps[Int(group)] = run
      changed.append(group)
    }
    guard let expiry, !added.isEmpty else { return }
    index.add(added, at: expiry.times(table.keyColumns(Selection(added), codec: codec)))
  }

  /// Emits, evicts and notes the changes.
  private func finish(
    _ changed: [UInt32], mode: OutputMode, evictUs: Int64?, task: TaskContext, batchRows: Int
  ) throws -> (rows: Partition?, counts: StateCounts) {
    var counts = StateCounts(updated: changed.count)
    let evicted = evictUs.map { index.takeExpired(upTo: $0) } ?? []
    let all = Selection(changed)
    let emitted =
      switch mode {
      case .complete: table.keys.groups
      case .update: all
      case .append: Selection(evicted)
      }
    var rows: Partition?
    if emitted.count > 0 {
      let results = GroupResults(
        table, emitted, codec: codec, task: task, batchRows: batchRows)
      // What stays is read when it is asked for; nothing changes it before the next batch.
      rows = evicted.isEmpty ? results.partition : try results.evaluated
    }
    try put(evicted.isEmpty ? all : without(evicted, changed))
    try remove(evicted)
    counts.total = store.entryCount ?? table.keys.count
    counts.removed = evicted.count
    counts.memoryBytes = memoryBytes
    return (rows, counts)
  }

  var memoryBytes: Int {
    table.memoryBytes + stamps.memoryBytes + index.memoryBytes + store.memoryBytes
  }

  private func without(_ gone: [UInt32], _ groups: [UInt32]) -> Selection {
    let isGone = Bitmap.filled(false, count: table.keys.groupLimit)
    for group in gone { Bitmap.set(isGone.pointer, Int(group)) }
    return Selection(groups.filter { !Bitmap.get(isGone.pointer, Int($0)) })
  }

  /// Groups whose states are encoded at a time.
  private static let stepGroups = 4096

  private func put(_ groups: Selection) throws {
    var changes = StateChanges(store)
    for begin in stride(from: 0, to: groups.count, by: Self.stepGroups) {
      let some = groups.sliced(begin..<min(begin + Self.stepGroups, groups.count))
      let states = try table.accumulators.flatMap { try $0.states(some) }
      let encoded = values.encode(states, count: some.count, hashing: false)
      let (keys, rows) = (table.keys.stored, some.rows)
      for row in 0..<min(16, some.count) { keys.prefetch(rows[row]) }
      for row in 0..<some.count {
        if row &+ 16 < some.count { keys.prefetch(rows[row &+ 16]) }
        changes.add(keys[rows[row]], encoded[row])
      }
      // The values are the encoder's.
      changes.finish()
    }
  }

  private func remove(_ groups: [UInt32]) throws {
    if groups.isEmpty { return }
    var changes = StateChanges(store)
    let (keys, stamps) = (table.keys.stored, stamps.pointer)
    for group in groups {
      changes.add(keys[group], nil)
      stamps[Int(group)] = 0
    }
    changes.finish()
    table.remove(Selection(groups))
    if table.keys.isSparse { try shrink() }
  }

  /// Moves the groups that are left into tables of their size, as a restore does.
  private func shrink() throws {
    let old = table
    let (oldStamps, live) = (stamps, table.keys.groups)
    var numbers = [UInt32](repeating: KeyTable.none, count: table.keys.groupLimit)
    table = GroupTable(aggregation)
    stamps = LargeArray()
    stamps.reserve(live.count)
    for begin in stride(from: 0, to: live.count, by: Self.stepGroups) {
      let some = live.sliced(begin..<min(begin + Self.stepGroups, live.count))
      try table.merge(try old.piece(some)) { groups, count in
        for row in 0..<count {
          numbers[Int(some.rows[row])] = groups[row]
          stamps.pointer[Int(groups[row])] = oldStamps.pointer[Int(some.rows[row])]
        }
      }
    }
    index.renumber { numbers[Int($0)] }
    ReturnedMemory.want()
  }

  /// Fills the live table with what was stored.
  private func restore() throws {
    var loader = StateLoader(keyWidth: codec.width, values: values.codec)
    var changed: [UInt32] = []
    let merge: ([Vector], OwnedKeys) throws -> Void = { [self] columns, keys in
      var rest = columns[...]
      let states = aggregation.calls.map { call in
        let own = Array(rest.prefix(call.function.stateTypes.count))
        rest = rest.dropFirst(own.count)
        return own
      }
      let piece = AggregatePiece(keys: keys, states: states)
      changed.removeAll(keepingCapacity: true)
      try table.merge(piece) { groups, count in note(groups, count, &changed) }
    }
    runs += 1
    try store.restore { key, value in
      loader.add(key, value)
      if loader.isFull { try loader.flush(merge) }
    }
    try loader.flush(merge)
  }
}

/// Partial results on their way to the partitions that own them: each takes its own, so that they
/// are gone once they are merged.
private final class HandedPieces: Sendable {
  private let pieces: Mutex<[[AggregatePiece]]>

  init(_ partials: [[[AggregatePiece]]], count: Int) {
    pieces = Mutex((0..<count).map { index in partials.flatMap { $0[index] } })
  }

  func take(_ partition: Int) -> [AggregatePiece] {
    pieces.withLock { pieces in
      let own = pieces[partition]
      pieces[partition] = []
      return own
    }
  }
}
