import Columns
import Contract
import Expressions
import Plan
import State
import Synchronization

/// A join of which at least one side is a table: that side is built into a hash table for each
/// batch,
/// the other is probed as it streams by.
final class HashJoinOperator: Operator {
  let output: [Attribute]
  private let join: CompiledJoin
  private let left: any Operator
  private let right: any Operator
  /// The right side is built, the left side streams by.
  private let buildsRight: Bool

  init(_ join: Join, left: any Operator, right: any Operator) {
    output = join.output
    self.join = CompiledJoin(join)
    self.left = left
    self.right = right
    // The streaming side is never built; otherwise the side whose rows are all kept streams by.
    buildsRight = !join.right.isStreaming && (join.left.isStreaming || join.kind != .rightOuter)
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let (build, probe) = buildsRight ? (right, left) : (left, right)
    let types = buildsRight ? join.rightTypes : join.leftTypes
    let rows = Batch.concatenated(try run.collect(build.partitions(run)), types: types)
    let keys = buildsRight ? join.rightKeys : join.leftKeys
    let context = EvaluationContext(rows, task: run.task)
    let table = JoinTable(
      rows, keyColumns: try keys.map { try $0.evaluate(context) }, codec: join.codec,
      nullSafe: join.nullSafe)
    let join = self.join
    let (buildsRight, batchRows) = (self.buildsRight, run.batchRows)
    // A full outer join knows its unmatched built rows only after the last probing row.
    let matched = join.kind == .fullOuter ? MatchedRows(rows.count) : nil
    let probes = try probe.partitions(run).map { partition in
      partition.through { stream, task in
        ProbeStream(
          stream, task, join, table, matched, buildsRight: buildsRight, batchRows: batchRows)
      }
    }
    guard let matched else { return probes }
    let batches = try run.collect(probes)
    let alone = rows.selecting(matched.missing).dense
    let unmatched = buildsRight ? join.rightAlone(alone) : join.leftAlone(alone)
    return [Partition { _ in BatchList(batches + [unmatched]) }]
  }
}

/// Which rows of a built side met a row of the other side, noted by all workers.
final class MatchedRows: Sendable {
  private let flags: Mutex<[Bool]>

  init(_ count: Int) { flags = Mutex([Bool](repeating: false, count: count)) }

  func note(_ rows: [UInt32]) {
    flags.withLock { flags in
      for row in rows { flags[Int(row)] = true }
    }
  }

  /// The rows that met none.
  var missing: Selection {
    flags.withLock { flags in Selection(flags.indices.filter { !flags[$0] }) }
  }
}

/// The streaming side of a hash join.
private final class ProbeStream: BatchStream {
  private let input: any BatchStream
  private let task: TaskContext
  private let join: CompiledJoin
  private let table: JoinTable
  private let matched: MatchedRows?
  private let buildsRight: Bool
  private let batchRows: Int
  private let encoder: RowKeyEncoder
  /// Results of the present probing batch that wait to be pulled.
  private var ready: [Batch] = []

  init(
    _ input: any BatchStream, _ task: TaskContext, _ join: CompiledJoin, _ table: JoinTable,
    _ matched: MatchedRows?, buildsRight: Bool, batchRows: Int
  ) {
    self.input = input
    self.task = task
    self.join = join
    self.table = table
    self.matched = matched
    self.buildsRight = buildsRight
    self.batchRows = batchRows
    encoder = RowKeyEncoder(join.codec)
  }

  func next() throws -> Batch? {
    while ready.isEmpty {
      guard let batch = try input.next() else { return nil }
      if batch.count > 0 { try probe(batch.dense) }
    }
    return ready.removeFirst()
  }

  private func probe(_ rows: Batch) throws {
    let context = EvaluationContext(rows, task: task)
    let keys = try (buildsRight ? join.leftKeys : join.rightKeys).map { try $0.evaluate(context) }
    let heads = table.find(keys, count: rows.count, encoder: encoder, nullSafe: join.nullSafe)
    let first = heads.typed(UInt32.self)
    var hasMatch = [Bool](repeating: false, count: rows.count)
    // A semi or anti join without further condition needs no pairs.
    if join.kind.isLeftOnly, join.conditions.isEmpty {
      for row in 0..<rows.count { hasMatch[row] = first[row] != Selection.none }
    } else {
      var pairs = JoinPairs()
      for row in 0..<rows.count {
        var other = first[row]
        while other != Selection.none {
          pairs.append(UInt32(truncatingIfNeeded: row), other)
          if pairs.count == batchRows { try give(&pairs, rows, &hasMatch) }
          other = table.row(after: other)
        }
      }
      try give(&pairs, rows, &hasMatch)
    }
    giveAlone(rows, hasMatch)
  }

  /// Turns pairs (probing row, built row) into result rows, where the conditions hold.
  private func give(_ pairs: inout JoinPairs, _ rows: Batch, _ hasMatch: inout [Bool]) throws {
    defer { pairs.removeAll() }
    if pairs.count == 0 { return }
    let joined = try pairs.filter(combined(pairs, rows), by: join.conditions, task: task)
    for row in pairs.left {
      if join.kind == .leftSingle, hasMatch[Int(row)] { throw tooManyRows }
      hasMatch[Int(row)] = true
    }
    matched?.note(pairs.right)
    if !join.kind.isLeftOnly, joined.count > 0 { ready.append(joined) }
  }

  private var tooManyRows: Failure {
    Failure(
      "SCALAR_SUBQUERY_TOO_MANY_ROWS",
      "a query that stands for one value gave more than one row",
      hint: "Aggregate it, or give it LIMIT 1.", origin: join.origin)
  }

  private func combined(_ pairs: JoinPairs, _ rows: Batch) -> Batch {
    let probing = Selection(pairs.left)
    let built = Selection(pairs.right)
    let own = rows.columns.map { $0.gathered(probing) }
    let other = table.rows.columns.map { $0.gathered(built) }
    return Batch(buildsRight ? own + other : other + own, count: pairs.count)
  }

  private func giveAlone(_ rows: Batch, _ hasMatch: [Bool]) {
    let wanted: Bool
    switch join.kind {
    case .leftSemi: wanted = true
    case .leftAnti: wanted = false
    case .existence:
      let marks = VectorBuilder(.boolean, capacity: rows.count)
      for isThere in hasMatch { marks.append(.boolean(isThere)) }
      ready.append(Batch(rows.columns + [marks.finish()], count: rows.count))
      return
    case .leftOuter, .rightOuter, .fullOuter, .leftSingle:
      guard buildsRight ? join.kind.keepsLeft : join.kind.keepsRight else { return }
      wanted = false
    default: return
    }
    let alone = rows.selecting(Selection(hasMatch.indices.filter { hasMatch[$0] == wanted })).dense
    if alone.count == 0 { return }
    ready.append(buildsRight ? join.leftAlone(alone) : join.rightAlone(alone))
  }
}
