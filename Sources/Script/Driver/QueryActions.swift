import Connectors
import Contract
import Operators
import Plan
import Streaming

/// A query as the script holds it. Where the script is only checked, it has not run.
final class QueryHandle: LuaObject {
  static let luaClass = "moontide.Query"

  let query: StreamingQuery?
  init(_ query: StreamingQuery?) { self.query = query }

  /// The values of a query that is only checked: the script goes on with them.
  static func checkedValue(_ name: String) -> LuaValue {
    switch name {
    case "id", "runId": .string("00000000-0000-0000-0000-000000000000")
    case "isActive": false
    case "status":
      .record([
        "message": .string("Only checked"), "isDataAvailable": false, "isTriggerActive": false,
      ])
    case "recentProgress": .list([])
    default: .nil
    }
  }
}

extension Driver {
  var queryFunctions: [String: LuaBody] {
    [
      "start": { [unowned self] call in
        try call.push(.object(QueryHandle(try start(call))))
      },
      "queryValue": { [unowned self] call in
        let name = try call.string(2)
        let handle = try call.object(1, as: QueryHandle.self)
        guard let query = handle.query else { return try call.push(QueryHandle.checkedValue(name)) }
        return try call.push(value(of: query, named: name))
      },
      "stopQuery": { [unowned self] call in
        if let query = try Self.query(call) { try stop(query) }
        return 0
      },
      "awaitQuery": { [unowned self] call in
        let seconds = try call.optionalNumber(2)
        let ended = try Self.query(call).map { try awaitEnd(of: $0, seconds: seconds) } ?? true
        return seconds == nil ? 0 : try call.push(.boolean(ended))
      },
      "processAllAvailable": { [unowned self] call in
        if let query = try Self.query(call) { try processAll(query) }
        return 0
      },
      "explainQuery": { [unowned self] call in
        guard let query = try Self.query(call), let plan = queries.plan(of: query) else {
          return try call.push("")
        }
        let mode = try call.boolean(2) ? "formatted" : "simple"
        return try call.push(
          .string(PlanTree.explained(analyzed: plan, optimized: plan, mode: mode)))
      },
    ]
  }

  private static func query(_ call: LuaCall) throws -> StreamingQuery? {
    try call.object(1, as: QueryHandle.self).query
  }

  // MARK: Waiting

  // While the script waits, it serves what queries ask of it. What was left in the queue when the
  // wait is over belongs before it: a listener hears of the end before `awaitTermination` returns.

  func wait(
    _ what: String, seconds: Double?, until isDone: () throws -> Bool
  ) throws -> Bool {
    try callbacks.refuseInCallback(what)
    let deadline = seconds.map {
      SystemClock().monotonicNs &+ Int64(min(max($0, 0), 1_000_000_000) * 1_000_000_000)
    }
    let isOver = try callbacks.serve(state, untilNs: deadline ?? .max / 2, isDone)
    callbacks.serveWaiting(state)
    return isOver
  }

  private func awaitEnd(of query: StreamingQuery, seconds: Double?) throws -> Bool {
    let ended = try wait("awaitTermination", seconds: seconds) { !query.isActive }
    if ended, let failure = query.exception {
      queries.tell(query)
      throw failure
    }
    return ended
  }

  private func processAll(_ query: StreamingQuery) throws {
    let moment = query.momentForProcessing()
    do {
      _ = try wait("processAllAvailable", seconds: nil) {
        try query.hasProcessedAll(since: moment)
      }
    } catch {
      queries.tell(query)
      throw error
    }
  }

  /// Waits for the batch at hand; inside a callback, which that batch may be waiting for, only
  /// asks.
  func stop(_ query: StreamingQuery) throws {
    guard query.isActive else { return }
    if callbacks.isInCallback { return query.requestStop() }
    // The time limit of a stop is the query's own affair; the script serves callbacks meanwhile.
    WorkerPool.startThread { query.stop() }
    _ = try wait("stop", seconds: nil) { !query.isActive }
  }

  // MARK: What a query shows

  private func value(of query: StreamingQuery, named name: String) throws -> LuaValue {
    switch name {
    case "id": .string(query.id)
    case "runId": .string(query.runId)
    case "name": .optional(query.name)
    case "isActive": .boolean(query.isActive)
    case "status": query.status.json.luaValue
    case "lastProgress": query.lastProgress?.json.luaValue ?? .nil
    case "recentProgress": .list(query.recentProgress.map(\.json.luaValue))
    case "exception": exception(of: query)
    default: preconditionFailure("the stdlib asked a query for `\(name)`")
    }
  }

  private func exception(of query: StreamingQuery) -> LuaValue {
    guard let failure = query.exception else { return .nil }
    queries.tell(query)
    return .failure(failure)
  }
}

extension JSON {
  /// As tables; null is nil, and `moontide.null` in a list, where Lua has no hole.
  var luaValue: LuaValue {
    switch self {
    case .null: .nil
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .text(let value): .string(value)
    case .array(let values): .list(values.map { $0 == .null ? .null : $0.luaValue })
    case .object(let members):
      .table(
        LuaTable(
          fields: Dictionary(
            members.filter { $0.value != .null }.map { ($0.name, $0.value.luaValue) }
          ) { $1 }))
    }
  }
}
