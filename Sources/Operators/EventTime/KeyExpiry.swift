import Columns
import Expressions
import State

/// Where event time stands among the keys of a stateful operator: the key that says when a group is
/// done.
struct KeyExpiry: Sendable {
  /// Index of the key column.
  let column: Int

  init(column: Int) { self.column = column }

  /// nil: no key is event time.
  init?(_ keys: [Attribute]) {
    guard let column = keys.firstIndex(where: { $0.watermarkDelayUs != nil }) else { return nil }
    self.column = column
  }

  /// For each row of the key columns when it expires: the time, or a window's end. NULL never does.
  func times(_ keyColumns: [Vector]) -> [Int64] {
    Self.times(keyColumns[column])
  }

  static func times(_ vector: Vector) -> [Int64] {
    let flat = vector.flat
    let moments: Vector
    if case .structure(let fields) = flat.type {
      moments = flat.children[fields.firstIndex { $0.name == "end" } ?? fields.count - 1].flat
    } else {
      moments = flat
    }
    if flat.nullCount == 0, moments.nullCount == 0, moments.type.layout == .fixed(width: 8) {
      return Array(UnsafeBufferPointer(start: moments.typed(Int64.self), count: flat.count))
    }
    return (0..<flat.count).map { row in
      flat.isNull(row) || moments.isNull(row) ? .max : moments.integer(row)
    }
  }
}

/// Drops groups whose event time is behind the watermark of the batch before, and counts them.
struct LateFilter: Sendable {
  let expiry: KeyExpiry
  let lateUs: Int64
  let dropped: @Sendable (Int) -> Void

  /// The rows whose group is late: for whoever keeps them. A row on which the key fails is not.
  func rows(_ batch: Batch, _ keys: [CompiledExpression], _ task: TaskContext) throws -> [Int] {
    let all = Array(0..<batch.count)
    func times(_ rows: [Int]) throws -> [Int64] {
      let context = EvaluationContext(batch.selecting(Selection(rows)), task: task)
      return KeyExpiry.times(try keys[expiry.column].evaluate(context))
    }
    do {
      let found = try times(all)
      return all.filter { found[$0] <= lateUs }
    } catch let error as RowFailure {
      let (good, _) = try FailingItems.find(batch.count, error) { _ = try times($0) }
      return zip(good, try times(good)).filter { $0.1 <= lateUs }.map(\.0)
    }
  }

  func kept(_ table: GroupTable, _ groups: Selection, codec: RowKeyCodec) -> Selection {
    let times = expiry.times(table.keyColumns(groups, codec: codec))
    let kept = groups.filtered { times[$0] > lateUs }
    if kept.count < groups.count { dropped(groups.count - kept.count) }
    return kept
  }
}
