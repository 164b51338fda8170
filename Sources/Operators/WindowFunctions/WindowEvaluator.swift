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

  init(_ call: WindowCall, type: DataType, input: [Attribute]) throws {
    function = call.function
    arguments = call.arguments.map { CompiledExpression($0, input: input) }
    partition = call.partition.map { CompiledExpression($0, input: input) }
    order = call.order.map { CompiledExpression($0.expression, input: input) }
    orders = call.order.map(\.order)
    frame = call.frame
    self.type = type
    if !frame.isRows {
      for bound in [frame.lower, frame.upper] {
        guard case .offset = bound else { continue }
        guard order.count == 1, Self.isMeasurable(order[0].type) else {
          throw Failure(
            "DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE",
            "a frame that is a distance wants one order key that is a number, a date or a time",
            hint: "`rowsBetween` counts rows.")
        }
      }
    }
  }

  private static func isMeasurable(_ type: DataType) -> Bool {
    type.isInteger || type == .date || type == .timestamp || type == .timestampNtz
      || type.isFraction
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
      return try aggregated(aggregate, values, try frames(context, extents), context)
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
    for row in 0..<count {
      let offset = values.count > 1 ? Int(values[1].integer(row)) : 1
      let at = row + sign * offset
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
    for row in 0..<count {
      let frame = frames[row]
      var at: Int?
      switch function {
      case .firstValue: at = frame.first
      case .lastValue: at = frame.last
      default:
        let offset = values.count > 1 ? Int(values[1].integer(row)) : 1
        if offset >= 1, offset <= frame.count { at = frame.lowerBound + offset - 1 }
      }
      if let at { builder.append(values[0], row: at) } else { builder.appendNull() }
    }
    return builder.finish()
  }

  /// The rows that each row's frame holds.
  private func frames(_ context: EvaluationContext, _ extents: Extents) throws
    -> [Swift.Range<Int>]
  {
    let key = frame.isRows || order.isEmpty ? nil : try order[0].evaluate(context).flat
    return (0..<context.count).map { row in
      let (start, end) = (extents.partitionStart[row], extents.partitionEnd[row])
      let lower = edge(frame.lower, row, extents, key, isLower: true)
      let upper = edge(frame.upper, row, extents, key, isLower: false)
      let from = min(max(lower, start), end)
      return from..<min(max(upper, from), end)
    }
  }

  private func edge(
    _ bound: WindowFrame.Bound, _ row: Int, _ extents: Extents, _ key: Vector?, isLower: Bool
  ) -> Int {
    switch bound {
    case .unboundedPreceding: return extents.partitionStart[row]
    case .unboundedFollowing: return extents.partitionEnd[row]
    case .currentRow:
      if frame.isRows { return isLower ? row : row + 1 }
      return isLower ? extents.peerStart[row] : extents.peerEnd[row]
    case .offset(let value, _):
      let distance = Self.distance(value)
      if frame.isRows { return row + Int(distance) + (isLower ? 0 : 1) }
      guard let key, !key.isNull(row) else {
        return isLower ? extents.peerStart[row] : extents.peerEnd[row]
      }
      return reached(key, row, distance, extents, isLower: isLower)
    }
  }

  private static func distance(_ value: Scalar) -> Double {
    switch value {
    case .integer(let value): Double(value)
    case .double(let value): value
    default: 0
    }
  }

  /// The first row within (or behind) a distance of this row's key.
  private func reached(
    _ key: Vector, _ row: Int, _ distance: Double, _ extents: Extents, isLower: Bool
  ) -> Int {
    func number(_ at: Int) -> Double {
      key.type == .double
        ? key.typed(Double.self)[at]
        : key.type == .float ? Double(key.typed(Float.self)[at]) : Double(key.integer(at))
    }
    let sign: Double = orders[0].isAscending ? 1 : -1
    let limit = number(row) * sign + distance
    var low = extents.partitionStart[row]
    var high = extents.partitionEnd[row]
    while low < high, key.isNull(low) { low += 1 }
    while low < high, key.isNull(high - 1) { high -= 1 }
    while low < high {
      let middle = (low + high) / 2
      let value = number(middle) * sign
      if isLower ? value < limit : value <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// An aggregate of each row's frame. Frames that only grow are computed in one pass.
  private func aggregated(
    _ aggregate: any AggregateFunction, _ values: [Vector], _ frames: [Swift.Range<Int>],
    _ context: EvaluationContext
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
        try add(covered.upperBound..<frame.upperBound, to: accumulator, values, context)
        covered = frame
        result = try accumulator.results(.identity(1), context: context)
      }
      if let result { builder.append(result, row: 0) }
    }
    return builder.finish()
  }

  private func add(
    _ rows: Swift.Range<Int>, to accumulator: any Accumulator, _ values: [Vector],
    _ context: EvaluationContext
  ) throws {
    if rows.isEmpty { return }
    let groups = Buffer.zeroed(capacity: rows.count * 4)
    let selection = Selection.range(rows)
    try accumulator.update(
      values.map { $0.gathered(selection) }, groups: UnsafePointer(groups.typed(UInt32.self)),
      count: rows.count, context: context.narrowed(to: selection))
  }
}
