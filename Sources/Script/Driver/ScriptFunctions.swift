import Columns
import Contract
import Expressions
import Plan

/// Makes what the engine calls of the functions that a script defined: shipped to worker states
/// where the plan will run, only described where its columns are asked for.
struct ScriptFunctions: UserFunctionReader, @unchecked Sendable {
  // Border: used on the script's thread only, which owns the state.
  let state: LuaState
  /// nil: the plan is not run.
  let workers: WorkerStates?

  func function(_ definition: LuaTable, origin: Origin?) throws -> any UserFunction {
    try withOrigin(origin) {
      let name = definition.text("name")
      let type = try DataType(ddl: definition.text("returns"))
      if definition["kind"].string == "udaf" { return try aggregate(definition, name, type) }
      guard let function = definition["fn"].function else {
        preconditionFailure("a user function without its function")
      }
      guard let workers else {
        return DescribedFunction(name: name, origin: function.definition, returnType: type)
      }
      return try LuaFunction(function, in: state, name: name, returns: type, states: workers)
    }
  }

  private func aggregate(
    _ definition: LuaTable, _ name: String, _ type: DataType
  ) throws -> any UserFunction {
    let parts = ["zero", "reduce", "merge", "finish"].map { ($0, definition[$0]) }
    return try LuaAggregate(
      LuaTable(fields: Dictionary(uniqueKeysWithValues: parts)), in: state, name: name,
      buffer: Self.bufferType(definition.text("buffer")), returns: type, states: workers)
  }

  /// A buffer is described by columns (`sum DOUBLE, n BIGINT`) or by one type (`BIGINT`).
  private static func bufferType(_ ddl: String) throws -> DataType {
    do { return try DataType(ddl: ddl) } catch {
      return .structure(try Schema(ddl: ddl).fields)
    }
  }

  func rowFunction(_ function: LuaReference, origin: Origin?) throws -> any UserRowFunction {
    guard let workers else {
      return DescribedFunction(name: "function", origin: function.definition, returnType: .null)
    }
    return try withOrigin(origin) { try LuaFunction(function, in: state, states: workers) }
  }

  func stateFunction(_ functions: LuaValue, origin: Origin?) throws -> any Sendable {
    try withOrigin(origin) {
      switch functions {
      case .function: try LuaGroupFunction(functions, in: state, states: workers)
      default: try LuaStateProcessor(functions, in: state, states: workers)
      }
    }
  }
}

/// A function in a plan that is analysed and never run.
private struct DescribedFunction: UserFunction, UserRowFunction {
  let name: String
  let origin: Origin?
  let returnType: DataType
  var hash: UInt64 { 0 }
  var isDeterministic: Bool { true }

  func call(_ arguments: [Vector], context: EvaluationContext) throws -> Vector { neverRun() }

  func filter(_ batch: Batch, schema: Schema, task: TaskContext) throws -> Vector { neverRun() }

  func expand(
    _ batch: Batch, schema: Schema, output: Schema, isFlat: Bool, task: TaskContext
  ) throws -> (columns: [Vector], rows: Selection) { neverRun() }

  func apply(
    key: Batch?, keySchema: Schema, rows: Batch, schema: Schema, output: Schema, task: TaskContext
  ) throws -> Batch { neverRun() }

  private func neverRun() -> Never {
    preconditionFailure("a plan that was only to be analysed ran")
  }
}
