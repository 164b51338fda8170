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

extension StateStore {
  /// All partitions of an operator.
  func open(
    _ operatorId: String, partitionCount: Int, layout: any StateLayout
  ) throws -> [any StatePartition] {
    try (0..<partitionCount).map { try open(operatorId, partition: $0, layout: layout) }
  }
}
