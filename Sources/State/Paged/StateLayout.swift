/// What a store must know of an operator's entries where it, and not the operator's live tables,
/// keeps what a batch does not touch.
public protocol StateLayout: Sendable {
  /// Each key is a group of its own.
  var keysAreGroups: Bool { get }
  /// The group of an entry, as bytes of its key or value: rows touch whole groups. The bytes need
  /// only be valid as long as those given.
  func group(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer
  /// Whether some entries act though no row touches them.
  var hasMoments: Bool { get }
  /// For each entry when it acts so; what an entry without a value gets does not matter.
  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue]
}

extension StateLayout {
  public var keysAreGroups: Bool { true }
  public func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer { key }
  public var hasMoments: Bool { true }
}

/// A moment of one of an operator's clocks.
public struct StateDue: Hashable, Sendable {
  /// Which clock: an operator numbers its own.
  public var clock: UInt8
  /// The largest number: never.
  public var atUs: Int64

  public static let never = StateDue(atUs: .max)

  public init(clock: UInt8 = 0, atUs: Int64) {
    self.clock = clock
    self.atUs = atUs
  }
}

/// Each key is a group of its own, and nothing acts by itself.
public struct KeyLayout: StateLayout {
  public init() {}

  public var hasMoments: Bool { false }
  public func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { _ in .never }
  }
}

/// What a batch needs of a partition's state.
public struct StatePage {
  /// The store keeps it while the batch runs, and adds to it; nil: all groups.
  public var groups: KeyTable?
  /// The groups of entries that are due at or before these moments are needed too.
  public var due: [StateDue]

  public init(groups: KeyTable?, due: [StateDue] = []) {
    self.groups = groups
    self.due = due
  }

  public static var all: StatePage { StatePage(groups: nil) }
}
