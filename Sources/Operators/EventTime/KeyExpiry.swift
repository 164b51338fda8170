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

/// Groups by the moment at which they expire, so that eviction costs what it evicts.
struct ExpiryIndex {
  private var groups: [Int64: [UInt32]] = [:]
  /// The distinct moments, as a heap.
  private var moments: [Int64] = []

  mutating func add(_ group: UInt32, at moment: Int64) {
    if moment == .max { return }
    if groups[moment]?.append(group) == nil {
      groups[moment] = [group]
      push(moment)
    }
  }

  /// Takes out what expires at or before this moment, the earliest first.
  mutating func takeExpired(upTo limit: Int64) -> [UInt32] {
    var out: [UInt32] = []
    while let first = moments.first, first <= limit {
      pop()
      if let expired = groups.removeValue(forKey: first) { out += expired }
    }
    return out
  }

  var memoryBytes: Int { groups.count * 64 + groups.values.reduce(0) { $0 + $1.capacity * 4 } }

  private mutating func push(_ moment: Int64) {
    moments.append(moment)
    var at = moments.count - 1
    while at > 0, moments[at] < moments[(at - 1) / 2] {
      moments.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func pop() {
    let last = moments.removeLast()
    if moments.isEmpty { return }
    moments[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < moments.count && moments[child] < moments[least] {
        least = child
      }
      if least == at { return }
      moments.swapAt(at, least)
      at = least
    }
  }
}
