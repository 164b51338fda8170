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
  /// Notes many changes, in their order. The bytes are copied.
  func note(_ changes: UnsafeBufferPointer<StateChange>)
}

extension StatePartition {
  public var isPaged: Bool { false }
  public func select(_ page: StatePage) throws {}
  public var entryCount: Int? { nil }
  public var memoryBytes: Int { 0 }

  public func note(_ changes: UnsafeBufferPointer<StateChange>) {
    for change in changes {
      if let value = change.value {
        put(key: change.key, value: value)
      } else {
        remove(key: change.key)
      }
    }
  }
}

/// A change of one entry.
public struct StateChange {
  public var key: UnsafeRawBufferPointer
  /// nil: the entry goes.
  public var value: UnsafeRawBufferPointer?

  @inlinable @inline(__always)
  public init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    self.key = key
    self.value = value
  }

  /// Bytes that it may take in a block.
  @inline(__always)
  var room: Int { StateBlock.room(key.count, value?.count ?? 0) }
}

/// Changes on their way to a partition, some hundred at a time. One owner.
public struct StateChanges: ~Copyable {
  private let store: any StatePartition
  private let buffer = Buffer(capacity: Self.limit * MemoryLayout<StateChange>.stride)
  private var count = 0

  /// What is added is read once this many have come together, or with `finish`.
  public static let limit = 256

  public init(_ store: any StatePartition) { self.store = store }

  @inline(__always)
  public mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
    buffer.typed(StateChange.self)[count] = StateChange(key: key, value: value)
    count &+= 1
    if count == Self.limit { finish() }
  }

  /// Hands over what there is.
  public mutating func finish() {
    store.note(UnsafeBufferPointer(start: buffer.typed(StateChange.self), count: count))
    count = 0
  }
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
    func note(_ changes: UnsafeBufferPointer<StateChange>) {}
  }
}
