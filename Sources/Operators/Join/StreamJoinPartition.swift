import Columns
import Expressions
import Plan
import State

/// One state partition of a stream–stream join.
///
/// Border (`@unchecked Sendable`): one worker at a time runs a partition, once a batch.
final class StreamJoinPartition: HoldsMemory, @unchecked Sendable {
  /// What a batch gives so far.
  private struct Result {
    var batches: [Batch] = []
    var counts = StateCounts()
  }

  private let sides: JoinSides
  private let store: any StatePartition
  private let left: JoinRows
  private let right: JoinRows
  private let encoder: RowKeyEncoder
  private var isRestored = false

  static let leftMark = UInt8(ascii: "l")
  private static let rightMark = UInt8(ascii: "r")

  init(_ sides: JoinSides, store: any StatePartition) {
    self.sides = sides
    self.store = store
    encoder = RowKeyEncoder(sides.left.codec)
    left = JoinRows(sides.left, mark: Self.leftMark, store: store)
    right = JoinRows(sides.right, mark: Self.rightMark, store: store)
  }

  func run(left newLeft: [Batch], right newRight: [Batch], evictUs: Int64?, task: TaskContext)
    throws -> (batches: [Batch], counts: StateCounts)
  {
    if !isRestored {
      if store.isPaged { try store.select(page(newLeft, newRight, evictUs, task)) }
      try restore(task)
      isRestored = true
    }
    left.beginBatch(task.batchId)
    right.beginBatch(task.batchId)
    var result = Result()
    // What comes from the left in this batch may meet what comes from the right in it, although the
    // watermark has passed it: chained operators give such rows.
    let evictLeftUs = newRight.isEmpty ? evictUs : nil
    for rows in newLeft {
      try meet(rows, isLeft: true, evictUs: evictLeftUs, task: task, &result)
    }
    for rows in newRight {
      try meet(rows, isLeft: false, evictUs: evictUs, task: task, &result)
    }
    if let evictUs {
      evict(isLeft: true, evictUs, &result)
      evict(isLeft: false, evictUs, &result)
    }
    result.counts.total = store.entryCount ?? left.count + right.count
    result.counts.memoryBytes = memoryBytes
    return (result.batches, result.counts)
  }

  var memoryBytes: Int { left.memoryBytes + right.memoryBytes + store.memoryBytes }

  /// The keys of the new rows, and those of rows that may be done.
  private func page(
    _ newLeft: [Batch], _ newRight: [Batch], _ evictUs: Int64?, _ task: TaskContext
  ) throws -> StatePage {
    let touched = KeySet(sides.left.codec)
    var page = StatePage(groups: nil)
    for (side, batches, isLeft) in [(sides.left, newLeft, true), (sides.right, newRight, false)] {
      try touched.insert(batches, keys: side.keys, task: task)
      if let evictUs, let bound = side.bound {
        page.due.append(
          StateDue(clock: JoinLayout.clock(isLeft: isLeft), atUs: evictUs + bound.shiftUs))
      }
    }
    page.groups = touched.table
    return page
  }

  private func restore(_ task: TaskContext) throws {
    try store.restore { [left, right] key, value in
      (key[0] == Self.leftMark ? left : right).restore(key, value)
    }
    try left.finishRestore(task: task)
    try right.finishRestore(task: task)
  }

  // MARK: New rows

  /// New rows of one side meet the stored rows of the other; then they are stored themselves.
  private func meet(
    _ rows: Batch, isLeft: Bool, evictUs: Int64?, task: TaskContext, _ result: inout Result
  ) throws {
    let side = isLeft ? sides.left : sides.right
    let context = EvaluationContext(rows, task: task)
    let keys = try side.keys.map { try $0.evaluate(context) }
    let canMeet = try canMeet(rows, side.conditions, context)
    let encoded = encoder.encode(keys, count: rows.count)
    let hasMet = try pair(
      rows, keys: keys, encoded, canMeet, isLeft: isLeft, task: task, &result)
    try keep(
      rows, keys: keys, encoded, canMeet, hasMet, isLeft: isLeft, evictUs: evictUs, task: task,
      &result)
  }

  /// A row that fails a condition of its own side meets nothing, ever, and need not wait; one with
  /// a NULL key meets nothing either, but waits as Spark's do. nil: all can.
  private func canMeet(
    _ rows: Batch, _ conditions: [CompiledExpression], _ context: EvaluationContext
  ) throws -> [Bool]? {
    if conditions.isEmpty { return nil }
    var canMeet = [Bool](repeating: true, count: rows.count)
    for condition in conditions {
      let holds = try condition.evaluate(context)
      for row in 0..<rows.count where holds.isNull(row) || !holds.boolean(row) {
        canMeet[row] = false
      }
    }
    return canMeet
  }

  /// Gives the pairs of these rows with stored rows of the other side; says which rows have one.
  private func pair(
    _ rows: Batch, keys: [Vector], _ encoded: RowKeys, _ canMeet: [Bool]?, isLeft: Bool,
    task: TaskContext, _ result: inout Result
  ) throws -> [Bool] {
    let others = isLeft ? right : left
    var hasMet = [Bool](repeating: false, count: rows.count)
    var pairs = JoinPairs()
    others.find(encoded, keys, canMeet, &pairs)
    if pairs.count == 0 { return hasMet }
    let own = Selection(pairs.left)
    let ownColumns = rows.columns.map { $0.gathered(own) }
    let otherColumns = others.gather(pairs.right)
    let all = Batch(
      isLeft ? ownColumns + otherColumns : otherColumns + ownColumns, count: pairs.count)
    let joined = try pairs.filter(all, by: sides.both, task: task)
    for row in pairs.left { hasMet[Int(row)] = true }
    if sides.join.kind == .leftSemi {
      giveSemi(rows, pairs, hasMet, isLeft: isLeft, &result)
    } else {
      let keepsOther = isLeft ? sides.right.keepsUnmatched : sides.left.keepsUnmatched
      if keepsOther { for slot in pairs.right { others.noteMatch(slot) } }
      if joined.count > 0 { result.batches.append(joined.dense) }
    }
    return hasMet
  }

  /// A left semi join gives each left row once: a new one that meets a stored right row, or a
  /// stored
  /// one when its first right row comes; it then need not be stored any more.
  private func giveSemi(
    _ rows: Batch, _ pairs: JoinPairs, _ hasMet: [Bool], isLeft: Bool, _ result: inout Result
  ) {
    if isLeft {
      let met = Selection(hasMet.indices.filter { hasMet[$0] })
      if met.count > 0 { result.batches.append(rows.selecting(met).dense) }
      return
    }
    var seen = Set<UInt32>()
    let met = pairs.right.filter { seen.insert($0).inserted }
    if met.isEmpty { return }
    result.batches.append(Batch(left.gather(met), count: met.count))
    left.remove(met)
    result.counts.removed += met.count
  }

  /// Stores the rows that a row to come may meet; those that nothing can meet leave at once.
  private func keep(
    _ rows: Batch, keys: [Vector], _ encoded: RowKeys, _ canMeet: [Bool]?, _ hasMet: [Bool],
    isLeft: Bool, evictUs: Int64?, task: TaskContext, _ result: inout Result
  ) throws {
    let side = isLeft ? sides.left : sides.right
    let store = isLeft ? left : right
    let moments = try store.moments(of: rows, task: task)
    let isSemi = isLeft && sides.join.kind == .leftSemi
    var stored: [UInt32] = []
    var alone: [UInt32] = []
    for row in 0..<rows.count {
      let isDone: Bool
      if let evictUs, let bound = side.bound {
        isDone = moments[row] != .max && moments[row] <= evictUs + bound.shiftUs
      } else {
        isDone = false
      }
      if canMeet?[row] ?? true, !isDone {
        if !(isSemi && hasMet[row]) { stored.append(UInt32(truncatingIfNeeded: row)) }
      } else if side.keepsUnmatched, !hasMet[row] {
        alone.append(UInt32(truncatingIfNeeded: row))
      }
    }
    if !alone.isEmpty {
      giveAlone(rows.selecting(Selection(alone)).dense, isLeft: isLeft, &result)
    }
    result.counts.updated += stored.count
    if stored.count == rows.count {
      store.insert(rows, keys: encoded, moments: moments, isMatched: hasMet)
    } else if !stored.isEmpty {
      let chosen = Selection(stored)
      store.insert(
        rows.selecting(chosen).dense,
        keys: encoder.encode(keys.map { $0.gathered(chosen) }, count: stored.count),
        moments: stored.map { moments[Int($0)] }, isMatched: stored.map { hasMet[Int($0)] })
    }
  }

  private func giveAlone(_ rows: Batch, isLeft: Bool, _ result: inout Result) {
    if rows.count == 0 { return }
    result.batches.append(isLeft ? sides.join.leftAlone(rows) : sides.join.rightAlone(rows))
  }

  // MARK: Old rows

  /// What the watermark has passed leaves, with NULLs for its match where it never had one.
  private func evict(isLeft: Bool, _ evictUs: Int64, _ result: inout Result) {
    let side = isLeft ? sides.left : sides.right
    guard let bound = side.bound else { return }
    let store = isLeft ? left : right
    let done = store.expired(at: evictUs + bound.shiftUs)
    if done.isEmpty { return }
    if side.keepsUnmatched {
      let alone = done.filter { !store.isMatched($0) }
      giveAlone(Batch(store.gather(alone), count: alone.count), isLeft: isLeft, &result)
    }
    store.remove(done)
    result.counts.removed += done.count
  }
}
