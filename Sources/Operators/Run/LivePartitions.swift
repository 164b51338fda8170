import State

/// The live halves of a stateful operator's partitions: kept from batch to batch, or made anew for
/// each where the store is paged.
struct LivePartitions<Live: Sendable>: Sendable {
  private let stores: [any StatePartition]
  private let make: @Sendable (any StatePartition) -> Live
  private let kept: [Live]

  init(_ stores: [any StatePartition], _ make: @escaping @Sendable (any StatePartition) -> Live) {
    self.stores = stores
    self.make = make
    kept = stores.contains { $0.isPaged } ? [] : stores.map(make)
  }

  var count: Int { stores.count }

  /// That of the batch at hand.
  subscript(index: Int) -> Live { kept.isEmpty ? make(stores[index]) : kept[index] }
}

/// A partition that says how much it keeps in memory.
protocol HoldsMemory {
  var memoryBytes: Int { get }
}

extension LivePartitions where Live: HoldsMemory {
  /// Of those that are kept, while no worker runs one.
  var memoryBytes: Int { kept.reduce(0) { $0 + $1.memoryBytes } }
}

extension StateStore {
  /// All partitions of an operator.
  func open(
    _ operatorId: String, partitionCount: Int, layout: any StateLayout
  ) throws -> [any StatePartition] {
    try (0..<partitionCount).map { try open(operatorId, partition: $0, layout: layout) }
  }
}
