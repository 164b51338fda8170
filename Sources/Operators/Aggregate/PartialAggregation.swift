import Columns
import Expressions
import State

/// The first half of an aggregation: each input partition's rows, grouped in arrival order by one
/// worker, as partial results for the state partitions.
struct PartialAggregation: Sendable {
  let aggregation: Aggregation
  let partitionCount: Int
  /// Bytes at the end of a key that do not decide its partition.
  private let keySuffixBytes: Int
  /// Groups that are held before they are handed on: the table stays in the cache, and an input of
  /// nothing but new keys costs little more than without this half.
  private static let groupLimit = 1 << 16

  init(_ aggregation: Aggregation, partitionCount: Int, keySuffixBytes: Int = 0) {
    self.aggregation = aggregation
    self.partitionCount = partitionCount
    self.keySuffixBytes = keySuffixBytes
  }

  /// For each input partition, for each state partition, pieces in order of arrival.
  func run(_ partitions: [Partition], _ run: BatchRun, late: LateFilter?) throws
    -> [[[AggregatePiece]]]
  {
    try run.mapPartitions(partitions) { stream, task in
      try partial(stream, task, late)
    }
  }

  private func partial(_ stream: any BatchStream, _ task: TaskContext, _ late: LateFilter?) throws
    -> [[AggregatePiece]]
  {
    var pieces = [[AggregatePiece]](repeating: [], count: partitionCount)
    let rowGuard = RowGuard(aggregation.input)
    var table = GroupTable(aggregation)
    var seen = 0
    while let batch = try stream.next() {
      if batch.count == 0 { continue }
      if let late, task.badRows?.takesLateRows == true {
        rowGuard.putLate(
          batch, try late.rows(batch, aggregation.keys, task), task: task, firstRow: seen)
      }
      let arguments = try rowGuard.run(batch, task: task, firstRow: seen) { _, context in
        context.count > 0 ? try table.arguments(context) : nil
      }
      if let arguments { try table.update(arguments) }
      seen += batch.count
      if table.keys.count > Self.groupLimit {
        try hand(table, to: &pieces, late)
        table = GroupTable(aggregation)
      }
    }
    try hand(table, to: &pieces, late)
    return pieces
  }

  private func hand(
    _ table: GroupTable, to pieces: inout [[AggregatePiece]], _ late: LateFilter?
  ) throws {
    var groups = table.keys.groups
    if groups.count == 0 { return }
    if let late { groups = late.kept(table, groups, codec: aggregation.keyCodec) }
    if partitionCount == 1 {
      pieces[0].append(try table.piece(groups))
      return
    }
    for (partition, some) in split(table.keys, groups, partitionCount).enumerated()
    where some.count > 0 {
      pieces[partition].append(try table.piece(some))
    }
  }

  /// The groups of each partition, in their order.
  private func split(_ keys: KeyTable, _ groups: Selection, _ count: Int) -> [Selection] {
    var counts = [Int](repeating: 0, count: count)
    var homes = [UInt16](repeating: 0, count: groups.count)
    let stored = keys.stored
    for index in 0..<groups.count {
      let key = stored[groups.rows[index]]
      let deciding = UnsafeRawBufferPointer(rebasing: key.dropLast(keySuffixBytes))
      let home = RowKeyHash.partition(RowKeyHash.hash(deciding), of: count)
      homes[index] = UInt16(truncatingIfNeeded: home)
      counts[home] += 1
    }
    let buffers = counts.map { Buffer(capacity: $0 * 4) }
    var next = buffers.map { $0.typed(UInt32.self) }
    for index in 0..<groups.count {
      let home = Int(homes[index])
      next[home].pointee = groups.rows[index]
      next[home] += 1
    }
    return zip(buffers, counts).map { Selection(buffer: $0, count: $1) }
  }
}
