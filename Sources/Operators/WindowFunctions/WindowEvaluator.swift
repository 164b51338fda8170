import Columns
import Contract
import Expressions

/// Computes one window function over rows that are sorted by partition and order.
struct WindowEvaluator: Sendable {
  private let function: WindowFunction
  private let arguments: [CompiledExpression]
  private let partition: [CompiledExpression]
  private let order: [CompiledExpression]
  private let orders: [SortOrder]
  private let frame: WindowFrame
  private let type: DataType
  private let filter: CompiledExpression?
  private let ignoresNulls: Bool

  init(_ call: WindowCall, type: DataType, input: [Attribute]) throws {
    function = call.function
    arguments = call.arguments.map { CompiledExpression($0, input: input) }
    partition = call.partition.map { CompiledExpression($0, input: input) }
    order = call.order.map { CompiledExpression($0.expression, input: input) }
    orders = call.order.map(\.order)
    frame = call.frame
    self.type = type
    filter = call.filter.map { CompiledExpression($0, input: input) }
    ignoresNulls = call.ignoresNulls
  }

  /// Where each row's partition and its group of equals begins and ends.
  private struct Extents {
    var partitionStart: [Int]
    var partitionEnd: [Int]
    var peerStart: [Int]
    var peerEnd: [Int]
  }

  func evaluate(_ rows: Batch, task: TaskContext) throws -> Vector {
    let context = EvaluationContext(rows, task: task)
    let extents = try extents(context)
    let values = try arguments.map { try $0.evaluate(context) }
    switch function {
    case .rowNumber: return integers { $0 - extents.partitionStart[$0] + 1 }(rows.count)
    case .rank:
      return integers { extents.peerStart[$0] - extents.partitionStart[$0] + 1 }(rows.count)
    case .denseRank: return denseRank(extents, rows.count)
    case .percentRank:
      return doubles(rows.count) { row in
        let size = extents.partitionEnd[row] - extents.partitionStart[row]
        let rank = extents.peerStart[row] - extents.partitionStart[row]
        return size <= 1 ? 0 : Double(rank) / Double(size - 1)
      }
    case .cumulativeDistribution:
      return doubles(rows.count) { row in
        let size = extents.partitionEnd[row] - extents.partitionStart[row]
        return Double(extents.peerEnd[row] - extents.partitionStart[row]) / Double(size)
      }
    case .ntile: return ntile(values[0], extents, rows.count)
    case .lag: return shifted(values, extents, rows.count, sign: -1)
    case .lead: return shifted(values, extents, rows.count, sign: 1)
    case .firstValue, .lastValue, .nthValue:
      return positioned(values, try frames(context, extents), rows.count)
    case .aggregate(let aggregate):
      let counted = try filter.map { Selection.whereTrue(try $0.evaluate(context)) }
      return try aggregated(
        aggregate, values, try frames(context, extents), counted: counted, context)
    }
  }

  private func extents(_ context: EvaluationContext) throws -> Extents {
    let count = context.count
    let partitionKeys = try encoded(partition, context)
    let peerKeys = try encoded(partition + order, context)
    func bounds(_ keys: RowKeyEncoder, _ rows: RowKeys) -> ([Int], [Int]) {
      var starts = [Int](repeating: 0, count: count)
      var ends = [Int](repeating: count, count: count)
      for row in 0..<count {
        let isSame = row > 0 && rows[row].elementsEqual(rows[row - 1])
        starts[row] = isSame ? starts[row - 1] : row
      }
      for row in stride(from: count - 2, through: 0, by: -1) {
        ends[row] = starts[row] == starts[row + 1] ? ends[row + 1] : row + 1
      }
      return (starts, ends)
    }
    let (partitionStart, partitionEnd) = bounds(partitionKeys.encoder, partitionKeys.rows)
    let (peerStart, peerEnd) = bounds(peerKeys.encoder, peerKeys.rows)
    return Extents(
      partitionStart: partitionStart, partitionEnd: partitionEnd, peerStart: peerStart,
      peerEnd: order.isEmpty ? partitionEnd : peerEnd)
  }

  private func encoded(_ expressions: [CompiledExpression], _ context: EvaluationContext) throws
    -> (encoder: RowKeyEncoder, rows: RowKeys)
  {
    let encoder = RowKeyEncoder(RowKeyCodec(expressions.map(\.type)))
    let columns = try expressions.map { try $0.evaluate(context) }
    return (encoder, encoder.encode(columns, count: context.count, hashing: false))
  }

  private func integers(_ value: @escaping (Int) -> Int) -> (Int) -> Vector {
    { count in
      let builder = VectorBuilder(type, capacity: count)
      for row in 0..<count { builder.append(integer: Int64(value(row))) }
      return builder.finish()
    }
  }

  private func doubles(_ count: Int, _ value: (Int) -> Double) -> Vector {
    let builder = VectorBuilder(type, capacity: count)
    for row in 0..<count { builder.append(double: value(row)) }
    return builder.finish()
  }

  private func denseRank(_ extents: Extents, _ count: Int) -> Vector {
    var ranks = [Int](repeating: 1, count: count)
    for row in 0..<count where row > extents.partitionStart[row] {
      ranks[row] = ranks[row - 1] + (extents.peerStart[row] == row ? 1 : 0)
    }
    return integers { ranks[$0] }(count)
  }

  private func ntile(_ buckets: Vector, _ extents: Extents, _ count: Int) -> Vector {
    integers { row in
      let size = extents.partitionEnd[row] - extents.partitionStart[row]
      let wanted = max(Int(buckets.integer(row)), 1)
      let (small, larger) = (size / wanted, size % wanted)
      let place = row - extents.partitionStart[row]
      let inLarger = larger * (small + 1)
      if place < inLarger { return place / (small + 1) + 1 }
      return larger + (place - inLarger) / max(small, 1) + 1
    }(count)
  }

  /// LAG and LEAD: arguments are the value, the offset and the default.
  private func shifted(_ values: [Vector], _ extents: Extents, _ count: Int, sign: Int) -> Vector {
    let builder = VectorBuilder(type, capacity: count)
    let present = ignoresNulls ? PresentRows(values[0], count) : nil
    for row in 0..<count {
      let offset = values.count > 1 ? Int(values[1].integer(row)) : 1
      let at = present?.row(sign * offset, from: row) ?? row + sign * offset
      if at >= extents.partitionStart[row], at < extents.partitionEnd[row] {
        builder.append(values[0], row: at)
      } else if values.count > 2 {
        builder.append(values[2], row: row)
      } else {
        builder.appendNull()
      }
    }
    return builder.finish()
  }

  private func positioned(_ values: [Vector], _ frames: [Swift.Range<Int>], _ count: Int) -> Vector
  {
    let builder = VectorBuilder(type, capacity: count)
    let present = ignoresNulls ? PresentRows(values[0], count) : nil
    for row in 0..<count {
      let frame = frames[row]
      var at: Int?
      switch function {
      case .firstValue: at = frame.first
      case .lastValue: at = frame.last
      default:
        let offset = values.count > 1 ? Int(values[1].integer(row)) : 1
        let wanted =
          present?.row(offset, from: frame.lowerBound - 1) ?? frame.lowerBound + offset - 1
        if frame.contains(wanted) { at = wanted }
      }
      if let at { builder.append(values[0], row: at) } else { builder.appendNull() }
    }
    return builder.finish()
  }

  /// The rows that each row's frame holds.
  private func frames(_ context: EvaluationContext, _ extents: Extents) throws
    -> [Swift.Range<Int>]
  {
    let distances =
      try frame.isRows || order.isEmpty
      ? nil
      : RangeDistances(
        key: order[0].evaluate(context).flat, order: orders[0], frame: frame,
        timeZoneId: context.task.timeZoneId)
    return try (0..<context.count).map { row in
      let (start, end) = (extents.partitionStart[row], extents.partitionEnd[row])
      let lower = try edge(frame.lower, row, extents, distances, isLower: true)
      let upper = try edge(frame.upper, row, extents, distances, isLower: false)
      let from = min(max(lower, start), end)
      return from..<min(max(upper, from), end)
    }
  }

  private func edge(
    _ bound: WindowFrame.Bound, _ row: Int, _ extents: Extents, _ distances: RangeDistances?,
    isLower: Bool
  ) throws -> Int {
    switch bound {
    case .unboundedPreceding: return extents.partitionStart[row]
    case .unboundedFollowing: return extents.partitionEnd[row]
    case .currentRow:
      if frame.isRows { return isLower ? row : row + 1 }
      return isLower ? extents.peerStart[row] : extents.peerEnd[row]
    case .offset(let value, _):
      if frame.isRows {
        guard case .integer(let count) = value else { return row }
        // Further than any row is as far as any.
        let distance = Int(max(min(count, 1 << 40), -(1 << 40)))
        return row + distance + (isLower ? 0 : 1)
      }
      guard let distances, !distances.isNull(row) else {
        return isLower ? extents.peerStart[row] : extents.peerEnd[row]
      }
      return try distances.edge(
        row, within: extents.partitionStart[row]..<extents.partitionEnd[row], isLower: isLower)
    }
  }

  /// An aggregate of each row's frame. Frames that only grow are computed in one pass.
  private func aggregated(
    _ aggregate: any AggregateFunction, _ values: [Vector], _ frames: [Swift.Range<Int>],
    counted: Selection?, _ context: EvaluationContext
  ) throws -> Vector {
    let builder = VectorBuilder(type, capacity: context.count)
    var accumulator = aggregate.makeAccumulator()
    var covered = 0..<0
    var result: Vector?
    for frame in frames {
      if frame != covered || result == nil {
        if result == nil || frame.lowerBound != covered.lowerBound
          || frame.upperBound < covered.upperBound
        {
          accumulator = aggregate.makeAccumulator()
          accumulator.grow(to: 1)
          covered = frame.lowerBound..<frame.lowerBound
        }
        let new = covered.upperBound..<frame.upperBound
        try add(counted?.rows(in: new) ?? .range(new), to: accumulator, values, context)
        covered = frame
        result = try accumulator.results(.identity(1), context: context)
      }
      if let result { builder.append(result, row: 0) }
    }
    return builder.finish()
  }

  private func add(
    _ selection: Selection, to accumulator: any Accumulator, _ values: [Vector],
    _ context: EvaluationContext
  ) throws {
    if selection.count == 0 { return }
    let groups = Buffer.zeroed(capacity: selection.count * 4)
    try accumulator.update(
      values.map { $0.gathered(selection) }, groups: UnsafePointer(groups.typed(UInt32.self)),
      count: selection.count, context: context.narrowed(to: selection))
  }
}

extension Selection {
  /// Those of some ascending rows that lie in a range.
  fileprivate func rows(in range: Swift.Range<Int>) -> Selection {
    func first(from row: Int) -> Int {
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        if Int(rows[middle]) < row { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let places = first(from: range.lowerBound)..<first(from: range.upperBound)
    return Selection(places.map { rows[$0] })
  }
}

/// The rows in which a value is not NULL, in order.
private struct PresentRows {
  private var rows: [Int] = []

  init(_ values: Vector, _ count: Int) {
    for row in 0..<count where !values.isNull(row) { rows.append(row) }
  }

  /// The `steps`-th such row behind a row (negative: before it); far outside where there is none.
  func row(_ steps: Int, from row: Int) -> Int {
    if steps == 0 { return row }
    var (low, high) = (0, rows.count)
    // The first behind the row, or at or behind it.
    let least = steps > 0 ? row + 1 : row
    while low < high {
      let middle = (low + high) / 2
      if rows[middle] < least { low = middle + 1 } else { high = middle }
    }
    let place = steps > 0 ? low + steps - 1 : low + steps
    return rows.indices.contains(place) ? rows[place] : Int.min / 2
  }
}
