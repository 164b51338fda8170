import Contract
import Streaming

/// A listener of the script's: `session.streams:addListener { onQueryProgress = … }`. What it hears
/// waits until the script is inside a call to the engine.
final class ScriptListener: QueryListener, LuaObject {
  static let luaClass = "moontide.Listener"

  private let functions: [String: LuaReference]
  private let callbacks: CallbackQueue

  init(_ functions: LuaTable, _ callbacks: CallbackQueue) {
    self.functions = functions.fields.compactMapValues(\.function)
    self.callbacks = callbacks
  }

  func hear(_ event: QueryEvent) {
    guard let function = functions[event.function] else { return }
    callbacks.post { state in
      do { try state.call(function, [event.luaValue]) } catch {
        ScriptLog.write("error", "a listener failed: \(error)")
      }
    }
  }
}

extension QueryEvent {
  fileprivate var function: String {
    switch self {
    case .started: "onQueryStarted"
    case .progress: "onQueryProgress"
    case .idle: "onQueryIdle"
    case .terminated: "onQueryTerminated"
    }
  }

  fileprivate var luaValue: LuaValue {
    func event(
      _ id: String, _ runId: String, _ name: String?, _ timestampUs: Int64,
      progress: LuaValue = .nil, exception: LuaValue = .nil
    ) -> LuaValue {
      .record([
        "id": .string(id), "runId": .string(runId), "name": .optional(name),
        "timestamp": .string(TimeText.iso(us: timestampUs)), "progress": progress,
        "exception": exception,
      ])
    }
    switch self {
    case .started(let id, let runId, let name, let timestampUs),
      .idle(let id, let runId, let name, let timestampUs):
      return event(id, runId, name, timestampUs)
    case .progress(let progress):
      return event(
        progress.id, progress.runId, progress.name, progress.timestampUs,
        progress: progress.json.luaValue)
    case .terminated(let id, let runId, let name, let timestampUs, let exception):
      return event(
        id, runId, name, timestampUs, exception: exception.map { .failure($0) } ?? .nil)
    }
  }
}

extension Driver {
  var streamFunctions: [String: LuaBody] {
    [
      "activeQueries": { [unowned self] call in
        try call.push(.list(queries.active.map { .object(QueryHandle($0)) }))
      },
      "awaitAnyQuery": { [unowned self] call in
        let seconds = try call.optionalNumber(1)
        let ended = try awaitAny(seconds: seconds)
        return seconds == nil ? 0 : try call.push(.boolean(ended))
      },
      "resetTerminated": { [unowned self] _ in
        session.streams(callbacks).resetTerminated()
        return 0
      },
      "addListener": { [unowned self] call in
        let listener = ScriptListener(try call.table(1), callbacks)
        session.streams(callbacks).addListener(listener)
        return try call.push(.object(listener))
      },
      "removeListener": { [unowned self] call in
        session.streams(callbacks).removeListener(try call.object(1, as: ScriptListener.self))
        return 0
      },
      "stopAll": { [unowned self] _ in
        for query in queries.active { query.requestStop() }
        for query in queries.active { try stop(query) }
        return 0
      },
    ]
  }

  private func awaitAny(seconds: Double?) throws -> Bool {
    let streams = session.streams(callbacks)
    do {
      return try wait("awaitAnyTermination", seconds: seconds) { try streams.hasAnyTerminated() }
    } catch {
      // The script is told of the failure that this raises.
      queries.tellAll()
      throw error
    }
  }
}
