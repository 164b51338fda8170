import CLua
import Columns
import Contract
import Expressions
import Plan

/// The functions of `transformWithState`.
final class LuaStateProcessor: UserStateProcessor {
  let name: String
  let origin: Origin?
  let handlesInitialState: Bool
  /// nil where the plan is only analysed.
  private let shipped: ShippedFunction?
  private let states: WorkerStates?

  init(_ functions: LuaValue, in state: LuaState, states: WorkerStates?) throws {
    let handler = functions.table?["handleInputRows"].function
    origin = handler?.definition
    name = origin.map { "processor at \($0)" } ?? "processor"
    handlesInitialState = functions.table?["handleInitialState"].function != nil
    self.states = states
    shipped = try states?.ship(functions, from: state, name: name)
  }

  var hash: UInt64 { shipped?.hash ?? 0 }

  func open(
    _ states: any ProcessorStates, output: Schema, task: TaskContext
  ) throws -> any RunningProcessor {
    guard let workers = self.states, let shipped else {
      preconditionFailure("a plan that was only to be analysed ran")
    }
    let worker = try workers.newState()
    try worker.begin(BatchContext(task))
    return try LuaRunningProcessor(name, shipped, worker, states, output)
  }
}

/// A processor in a Lua state of its own.
private final class LuaRunningProcessor: RunningProcessor {
  private let name: String
  private let worker: WorkerState
  private let states: any ProcessorStates
  private let functions: [String: LuaReference]
  private let itself: LuaReference
  private let timers: LuaReference
  private let expired: ExpiredTimer
  private let expiredReference: LuaReference
  private let output: Schema

  init(
    _ name: String, _ shipped: ShippedFunction, _ worker: WorkerState,
    _ states: any ProcessorStates, _ output: Schema
  ) throws {
    self.name = name
    self.worker = worker
    self.states = states
    self.output = output
    itself = try worker.instance(of: shipped)
    functions = try worker.functions(of: shipped)
    timers = try worker.reference(to: .object(TimersHandle(states)))
    expired = ExpiredTimer()
    expiredReference = try worker.reference(to: .object(expired))
    if let open = functions["init"] {
      let handle = try worker.reference(to: .object(ProcessorHandle(states)))
      try call(open, [.function(itself), .function(handle)])
    }
  }

  private func call(_ function: LuaReference, _ arguments: [LuaValue]) throws {
    do { _ = try worker.lua.call(function, arguments) } catch let failure as Failure {
      throw failure.inFunction(name)
    }
  }

  func handleInputRows(_ groups: GroupedRows, task: TaskContext) throws -> Batch {
    try run("handleInputRows", groups, task, after: [timers], form: .rows)
  }

  func handleInitialState(_ groups: GroupedRows, task: TaskContext) throws {
    _ = try run("handleInitialState", groups, task, after: [timers], form: .nothing)
  }

  func handleExpiredTimers(
    keys: Batch, keySchema: Schema, timesUs: [Int64], task: TaskContext
  ) throws -> Batch {
    // A group without rows for each timer: the function gets its key only.
    let none = Batch([], count: 0)
    let groups = GroupedRows(
      keys: keys, keySchema: keySchema, rows: none, schema: Schema([]),
      offsets: Array(repeating: 0, count: keys.count + 1))
    return try run(
      "handleExpiredTimer", groups, task, after: [timers, expiredReference], form: .rows,
      timesUs: timesUs)
  }

  private func run(
    _ handler: String, _ groups: GroupedRows, _ task: TaskContext, after: [LuaReference],
    form: ResultTaker.Form, timesUs: [Int64]? = nil
  ) throws -> Batch {
    guard let function = functions[handler] else { return Batch.empty(output) }
    try worker.begin(BatchContext(task))
    let taker = ResultTaker(try ValueReader(.structure(output.fields), in: worker.lua), form)
    taker.enter = { [states, expired] group in
      states.enter(group)
      if let timesUs { expired.timeUs = timesUs[group] }
    }
    var calls = try FunctionCalls(worker, function, groups)
    if timesUs != nil { calls.omitRows() }
    if form == .nothing { calls.useFirstRow() }
    calls.before = [itself]
    calls.after = after
    do { try calls.run(worker.lua, taker) } catch let error as RowFailure {
      throw RowFailure(row: error.row, error.failure.inFunction(name))
    } catch let failure as Failure { throw failure.inFunction(name) }
    let made = taker.reader.builder.finish()
    return Batch(made.children, count: made.count)
  }

  func close() throws {
    guard let close = functions["close"] else { return }
    try call(close, [.function(itself)])
  }
}

extension Batch {
  /// No rows of a schema.
  fileprivate static func empty(_ schema: Schema) -> Batch {
    Batch(schema.fields.map { .nulls($0.type, count: 0) }, count: 0)
  }
}

// MARK: Handles
//
// Border (`@unchecked Sendable`) of all of these: used by the one thread that runs their Lua state.

/// `timers` of the handlers.
private final class TimersHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.Timers"
  let states: any ProcessorStates
  init(_ states: any ProcessorStates) { self.states = states }
}

/// `expired` of `handleExpiredTimer`.
private final class ExpiredTimer: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.ExpiredTimer"
  var timeUs: Int64 = 0
}

/// `handle` of `init`.
private final class ProcessorHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.ProcessorHandle"
  let states: any ProcessorStates
  init(_ states: any ProcessorStates) { self.states = states }
}

private final class ValueHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.ValueState"
  let state: any ValueState
  let schema: Schema
  init(_ state: any ValueState, _ schema: Schema) { (self.state, self.schema) = (state, schema) }
}

private final class ListHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.ListState"
  let state: any ListState
  let schema: Schema
  init(_ state: any ListState, _ schema: Schema) { (self.state, self.schema) = (state, schema) }
}

private final class MapHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.MapState"
  let state: any MapState
  let key: Schema
  let value: Schema
  init(_ state: any MapState, _ key: Schema, _ value: Schema) {
    (self.state, self.key, self.value) = (state, key, value)
  }
}

/// Teaches a worker state the handles of functions with state.
enum StateHandles {
  static func register(in lua: LuaState) throws {
    try LuaIterator.register(in: lua)
    try GroupStateHandle.register(in: lua)
    try registerProcessorHandle(lua)
    try registerTimers(lua)
    try registerValue(lua)
    try registerList(lua)
    try registerMap(lua)
  }

  /// `{ ttl = "1 hour" }`, in microseconds.
  private static func ttl(_ call: LuaCall, _ position: Int) throws -> Int64? {
    guard let options = try call.optionalTable(position) else { return nil }
    if let name = options.fields.keys.first(where: { $0 != "ttl" }) {
      throw Failure("WRONG_ARGUMENT", "There is no option `\(name)` of a state; there is `ttl`.")
    }
    guard let text = options["ttl"].string else { return nil }
    guard let us = DurationText.microseconds(text), Int64(text) == nil else {
      throw Failure("WRONG_ARGUMENT", "`ttl` is text such as \"1 hour\".")
    }
    return us
  }

  private static func registerProcessorHandle(_ lua: LuaState) throws {
    func states(_ call: LuaCall) throws -> any ProcessorStates {
      try call.object(1, as: ProcessorHandle.self).states
    }
    try lua.registerMethods(
      of: ProcessorHandle.self,
      [
        "valueState": { call in
          let schema = try Schema(ddl: call.string(3))
          let state = try states(call).value(call.string(2), schema, ttlUs: ttl(call, 4))
          return try call.push(.object(ValueHandle(state, schema)))
        },
        "listState": { call in
          let schema = try Schema(ddl: call.string(3))
          let state = try states(call).list(call.string(2), schema, ttlUs: ttl(call, 4))
          return try call.push(.object(ListHandle(state, schema)))
        },
        "mapState": { call in
          let (key, value) = (try Schema(ddl: call.string(3)), try Schema(ddl: call.string(4)))
          let state = try states(call).map(
            call.string(2), key: key, value: value, ttlUs: ttl(call, 5))
          return try call.push(.object(MapHandle(state, key, value)))
        },
        "registerTimer": { call in
          try states(call).registerTimer(us: call.integer(2))
          return 0
        },
        "deleteTimer": { call in
          try states(call).deleteTimer(us: call.integer(2))
          return 0
        },
        "listTimers": { call in
          let times = try states(call).timersUs().map { [LuaValue.integer($0)] }
          return try call.push(.object(LuaIterator(times)))
        },
      ])
  }

  private static func registerTimers(_ lua: LuaState) throws {
    try lua.registerMethods(
      of: TimersHandle.self,
      [
        "currentProcessingTime": { call in
          try call.push(.integer(call.object(1, as: TimersHandle.self).states.processingTimeUs))
        },
        "currentWatermark": { call in
          try call.push(.integer(call.object(1, as: TimersHandle.self).states.watermarkUs()))
        },
      ])
    try lua.registerMethods(
      of: ExpiredTimer.self,
      [
        "expiryTime": { call in
          try call.push(.integer(call.object(1, as: ExpiredTimer.self).timeUs))
        }
      ])
  }

  private static func registerValue(_ lua: LuaState) throws {
    func handle(_ call: LuaCall) throws -> ValueHandle { try call.object(1, as: ValueHandle.self) }
    try lua.registerMethods(
      of: ValueHandle.self,
      [
        "exists": { call in try call.push(.boolean(try handle(call).state.get() != nil)) },
        "get": { call in
          let handle = try handle(call)
          let value = try handle.state.get()
          return try call.push(value.map { .table(LuaTable($0, handle.schema.fields)) } ?? .nil)
        },
        "update": { call in
          let handle = try handle(call)
          try handle.state.update(call.scalars(2, handle.schema))
          return 0
        },
        "clear": { call in
          try handle(call).state.clear()
          return 0
        },
      ])
  }

  private static func registerList(_ lua: LuaState) throws {
    func handle(_ call: LuaCall) throws -> ListHandle { try call.object(1, as: ListHandle.self) }
    try lua.registerMethods(
      of: ListHandle.self,
      [
        "exists": { call in try call.push(.boolean(try !handle(call).state.get().isEmpty)) },
        "get": { call in
          let handle = try handle(call)
          let rows = try handle.state.get().map {
            [LuaValue.table(LuaTable($0, handle.schema.fields))]
          }
          return try call.push(.object(LuaIterator(rows)))
        },
        "put": { call in
          let handle = try handle(call)
          try handle.state.put(call.listOfScalars(2, handle.schema))
          return 0
        },
        "appendValue": { call in
          let handle = try handle(call)
          try handle.state.append([call.scalars(2, handle.schema)])
          return 0
        },
        "appendList": { call in
          let handle = try handle(call)
          try handle.state.append(call.listOfScalars(2, handle.schema))
          return 0
        },
        "clear": { call in
          try handle(call).state.clear()
          return 0
        },
      ])
  }

  private static func registerMap(_ lua: LuaState) throws {
    func handle(_ call: LuaCall) throws -> MapHandle { try call.object(1, as: MapHandle.self) }
    func key(_ row: [Scalar], _ handle: MapHandle) -> LuaValue {
      .table(LuaTable(row, handle.key.fields))
    }
    func value(_ row: [Scalar], _ handle: MapHandle) -> LuaValue {
      .table(LuaTable(row, handle.value.fields))
    }
    try lua.registerMethods(
      of: MapHandle.self,
      [
        "exists": { call in try call.push(.boolean(try !handle(call).state.entries().isEmpty)) },
        "getValue": { call in
          let handle = try handle(call)
          let found = try handle.state.get(call.scalars(2, handle.key))
          return try call.push(found.map { value($0, handle) } ?? .nil)
        },
        "containsKey": { call in
          let handle = try handle(call)
          return try call.push(.boolean(handle.state.get(call.scalars(2, handle.key)) != nil))
        },
        "updateValue": { call in
          let handle = try handle(call)
          try handle.state.update(call.scalars(2, handle.key), call.scalars(3, handle.value))
          return 0
        },
        "iterator": { call in
          let handle = try handle(call)
          let items = try handle.state.entries().map {
            [key($0.key, handle), value($0.value, handle)]
          }
          return try call.push(.object(LuaIterator(items)))
        },
        "keys": { call in
          let handle = try handle(call)
          return try call.push(
            .object(LuaIterator(try handle.state.entries().map { [key($0.key, handle)] })))
        },
        "values": { call in
          let handle = try handle(call)
          return try call.push(
            .object(LuaIterator(try handle.state.entries().map { [value($0.value, handle)] })))
        },
        "removeKey": { call in
          let handle = try handle(call)
          try handle.state.remove(call.scalars(2, handle.key))
          return 0
        },
        "clear": { call in
          try handle(call).state.clear()
          return 0
        },
      ])
  }
}
