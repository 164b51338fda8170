import Columns
import Contract
import Expressions
import Plan

/// Makes functions that the engine calls of those that a script defined, for one query: what each
/// holds on to is copied now, and all of them run in the same worker states.
final class ScriptFunctions: UserFunctionReader, @unchecked Sendable {
  // Border: used on the script's thread only, which owns the state.
  private let state: LuaState
  private let states: WorkerStates

  init(_ state: LuaState) throws {
    self.state = state
    states = WorkerStates(try WorkerSetting(of: state))
  }

  func function(_ definition: LuaTable, origin: Origin?) throws -> any UserFunction {
    let name = definition["name"].text
    let returns = try DataType(ddl: definition.text("returns"))
    guard definition["kind"].text == "udaf" else {
      return try LuaFunction(
        try Self.reference(definition["fn"]), in: state, name: name, returns: returns,
        states: states)
    }
    let parts = ["zero", "reduce", "merge", "finish"].map { ($0, definition[$0]) }
    return try LuaAggregate(
      LuaTable(fields: Dictionary(uniqueKeysWithValues: parts)), in: state,
      name: name ?? "aggregate", buffer: Self.bufferType(definition.text("buffer")),
      returns: returns, states: states)
  }

  func rowFunction(_ function: LuaReference, origin: Origin?) throws -> any UserRowFunction {
    try LuaFunction(function, in: state, states: states)
  }

  func stateFunction(_ functions: LuaValue, origin: Origin?) throws -> any Sendable {
    switch functions {
    case .function: try LuaGroupFunction(functions, in: state, states: states)
    default: try LuaStateProcessor(functions, in: state, states: states)
    }
  }

  private static func reference(_ value: LuaValue) throws -> LuaReference {
    guard let function = value.function else {
      throw Failure("NOT_EXPECTED_TYPE", "a user function should be a function, not a \(value.typeName)")
    }
    return function
  }

  /// A buffer is described by columns (`sum DOUBLE, n BIGINT`) or by one type (`BIGINT`).
  private static func bufferType(_ ddl: String) throws -> DataType {
    do { return try DataType(ddl: ddl) } catch {
      return .structure(try Schema(ddl: ddl).fields)
    }
  }
}
