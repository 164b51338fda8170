import Columns
import Contract
import Expressions
import Plan
import State

/// What a streaming deduplication does with event time.
struct DeduplicateRules: Sendable {
  /// Of the key columns.
  let places: [Int]
  let codec: RowKeyCodec
  /// Where event time stands in the rows; nil: no watermark.
  let timePlace: Int?
  let delayUs: Int64
  /// Set where event time is among the keys: keys leave with it.
  let keyExpiry: KeyExpiry?
  let keySchema: Schema
  let isWithinWatermark: Bool
}

/// Deduplication of rows that keep coming: the keys seen are state, partitioned by key.
final class StreamDeduplicateOperator: StatefulOperator {
  let output: [Attribute]
  let operatorId: String
  private let child: any Operator
  private let exchange: Exchange
  private let rules: DeduplicateRules
  private let partitions: LivePartitions<DeduplicatePartition>

  init(
    output: [Attribute], child: any Operator, exchange: Exchange, rules: DeduplicateRules,
    operatorId: String, lowering: Lowering
  ) throws {
    self.output = output
    self.child = child
    self.exchange = exchange
    self.rules = rules
    self.operatorId = operatorId
    partitions = LivePartitions(
      try lowering.state.open(
        operatorId, partitionCount: lowering.partitionCount, layout: DeduplicateLayout())
    ) { DeduplicatePartition(rules, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let parts = try exchange.run(try child.partitions(run), run)
    let marks = run.watermarks[operatorId]
    let rowGuard = RowGuard(output)
    let results = try run.pool.map(parts.count) {
      [partitions, rules, operatorId] index, worker in
      let task = run.task.with(partition: index, worker: worker)
      let (batches, counts) = try partitions[index].run(parts[index], marks) { batch, late, seen in
        rowGuard.putLate(batch, late, task: task, firstRow: seen)
      }
      run.metrics.update(operatorId) { total in
        total.name = rules.isWithinWatermark ? "dedupeWithinWatermark" : "dedupe"
        total.partitionCount += 1
        total.rowsTotal += Int64(counts.total)
        total.rowsUpdated += Int64(counts.added)
        total.rowsRemoved += Int64(counts.removed)
        total.rowsDroppedByWatermark += Int64(counts.late)
        total.memoryBytes += Int64(counts.memoryBytes)
        total.custom["numDroppedDuplicateRows", default: 0] += Int64(counts.duplicates)
      }
      return batches
    }
    return results.filter { !$0.isEmpty }.map { rows in Partition { _ in BatchList(rows) } }
  }

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    let isWithin = rules.isWithinWatermark
    return StateSchema(
      isWithin ? .deduplicateWithinWatermark : .deduplicate,
      name: isWithin ? "dedupeWithinWatermark" : "dedupe", partitionCount: partitions.count,
      key: rules.keySchema,
      stores: [
        .init(
          value: Schema([isWithin ? Field("expiresAtMicros", .long) : Field("__dummy__", .null)]))
      ])
  }
}

/// A key's value is the moment at which it leaves.
private struct DeduplicateLayout: StateLayout {
  func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue? {
    let atUs = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
    return atUs == .max ? nil : StateDue(atUs: atUs)
  }
}

/// One state partition of a streaming deduplication.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
private final class DeduplicatePartition: HoldsMemory, @unchecked Sendable {
  struct Counts {
    var total = 0
    var added = 0
    var removed = 0
    var late = 0
    var duplicates = 0
    var memoryBytes = 0
  }

  private let rules: DeduplicateRules
  private let store: any StatePartition
  private let keys: KeySet
  private var index = ExpiryIndex()
  private var isRestored = false

  init(_ rules: DeduplicateRules, store: any StatePartition) {
    self.rules = rules
    self.store = store
    keys = KeySet(rules.codec)
  }

  /// `late` is told of the rows of a batch that are left out, and how many rows came before it.
  func run(
    _ batches: [Batch], _ marks: Watermarks?, late: (Batch, [Int], Int) -> Void
  ) throws -> (batches: [Batch], counts: Counts) {
    if !isRestored {
      if store.isPaged { try store.select(page(batches, marks)) }
      try restore()
      isRestored = true
    }
    var counts = Counts()
    var out: [Batch] = []
    var seen = 0
    for batch in batches {
      let onTime = withoutLate(batch, marks, &counts) { late(batch, $0, seen) }
      seen += batch.count
      if onTime.count == 0 { continue }
      let columns = rules.places.map { onTime.column($0) }
      let new = keys.insertNew(columns, onTime.count)
      counts.added += new.count
      counts.duplicates += onTime.count - new.count
      if new.count == 0 { continue }
      note(new, onTime)
      out.append(onTime.selecting(new))
    }
    if let marks { evict(marks.evictUs, &counts) }
    counts.total = store.entryCount ?? keys.table.count
    counts.memoryBytes = memoryBytes
    return (out, counts)
  }

  var memoryBytes: Int { keys.table.memoryBytes + index.memoryBytes + store.memoryBytes }

  /// The keys that the batch brings, and those that it may evict.
  private func page(_ batches: [Batch], _ marks: Watermarks?) -> StatePage {
    let encoder = RowKeyEncoder(rules.codec)
    var groups: Set<[UInt8]> = []
    for batch in batches {
      let encoded = encoder.encode(rules.places.map { batch.column($0) }, count: batch.count)
      for row in 0..<batch.count { groups.insert(Array(encoded[row])) }
    }
    return StatePage(groups: groups, due: marks.map { [StateDue(atUs: $0.evictUs)] } ?? [])
  }

  private func withoutLate(
    _ batch: Batch, _ marks: Watermarks?, _ counts: inout Counts, late: ([Int]) -> Void
  ) -> Batch {
    guard let place = rules.timePlace, let marks else { return batch }
    let times = KeyExpiry.times(batch.column(place))
    let isNull = batch.column(place)
    let kept = Selection.identity(batch.count).filtered { row in
      isNull.isNull(row) || times[row] > marks.lateUs
    }
    if kept.count == batch.count { return batch }
    counts.late += batch.count - kept.count
    late((0..<batch.count).filter { !isNull.isNull($0) && times[$0] <= marks.lateUs })
    return batch.selecting(kept)
  }

  /// Puts new keys into the store and the expiry index.
  private func note(_ new: Selection, _ batch: Batch) {
    let groups = keys.lastGroups
    let moments = expiries(new, batch) ?? [Int64](repeating: .max, count: new.count)
    index.add((0..<new.count).map { groups[Int(new.rows[$0])] }, at: moments)
    var changes = StateChanges(store)
    let stored = keys.table.stored
    moments.map(\.littleEndian).withUnsafeBytes { values in
      for position in 0..<new.count {
        changes.add(
          stored[groups[Int(new.rows[position])]],
          UnsafeRawBufferPointer(rebasing: values[position * 8..<position * 8 + 8]))
      }
      changes.finish()
    }
  }

  private func expiries(_ new: Selection, _ batch: Batch) -> [Int64]? {
    if rules.isWithinWatermark, let place = rules.timePlace {
      return KeyExpiry.times(batch.column(place).gathered(new)).map { time in
        let (sum, overflow) = time.addingReportingOverflow(rules.delayUs)
        return overflow ? .max : sum
      }
    }
    guard let expiry = rules.keyExpiry else { return nil }
    return KeyExpiry.times(batch.column(rules.places[expiry.column]).gathered(new))
  }

  private func evict(_ limitUs: Int64, _ counts: inout Counts) {
    let expired = index.takeExpired(upTo: limitUs)
    if expired.isEmpty { return }
    var changes = StateChanges(store)
    let stored = keys.table.stored
    for group in expired { changes.add(stored[group], nil) }
    changes.finish()
    keys.table.remove(Selection(expired))
    counts.removed += expired.count
    if keys.table.isSparse {
      let numbers = keys.shrink()
      index.renumber { numbers[Int($0)] }
      ReturnedMemory.want()
    }
  }

  private func restore() throws {
    try store.restore { key, value in
      let group = keys.table.insert(key)
      index.add(group, at: Int64(littleEndian: value.loadUnaligned(as: Int64.self)))
    }
  }
}
