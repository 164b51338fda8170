import Columns
import Expressions
import State

/// Brings rows to the partitions that own their keys. Within a partition rows come in the order of
/// the input's partitions and of the rows in them, so that the first row of a key is always the
/// same.
struct Exchange: Sendable {
  let keys: [CompiledExpression]
  let input: [Attribute]
  let partitionCount: Int

  /// For each partition its rows.
  func run(_ partitions: [Partition], _ run: BatchRun) throws -> [[Batch]] {
    let split = try run.mapPartitions(partitions) { stream, task in
      try self.split(stream, task)
    }
    return (0..<partitionCount).map { index in split.flatMap { $0[index] } }
  }

  private func split(_ stream: any BatchStream, _ task: TaskContext) throws -> [[Batch]] {
    var parts = [[Batch]](repeating: [], count: partitionCount)
    let encoder = RowKeyEncoder(RowKeyCodec(keys.map(\.type)))
    let rowGuard = RowGuard(input)
    var seen = 0
    while let batch = try stream.next() {
      if batch.count == 0 { continue }
      let (rows, columns) = try rowGuard.run(batch, task: task, firstRow: seen) { rows, context in
        (rows, try keys.map { try $0.evaluate(context) })
      }
      seen += batch.count
      if partitionCount == 1 {
        parts[0].append(rows)
        continue
      }
      let encoded = encoder.encode(columns, count: rows.count)
      let selections = Self.selections(encoded.hashes, rows.count, partitionCount)
      for (index, selection) in selections.enumerated() where selection.count > 0 {
        parts[index].append(rows.selecting(selection))
      }
    }
    return parts
  }

  /// The rows of each partition, in order.
  static func selections(_ hashes: UnsafePointer<UInt64>, _ rows: Int, _ count: Int) -> [Selection]
  {
    var sizes = [Int](repeating: 0, count: count)
    for row in 0..<rows { sizes[RowKeyHash.partition(hashes[row], of: count)] += 1 }
    let buffers = sizes.map { Buffer(capacity: $0 * 4) }
    var next = buffers.map { $0.typed(UInt32.self) }
    for row in 0..<rows {
      let home = RowKeyHash.partition(hashes[row], of: count)
      next[home].pointee = UInt32(truncatingIfNeeded: row)
      next[home] += 1
    }
    return zip(buffers, sizes).map { Selection(buffer: $0, count: $1) }
  }
}
