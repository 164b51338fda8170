import Contract
import Operators
import Synchronization

/// A running query as the script sees it. Any thread may ask.
public final class StreamingQuery: Sendable {
  /// What `query.status` says.
  public struct Status: Sendable, Hashable {
    public var message = "Initializing StreamExecution"
    public var isDataAvailable = false
    public var isTriggerActive = false

    public var json: JSON {
      .of([
        "message": .text(message), "isDataAvailable": .boolean(isDataAvailable),
        "isTriggerActive": .boolean(isTriggerActive),
      ])
    }
  }

  struct StopRequest {
    var isRequested = false
    var isAbandoning = false
  }

  private struct State {
    var status = Status()
    var recent: [QueryProgress] = []
    var isActive = true
    var failure: Failure?
    var stop = StopRequest()
    /// Triggers that have begun.
    var triggerCount = 0
    /// The last trigger that found nothing to do.
    var idleTrigger = 0
    /// The last two triggers whose batches took all that was there, the latest first.
    var fullTriggers = (0, 0)

    func isDone(since moment: Int) -> Bool {
      idleTrigger > moment || fullTriggers.1 > moment || !isActive
    }
  }

  public let id: String
  public let runId: String
  public let name: String?
  /// Rung to end a wait of the query's thread.
  let bell = WakeUp()
  private let state = Monitor(State())
  private let recentLimit: Int
  private let stopTimeoutUs: Int64
  private let clock: any Clock
  private let changed: @Sendable () -> Void
  private let observers: @Sendable (QueryEvent) -> Void

  init(
    id: String, runId: String, name: String?, settings: Settings, environment: QueryEnvironment,
    observers: @escaping @Sendable (QueryEvent) -> Void
  ) {
    self.id = id
    self.runId = runId
    self.name = name
    recentLimit = Int(settings[integer: "moontide.streaming.numRecentProgressUpdates"])
    stopTimeoutUs = settings[durationUs: "moontide.streaming.stopTimeout"]
    clock = environment.clock
    changed = environment.changed
    self.observers = observers
  }

  /// For messages: the name, or the id of a query without one.
  public var title: String { QueryTitle.text(name: name, id: id) }

  public var isActive: Bool { state.read { $0.isActive } }
  public var status: Status { state.read { $0.status } }
  public var lastProgress: QueryProgress? { state.read { $0.recent.last } }
  public var recentProgress: [QueryProgress] { state.read { $0.recent } }
  /// What ended the query.
  public var exception: Failure? { state.read { $0.failure } }

  /// Asks the query to end after the batch at hand, and returns.
  public func requestStop() {
    state.change { $0.stop.isRequested = true }
    bell.ring()
  }

  /// Ends the query after the batch at hand. Waits up to `moontide.streaming.stopTimeout`; then the
  /// batch is abandoned, uncommitted.
  public func stop() {
    requestStop()
    let timeout = stopTimeoutUs == 0 ? nil : stopTimeoutUs * 1000
    if state.wait(timeoutNs: timeout, until: { !$0.isActive }) { return }
    state.change { $0.stop.isAbandoning = true }
    ended(nil)
  }

  /// Waits for the end, at most so long; whether the query has ended. Throws what ended it.
  @discardableResult
  public func awaitTermination(timeoutNs: Int64? = nil) throws -> Bool {
    guard state.wait(timeoutNs: timeoutNs, until: { !$0.isActive }) else { return false }
    if let failure = exception { throw failure }
    return true
  }

  /// A moment; `hasProcessedAll` says whether all rows that were there then have been processed.
  public func momentForProcessing() -> Int {
    let moment = state.read { $0.triggerCount }
    bell.ring()
    return moment
  }

  /// Whether a trigger that began after the moment found nothing to do, or two ran batches with all
  /// there was (rows may never stop coming: the first has those of the moment, the second does what
  /// they cause), or the query has ended. Throws what ended it.
  public func hasProcessedAll(since moment: Int) throws -> Bool {
    let (isDone, failure) = state.read { ($0.isDone(since: moment), $0.failure) }
    if let failure { throw failure }
    return isDone
  }

  /// Returns when all rows that are there now, and the batch without rows that they cause, have
  /// been processed.
  public func processAllAvailable() throws {
    let moment = momentForProcessing()
    _ = state.wait(timeoutNs: nil) { $0.isDone(since: moment) }
    _ = try hasProcessedAll(since: moment)
  }

  /// What the query waits for, said by whom it waits for.
  public func note(_ message: String) { set(status: message) }

  // MARK: For the run

  var stopRequest: StopRequest { state.read { $0.stop } }

  func set(status: String, isDataAvailable: Bool? = nil) {
    state.change { state in
      guard state.isActive else { return }
      state.status.message = status
      if let isDataAvailable { state.status.isDataAvailable = isDataAvailable }
    }
  }

  func triggerBegins() {
    state.change { state in
      state.triggerCount += 1
      state.status.isTriggerActive = true
    }
  }

  func triggerEnds() { state.change { $0.status.isTriggerActive = false } }

  func foundNothing(status: String) {
    state.change { state in
      state.status.message = status
      state.status.isDataAvailable = false
      state.status.isTriggerActive = false
      state.idleTrigger = state.triggerCount
    }
    changed()
  }

  func tookEverything() {
    state.change { $0.fullTriggers = ($0.triggerCount, $0.fullTriggers.0) }
    changed()
  }

  func finished(_ progress: QueryProgress, isIdle: Bool) {
    state.change { state in
      state.recent.append(progress)
      if state.recent.count > recentLimit { state.recent.removeFirst() }
    }
    observers(
      isIdle
        ? .idle(id: id, runId: runId, name: name, timestampUs: progress.timestampUs)
        : .progress(progress))
  }

  /// The query has ended, or was given up.
  func ended(_ failure: Failure?) {
    let isFirst = state.read { $0.isActive }
    guard isFirst else { return }
    observers(
      .terminated(
        id: id, runId: runId, name: name, timestampUs: clock.nowUs, exception: failure))
    state.change { state in
      state.isActive = false
      state.failure = failure
      state.status.message =
        failure.map { "Terminated with exception: \($0.condition): \($0.message)" } ?? "Stopped"
      state.status.isDataAvailable = false
      state.status.isTriggerActive = false
    }
    changed()
  }
}

/// What listeners hear.
public enum QueryEvent: Sendable {
  case started(id: String, runId: String, name: String?, timestampUs: Int64)
  case progress(QueryProgress)
  case idle(id: String, runId: String, name: String?, timestampUs: Int64)
  case terminated(
    id: String, runId: String, name: String?, timestampUs: Int64, exception: Failure?)
}

/// Hears what happens to queries: `started` on the thread that starts the query, before `start`
/// returns; the others on the query's thread. Must not wait for that query.
public protocol QueryListener: AnyObject, Sendable {
  func hear(_ event: QueryEvent)
}
