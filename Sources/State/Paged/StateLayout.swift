/// What a store must know of an operator's entries where it, and not the operator's live tables,
/// keeps what a batch does not touch.
public protocol StateLayout: Sendable {
  /// The group of an entry, as bytes of its key or value: rows touch whole groups. The bytes need
  /// only be valid as long as those given.
  func group(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer
  /// When the entry acts though no row touches it; nil: never.
  func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue?
}

extension StateLayout {
  /// Each key is a group of its own.
  public func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer { key }
}

/// A moment of one of an operator's clocks.
public struct StateDue: Hashable, Sendable {
  /// Which clock: an operator numbers its own.
  public var clock: UInt8
  public var atUs: Int64

  public init(clock: UInt8 = 0, atUs: Int64) {
    self.clock = clock
    self.atUs = atUs
  }
}

/// Each key is a group of its own, and nothing acts by itself.
public struct KeyLayout: StateLayout {
  public init() {}

  public func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue? { nil }
}

/// What a batch needs of a partition's state.
public struct StatePage: Sendable {
  /// nil: all of it.
  public var groups: Set<[UInt8]>?
  /// The groups of entries that are due at or before these moments are needed too.
  public var due: [StateDue]

  public init(groups: Set<[UInt8]>?, due: [StateDue] = []) {
    self.groups = groups
    self.due = due
  }

  public static let all = StatePage(groups: nil)
}
