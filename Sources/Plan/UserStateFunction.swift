import Columns
import Contract
import Expressions

// Functions of the user's own language with state. Declared here, provided by the host; the
// operators that run them keep the state and provide the handles.

/// Rows sorted into groups: group `g` has row `g` of `keys` and the rows from `offsets[g]` to
/// before `offsets[g + 1]`.
public struct GroupedRows: Sendable {
  public let keys: Batch
  public let keySchema: Schema
  public let rows: Batch
  public let schema: Schema
  /// One more than there are groups.
  public let offsets: [Int]

  public init(keys: Batch, keySchema: Schema, rows: Batch, schema: Schema, offsets: [Int]) {
    precondition(offsets.count == keys.count + 1, "each group has a key and a range of rows")
    self.keys = keys
    self.keySchema = keySchema
    self.rows = rows
    self.schema = schema
    self.offsets = offsets
  }
}

/// The function of `mapGroupsWithState` and `flatMapGroupsWithState`.
public protocol UserGroupFunction: Sendable {
  var name: String { get }
  var origin: Origin? { get }
  var hash: UInt64 { get }
  /// Calls the function for each group in order, and gives the rows it returned. A group on which
  /// it raises is a `RowFailure` with the group's number.
  func call(
    _ groups: GroupedRows, states: any GroupStates, output: Schema, returnsOneRow: Bool,
    task: TaskContext
  ) throws -> Batch
}

/// The state of the group that the function is called for.
public protocol GroupStates: AnyObject {
  var stateSchema: Schema { get }
  /// From now on the state of this group is meant.
  func enter(_ group: Int)
  /// The state, a value a field; nil: there is none.
  var value: [Scalar]? { get }
  func update(_ value: [Scalar]) throws
  func remove()
  var hasTimedOut: Bool { get }
  func setTimeoutDuration(us: Int64) throws
  func setTimeoutTimestamp(us: Int64) throws
  /// Throws where the query has no watermark.
  func watermarkUs() throws -> Int64
  var processingTimeUs: Int64 { get }
}

/// The functions of `transformWithState`.
public protocol UserStateProcessor: Sendable {
  var name: String { get }
  var origin: Origin? { get }
  var hash: UInt64 { get }
  var handlesInitialState: Bool { get }
  /// A processor for one partition, its `init` called: it declares its states there.
  func open(
    _ states: any ProcessorStates, output: Schema, task: TaskContext
  ) throws -> any RunningProcessor
}

/// A processor at work on one partition. One thread at a time.
public protocol RunningProcessor: AnyObject {
  /// A group on which it raises is a `RowFailure` with the group's number.
  func handleInputRows(_ groups: GroupedRows, task: TaskContext) throws -> Batch
  /// The timers that expired: row `i` of `keys` at `timesUs[i]`.
  func handleExpiredTimers(
    keys: Batch, keySchema: Schema, timesUs: [Int64], task: TaskContext
  ) throws -> Batch
  /// One row of initial state for each key.
  func handleInitialState(_ groups: GroupedRows, task: TaskContext) throws
  func close() throws
}

/// What a processor's `handle` and `timers` reach: the states of the current key.
public protocol ProcessorStates: AnyObject {
  /// From now on this group's key is meant: a row of the keys of the running call.
  func enter(_ group: Int)
  func value(_ name: String, _ schema: Schema, ttlUs: Int64?) throws -> any ValueState
  func list(_ name: String, _ schema: Schema, ttlUs: Int64?) throws -> any ListState
  func map(
    _ name: String, key: Schema, value: Schema, ttlUs: Int64?
  ) throws -> any MapState
  func registerTimer(us: Int64) throws
  func deleteTimer(us: Int64) throws
  /// In order.
  func timersUs() throws -> [Int64]
  func watermarkUs() throws -> Int64
  var processingTimeUs: Int64 { get }
}

/// One value a key.
public protocol ValueState: AnyObject {
  /// nil: there is none.
  func get() throws -> [Scalar]?
  func update(_ value: [Scalar]) throws
  func clear() throws
}

/// A list a key.
public protocol ListState: AnyObject {
  /// Empty: there is none.
  func get() throws -> [[Scalar]]
  func put(_ values: [[Scalar]]) throws
  func append(_ values: [[Scalar]]) throws
  func clear() throws
}

/// A map a key.
public protocol MapState: AnyObject {
  func get(_ key: [Scalar]) throws -> [Scalar]?
  func update(_ key: [Scalar], _ value: [Scalar]) throws
  func remove(_ key: [Scalar]) throws
  func entries() throws -> [(key: [Scalar], value: [Scalar])]
  func clear() throws
}
