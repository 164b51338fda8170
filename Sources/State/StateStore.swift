import Columns
import Contract

/// The durable half of a query's state: for each stateful operator and partition, byte keys to byte
/// values. An operator keeps its live tables itself, in the shape that suits it; through this it
/// restores them and notes, batch by batch, what changed.
///
/// A store may also be paged: it then keeps the live state itself, an operator asks it for what a
/// batch touches, and forgets that when the batch is done.
///
/// Version `n` is the state after batch `n-1`. A batch that fails leaves the store at its version.
public protocol StateStore: AnyObject, Sendable {
  /// One partition of one operator, at the version the store was opened with.
  func open(
    _ operatorId: String, partition: Int, layout: any StateLayout
  ) throws -> any StatePartition
}

/// One partition of one operator's state. One thread at a time.
public protocol StatePartition: AnyObject, Sendable {
  /// Whether the store keeps what a batch does not touch: live tables are made anew for each batch.
  var isPaged: Bool { get }
  /// Says what `restore` is to give from now on. Only for a paged partition.
  func select(_ page: StatePage) throws
  /// The entries there are; nil where the operator's live tables hold all of them.
  var entryCount: Int? { get }
  /// Memory that the store itself uses for the partition, bytes.
  var memoryBytes: Int { get }
  /// Calls `visit` once for each entry of the version that was opened, or of the page. The bytes
  /// are valid during the call.
  func restore(
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void) throws
  /// Notes that the running batch sets this entry. The bytes are copied.
  func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)
  /// Notes that the running batch removes this entry.
  func remove(key: UnsafeRawBufferPointer)
}

extension StatePartition {
  public var isPaged: Bool { false }
  public func select(_ page: StatePage) throws {}
  public var entryCount: Int? { nil }
  public var memoryBytes: Int { 0 }
}

/// A store that forgets: for batch queries, which run a stateful operator once.
public final class NoStateStore: StateStore {
  public init() {}

  public func open(
    _ operatorId: String, partition: Int, layout: any StateLayout
  ) -> any StatePartition { Partition() }

  private final class Partition: StatePartition {
    func restore(_ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) {}
    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {}
    func remove(key: UnsafeRawBufferPointer) {}
  }
}
