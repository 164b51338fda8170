import CLua
import Columns
import Contract
import Expressions
import Plan

/// A function of the script's with a state a group: of `mapGroupsWithState` and
/// `flatMapGroupsWithState`.
final class LuaGroupFunction: UserGroupFunction {
  let name: String
  let origin: Origin?
  /// nil where the plan is only analysed.
  private let shipped: ShippedFunction?
  private let states: WorkerStates?

  init(_ function: LuaValue, in state: LuaState, states: WorkerStates?) throws {
    origin = function.function?.definition
    name = origin.map { "function at \($0)" } ?? "function"
    self.states = states
    shipped = try states?.ship(function, from: state, name: name)
  }

  var hash: UInt64 { shipped?.hash ?? 0 }

  func call(
    _ groups: GroupedRows, states handles: any GroupStates, output: Schema, returnsOneRow: Bool,
    task: TaskContext
  ) throws -> Batch {
    guard let states, let shipped else {
      preconditionFailure("a plan that was only to be analysed ran")
    }
    return try states.use(BatchContext(task)) { worker in
      let handle = GroupStateHandle(handles)
      defer { handle.states = nil }
      let taker = ResultTaker(
        try ValueReader(.structure(output.fields), in: worker.lua), returnsOneRow ? .row : .rows)
      taker.enter = { handles.enter($0) }
      var calls = try FunctionCalls(worker, try worker.instance(of: shipped), groups)
      calls.after = [try worker.reference(to: .object(handle))]
      do { try calls.run(worker.lua, taker) } catch let error as RowFailure {
        throw RowFailure(row: error.row, error.failure.inFunction(name))
      } catch let failure as Failure { throw failure.inFunction(name) }
      let made = taker.reader.builder.finish()
      return Batch(made.children, count: made.count)
    }
  }
}

extension FunctionCalls {
  /// One call a group.
  init(_ worker: WorkerState, _ function: LuaReference, _ groups: GroupedRows) throws {
    let lua = worker.lua
    self.init(
      function,
      LuaColumns(groups.rows, schema: groups.schema, places: try lua.places(of: groups.schema)),
      key: LuaColumns(
        groups.keys, schema: groups.keySchema, places: try lua.places(of: groups.keySchema)),
      offsets: groups.offsets)
  }
}

extension Failure {
  /// Says which function failed.
  func inFunction(_ name: String) -> Failure {
    var copy = self
    copy.details.append("in the \(name)")
    return copy
  }
}

/// What a group's function gets as `state`.
///
/// Border (`@unchecked Sendable`): used by the one thread that runs its Lua state.
final class GroupStateHandle: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.GroupState"

  /// nil once the calls are over.
  fileprivate var states: (any GroupStates)?

  fileprivate init(_ states: any GroupStates) { self.states = states }

  private static func states(_ call: LuaCall) throws -> any GroupStates {
    guard let states = try call.object(1, as: GroupStateHandle.self).states else {
      throw Failure("STATE_NO_LONGER_VALID", "A group's state is valid only during the call.")
    }
    return states
  }

  static func register(in state: LuaState) throws {
    try state.registerMethods(
      of: GroupStateHandle.self,
      [
        "exists": { call in try call.push(.boolean(try states(call).value != nil)) },
        "get": { call in
          let states = try states(call)
          guard let value = states.value else {
            throw Failure(
              "STATE_DOES_NOT_EXIST", "`state:get()` of a group that has no state.",
              hint: "Ask `state:exists()` first.")
          }
          return try call.push(.table(LuaTable(value, states.stateSchema.fields)))
        },
        "update": { call in
          let states = try states(call)
          try states.update(call.scalars(2, states.stateSchema))
          return 0
        },
        "remove": { call in
          try states(call).remove()
          return 0
        },
        "hasTimedOut": { call in try call.push(.boolean(try states(call).hasTimedOut)) },
        "setTimeoutDuration": { call in
          try states(call).setTimeoutDuration(us: call.duration(2))
          return 0
        },
        "setTimeoutTimestamp": { call in
          try states(call).setTimeoutTimestamp(us: call.integer(2))
          return 0
        },
        "currentWatermark": { call in
          try call.push(.integer(try states(call).watermarkUs()))
        },
        "currentProcessingTime": { call in
          try call.push(.integer(try states(call).processingTimeUs))
        },
      ])
  }
}

extension LuaCall {
  /// An argument such as "10 minutes", in microseconds.
  func duration(_ position: Int) throws -> Int64 {
    guard case .string(let text) = try value(position),
      let us = DurationText.microseconds(text), Int64(text) == nil
    else {
      throw Failure(
        "WRONG_ARGUMENT", "A duration is text such as \"10 minutes\".", origin: origin)
    }
    return us
  }
}
