import Contract
import Operators
import Plan
import Streaming
import Synchronization

/// The session's streaming queries, made when the first one starts. Any thread may ask them to
/// stop.
final class RunningQueries: Sendable {
  private let made = Mutex<StreamingQueries?>(nil)
  /// Failures that the script has been told of: they no longer decide the exit status.
  private let told = Mutex<Set<String>>([])
  /// Every query that was started, in order.
  private let started = Mutex<[(query: StreamingQuery, plan: any PlanNode)]>([])

  /// Asks all queries to end after their batch; whether there are any.
  func requestStop() -> Bool {
    guard let queries = made.withLock({ $0 }), !queries.active.isEmpty else { return false }
    queries.requestStopOfAll()
    return true
  }

  func queries(_ make: () -> StreamingQueries) -> StreamingQueries {
    made.withLock { made in
      if let made { return made }
      let new = make()
      made = new
      return new
    }
  }

  /// The queries that run.
  var active: [StreamingQuery] { made.withLock { $0 }?.active ?? [] }

  func add(_ query: StreamingQuery, plan: any PlanNode) {
    started.withLock { $0.append((query, plan)) }
  }

  /// The plan that a query runs.
  func plan(of query: StreamingQuery) -> (any PlanNode)? {
    started.withLock { $0.first { $0.query === query }?.plan }
  }

  /// The script is about to be raised this query's error.
  func tell(_ query: StreamingQuery) {
    if query.exception != nil { told.withLock { _ = $0.insert(query.runId) } }
  }

  /// The script is about to be raised the error of one of all these.
  func tellAll() {
    for entry in started.withLock({ $0 }) { tell(entry.query) }
  }

  /// Queries that failed and of which nobody has been told; from now on somebody has.
  func takeFailures() -> [StreamingQuery] {
    let failed = started.withLock { $0.map(\.query) }.filter { $0.exception != nil }
    return told.withLock { told in failed.filter { told.insert($0.runId).inserted } }
  }
}
