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
  /// The rows' columns as the plan knows them.
  let rows: [Attribute]
  /// Where event time stands in them; nil: no watermark.
  let timePlace: Int?
  let delayUs: Int64
  /// Set where event time is among the keys: keys leave with it.
  let keyExpiry: KeyExpiry?
  let keySchema: Schema
  let isWithinWatermark: Bool

  /// As the progress names the operator.
  var name: String { isWithinWatermark ? "dedupeWithinWatermark" : "dedupe" }
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
    let onTime = run.withoutLate(
      try child.partitions(run), of: rules.rows, operatorId: operatorId)
    let parts = try exchange.run(onTime, run)
    let evictUs = run.watermarks[operatorId]?.evictUs
    return Partition.lists(
      try partitions.run(run, of: operatorId, name: rules.name) { live, index, _ in
        try live.run(parts[index], evictUs: evictUs)
      })
  }

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    let isWithin = rules.isWithinWatermark
    return StateSchema(
      isWithin ? .deduplicateWithinWatermark : .deduplicate,
      name: rules.name, partitionCount: partitions.count, key: rules.keySchema,
      stores: [
        .init(
          value: Schema([isWithin ? Field("expiresAtMicros", .long) : Field("__dummy__", .null)]))
      ])
  }
}

/// A key's value is the moment at which it leaves.
private struct DeduplicateLayout: StateLayout {
  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { entry in
      guard let value = entry.value else { return .never }
      return StateDue(atUs: Int64(littleEndian: value.loadUnaligned(as: Int64.self)))
    }
  }
}

/// One state partition of a streaming deduplication.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
private final class DeduplicatePartition: HoldsMemory, @unchecked Sendable {
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

  func run(
    _ batches: [Batch], evictUs: Int64?
  ) throws -> (batches: [Batch], counts: StateCounts) {
    if !isRestored {
      if store.isPaged { try store.select(page(batches, evictUs)) }
      try restore()
      isRestored = true
    }
    var counts = StateCounts()
    var duplicates = 0
    var out: [Batch] = []
    for batch in batches where batch.count > 0 {
      let new = keys.insertNew(rules.places.map { batch.column($0) }, batch.count)
      counts.updated += new.count
      duplicates += batch.count - new.count
      if new.count == 0 { continue }
      note(new, batch)
      out.append(batch.selecting(new))
    }
    if let evictUs { counts.removed = evict(evictUs) }
    counts.total = store.entryCount ?? keys.table.count
    counts.memoryBytes = memoryBytes
    counts.custom["numDroppedDuplicateRows"] = Int64(duplicates)
    return (out, counts)
  }

  var memoryBytes: Int { keys.table.memoryBytes + index.memoryBytes + store.memoryBytes }

  /// The keys that the batch brings, and those that it may evict.
  private func page(_ batches: [Batch], _ evictUs: Int64?) -> StatePage {
    let touched = KeySet(rules.codec)
    for batch in batches {
      _ = touched.insertNew(rules.places.map { batch.column($0) }, batch.count)
    }
    return StatePage(groups: touched.table, due: evictUs.map { [StateDue(atUs: $0)] } ?? [])
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

  /// Forgets the keys that leave at or before this moment; says how many.
  private func evict(_ limitUs: Int64) -> Int {
    let expired = index.takeExpired(upTo: limitUs)
    if expired.isEmpty { return 0 }
    var changes = StateChanges(store)
    let stored = keys.table.stored
    for group in expired { changes.add(stored[group], nil) }
    changes.finish()
    keys.table.remove(Selection(expired))
    keys.table.shrinkIfSparse(&index) { table, _ in keys.table = table }
    return expired.count
  }

  private func restore() throws {
    try store.restore { key, value in
      let group = keys.table.insert(key)
      index.add(group, at: Int64(littleEndian: value.loadUnaligned(as: Int64.self)))
    }
  }
}
