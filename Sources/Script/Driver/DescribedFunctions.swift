import Columns
import Contract
import Expressions
import Plan

/// Stands for a script's functions where a plan is only analysed: nothing is copied to workers.
struct DescribedFunctions: UserFunctionReader {
  /// Makes what an analysis looks into.
  let functions: ScriptFunctions

  func function(_ definition: LuaTable, origin: Origin?) throws -> any UserFunction {
    guard definition["kind"].string == "udf", let function = definition["fn"].function else {
      return try functions.function(definition, origin: origin)
    }
    let type = try withOrigin(origin) { try DataType(ddl: definition.text("returns")) }
    return DescribedFunction(
      name: definition.text("name"), origin: function.definition, returnType: type)
  }

  func rowFunction(_ function: LuaReference, origin: Origin?) -> any UserRowFunction {
    DescribedFunction(name: "function", origin: function.definition, returnType: .null)
  }

  func stateFunction(_ functions: LuaValue, origin: Origin?) throws -> any Sendable {
    try self.functions.stateFunction(functions, origin: origin)
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

  private func neverRun() -> Never { preconditionFailure("a plan that was only to be analysed ran") }
}
