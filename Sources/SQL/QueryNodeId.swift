import Synchronization

/// Ids of the nodes that text makes: negative, so that they never meet those of DataFrames.
enum QueryNodeId {
  private static let last = Atomic<Int>(0)

  static func next() -> Int { last.subtract(1, ordering: .relaxed).newValue }
}
