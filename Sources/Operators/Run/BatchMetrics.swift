import Columns
import Synchronization

/// What the operators of one batch count, from any thread; the progress event is made of it.
public final class BatchMetrics: Sendable {
  /// A stateful operator's counts, as the progress names them.
  public struct StateMetrics: Sendable {
    public var name = ""
    public var rowsTotal: Int64 = 0
    public var rowsUpdated: Int64 = 0
    public var rowsRemoved: Int64 = 0
    public var rowsDroppedByWatermark: Int64 = 0
    public var memoryBytes: Int64 = 0
    public var updateTimeMs: Int64 = 0
    public var removalTimeMs: Int64 = 0
    public var commitTimeMs: Int64 = 0
    public var partitionCount = 0
    public var custom: [String: Int64] = [:]

    public init() {}
  }

  /// The event times that a watermark node saw, microseconds.
  public struct EventTimes: Sendable {
    public var maxUs = Int64.min
    public var minUs = Int64.max
    public var sumUs = Int128(0)
    public var count: Int64 = 0

    public init() {}
  }

  private struct Counts {
    var inputRows: [Int: Int64] = [:]
    var outputRows: Int64 = 0
    var state: [String: StateMetrics] = [:]
    var eventTimes: [Int: EventTimes] = [:]
    var observed: [String: [(name: String, type: DataType, value: Scalar)]] = [:]
  }

  private let counts = Mutex(Counts())

  public init() {}

  /// Rows read from a source (by its node's id).
  public func addInputRows(_ rows: Int, source: Int) {
    counts.withLock { $0.inputRows[source, default: 0] += Int64(rows) }
  }

  /// Rows that the sink got.
  public func addOutputRows(_ rows: Int) { counts.withLock { $0.outputRows += Int64(rows) } }

  public var outputRows: Int64 { counts.withLock { $0.outputRows } }

  public func inputRows(source: Int) -> Int64 { counts.withLock { $0.inputRows[source] ?? 0 } }

  /// Adds to a stateful operator's counts.
  public func update(_ operatorId: String, _ change: (inout StateMetrics) -> Void) {
    counts.withLock { change(&$0.state[operatorId, default: StateMetrics()]) }
  }

  public var state: [String: StateMetrics] { counts.withLock { $0.state } }

  /// Adds what a watermark node (by its place) saw.
  public func update(eventTimesOf node: Int, _ change: (inout EventTimes) -> Void) {
    counts.withLock { change(&$0.eventTimes[node, default: EventTimes()]) }
  }

  public var eventTimes: [Int: EventTimes] { counts.withLock { $0.eventTimes } }

  /// The results of `df:observe`.
  public func observe(_ name: String, _ values: [(name: String, type: DataType, value: Scalar)]) {
    counts.withLock { $0.observed[name] = values }
  }

  public var observed: [String: [(name: String, type: DataType, value: Scalar)]] {
    counts.withLock { $0.observed }
  }
}
