import Contract
import Operators
import Synchronization

/// The queries of a session: starts them, finds them, waits for any of them.
public final class StreamingQueries: Sendable {
  private struct State {
    var active: [StreamingQuery] = []
    /// Ended since the last `resetTerminated`.
    var terminated: [StreamingQuery] = []
    var listeners: [any QueryListener] = []
    /// Names of queries that are being started.
    var starting: Set<String> = []
  }

  private let state = Monitor(State())
  private let environment: QueryEnvironment

  public init(environment: QueryEnvironment) { self.environment = environment }

  /// The queries that run.
  public var active: [StreamingQuery] { state.read { $0.active } }

  public func get(_ id: String) -> StreamingQuery? { active.first { $0.id == id } }

  public func addListener(_ listener: any QueryListener) {
    state.change { $0.listeners.append(listener) }
  }

  public func removeListener(_ listener: any QueryListener) {
    state.change { $0.listeners.removeAll { $0 === listener } }
  }

  /// Whether a query has ended since the last `resetTerminated`; throws what ended the first that
  /// failed.
  public func hasAnyTerminated() throws -> Bool {
    let ended = state.read { $0.terminated }
    if let failure = ended.lazy.compactMap(\.exception).first { throw failure }
    return !ended.isEmpty
  }

  /// Waits until a query has ended since the last `resetTerminated`, at most so long; whether one
  /// has. Throws what ended it.
  @discardableResult
  public func awaitAnyTermination(timeoutNs: Int64? = nil) throws -> Bool {
    _ = state.wait(timeoutNs: timeoutNs) { !$0.terminated.isEmpty }
    return try hasAnyTerminated()
  }

  public func resetTerminated() { state.change { $0.terminated = [] } }

  /// Asks every query to end after its batch at hand.
  public func requestStopOfAll() { for query in active { query.requestStop() } }

  /// Starts a query; it is open, and listeners have heard of it, when this returns.
  public func start(_ definition: QueryDefinition) throws -> StreamingQuery {
    try withOrigin(definition.origin) {
      try Self.check(definition)
      if let name = definition.name { try reserve(name) }
      defer { if let name = definition.name { state.change { $0.starting.remove(name) } } }
      return try open(definition)
    }
  }

  /// What can be said of a query before anything is opened: its mode, its options, its checkpoint.
  public static func check(_ definition: QueryDefinition) throws {
    guard definition.sink.modes.contains(definition.outputMode) else {
      throw Failure(
        "STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE",
        "the sink `\(definition.format)` does not take the output mode "
          + "`\(definition.outputMode.rawValue)`",
        hint: "It takes "
          + definition.sink.modes.map { "`\($0.rawValue)`" }.sorted().joined(separator: ", "))
    }
    _ = try CheckpointLocation(definition, random: "")
    var options = Options()
    for name in definition.options.names where !BadRowFile.engineOptions.contains(name.lowercased())
    { options[name] = definition.options[name] }
    try options.check(against: definition.sink.spec.parameters, of: definition.format)
  }

  private func reserve(_ name: String) throws {
    let isFree = Mutex(false)
    state.change { state in
      let free = !state.starting.contains(name) && !state.active.contains { $0.name == name }
      if free { state.starting.insert(name) }
      isFree.withLock { $0 = free }
    }
    if isFree.withLock({ $0 }) { return }
    throw Failure(
      "DUPLICATE_QUERY_NAME", "a query named `\(name)` runs already",
      hint: "Stop it first, or give this one another name")
  }

  private func open(_ definition: QueryDefinition) throws -> StreamingQuery {
    let location = try CheckpointLocation(definition, random: environment.uuid())
    let checkpoint = try Checkpoint(
      path: location.path, isTemporary: location.isTemporary,
      holder: definition.name.map { "query `\($0)`" } ?? "a query without a name",
      newId: environment.uuid(), storage: environment.storage)
    let query = StreamingQuery(
      id: checkpoint.queryId, runId: environment.uuid(), name: definition.name,
      settings: definition.settings, environment: environment,
      observers: { [weak self] in self?.hear($0) })
    let isOpen = Monitor<Result<Void, Failure>?>(nil)
    let mayRun = Monitor(false)
    // Sources, sink and logs belong to the query's thread from the beginning.
    let work = QueryThread(definition, environment, query, checkpoint)
    WorkerPool.startThread { [self] in
      work.serve(isOpen: isOpen, mayRun: mayRun) { self.ended(query) }
    }
    _ = isOpen.wait(timeoutNs: nil) { $0 != nil }
    if case .failure(let failure)? = isOpen.read({ $0 }) { throw failure }
    state.change { $0.active.append(query) }
    hear(
      .started(
        id: query.id, runId: query.runId, name: query.name, timestampUs: environment.clock.nowUs))
    mayRun.change { $0 = true }
    return query
  }

  private func hear(_ event: QueryEvent) {
    for listener in state.read({ $0.listeners }) { listener.hear(event) }
    if case .terminated(_, let runId, _, _, _) = event {
      state.change { state in
        guard let index = state.active.firstIndex(where: { $0.runId == runId }) else { return }
        state.terminated.append(state.active.remove(at: index))
      }
    }
  }

  private func ended(_ query: StreamingQuery) {
    state.change { $0.active.removeAll { $0 === query } }
    environment.changed()
  }
}

/// What a query's thread does, from opening to the end.
///
/// Border (`@unchecked Sendable`): handed to the query's thread, and touched by it alone.
private final class QueryThread: @unchecked Sendable {
  private let definition: QueryDefinition
  private let environment: QueryEnvironment
  private let query: StreamingQuery
  private let checkpoint: Checkpoint

  init(
    _ definition: QueryDefinition, _ environment: QueryEnvironment, _ query: StreamingQuery,
    _ checkpoint: Checkpoint
  ) {
    self.definition = definition
    self.environment = environment
    self.query = query
    self.checkpoint = checkpoint
  }

  func serve(
    isOpen: Monitor<Result<Void, Failure>?>, mayRun: Monitor<Bool>, ended: () -> Void
  ) {
    let run: QueryRun
    do {
      run = try QueryRun(definition, environment, query, checkpoint)
    } catch {
      checkpoint.close()
      let failure = error as? Failure ?? Failure("INTERNAL_ERROR", "\(error)")
      isOpen.change { $0 = .failure(failure) }
      return
    }
    isOpen.change { $0 = .success(()) }
    _ = mayRun.wait(timeoutNs: nil) { $0 }
    var failure = run.run()
    let removesAlways = definition.settings[
      boolean: "moontide.streaming.forceDeleteTempCheckpointLocation"]
    if checkpoint.isTemporary, failure == nil || removesAlways {
      do { try checkpoint.remove() } catch { failure = failure ?? error as? Failure }
    } else {
      checkpoint.close()
    }
    query.ended(failure)
    ended()
  }
}
