import CLua
import Columns
import Contract
import Expressions
import Plan

/// A function of the script's that the engine runs in worker states: over columns (`F.udf`), rows
/// (`filter`, `map`, `flatMap`) or groups of rows (`mapPartitions`, `applyInGroups`).
public final class LuaFunction: UserFunction, UserRowFunction {
  public let name: String
  public let origin: Origin?
  public let returnType: DataType
  private let shipped: ShippedFunction
  private let states: WorkerStates

  /// `name` as errors give it; nil: `function at file:line`. Fails if something that the function
  /// holds on to cannot travel.
  public init(
    _ function: LuaReference, in state: LuaState, name: String? = nil, returns: DataType = .null,
    states: WorkerStates
  ) throws {
    self.name = name ?? function.definition.map { "function at \($0)" } ?? "function"
    origin = function.definition
    returnType = returns
    self.states = states
    shipped = try states.ship(.function(function), from: state, name: self.name)
  }

  public var hash: UInt64 { shipped.hash }

  /// Chance and time come from the batch; a global counter is the function's own affair.
  public var isDeterministic: Bool { true }

  // MARK: Columns

  public func call(_ arguments: [Vector], context: EvaluationContext) throws -> Vector {
    let columns = LuaColumns(arguments: arguments)
    return try run(context.task, firstRow: context.firstRow) { state in
      let taker = ResultTaker(try ValueReader(returnType, in: state.lua), .value)
      var calls = FunctionCalls(
        try state.instance(of: shipped), columns, asRow: false, count: context.count)
      return try named {
        if let vector = try calls.runIntoVector(state.lua, taker) { return vector }
        try calls.run(state.lua, taker)
        return taker.reader.builder.finish()
      }
    }
  }

  // MARK: Rows

  public func filter(_ batch: Batch, schema: Schema, task: TaskContext) throws -> Vector {
    try run(task) { state in
      let columns = try self.columns(batch, schema, state)
      let taker = ResultTaker(try ValueReader(.boolean, in: state.lua), .truth)
      try callRows(state, columns, count: batch.count, taker)
      return taker.reader.builder.finish()
    }
  }

  public func expand(
    _ batch: Batch, schema: Schema, output: Schema, isFlat: Bool, task: TaskContext
  ) throws -> (columns: [Vector], rows: Selection) {
    try run(task) { state in
      let columns = try self.columns(batch, schema, state)
      let taker = ResultTaker(
        try ValueReader(.structure(output.fields), in: state.lua), isFlat ? .rows : .row)
      try callRows(state, columns, count: batch.count, taker)
      let rows = Selection(taker.sources)
      return (taker.reader.builder.finish().children, rows)
    }
  }

  public func apply(
    key: Batch?, keySchema: Schema, rows: Batch, schema: Schema, output: Schema, task: TaskContext
  ) throws -> Batch {
    try run(task) { state in
      let columns = try self.columns(rows, schema, state)
      let keys = try key.map { try self.columns($0, keySchema, state) }
      let taker = ResultTaker(
        try ValueReader(.structure(output.fields), in: state.lua), .rows)
      var calls = FunctionCalls(
        try state.instance(of: shipped), columns, key: keys, offsets: [0, rows.count])
      try named { try calls.run(state.lua, taker) }
      let made = taker.reader.builder.finish()
      return Batch(made.children, count: made.count)
    }
  }

  // MARK: Running

  private func columns(
    _ batch: Batch, _ schema: Schema, _ state: WorkerState
  ) throws -> LuaColumns {
    LuaColumns(batch, schema: schema, places: try state.lua.places(of: schema))
  }

  private func run<T>(
    _ task: TaskContext, firstRow: Int = 0, _ body: (WorkerState) throws -> T
  ) throws -> T {
    try states.use(BatchContext(task, firstRow: firstRow), body)
  }

  private func callRows(
    _ state: WorkerState, _ columns: LuaColumns, count: Int, _ taker: ResultTaker
  ) throws {
    var calls = FunctionCalls(
      try state.instance(of: shipped), columns, asRow: true, count: count)
    try named { try calls.run(state.lua, taker) }
  }

  private func named<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as RowFailure {
      throw RowFailure(row: error.row, error.failure.calledFunction(name, row: error.row))
    } catch let failure as Failure { throw failure.inFunction(name) }
  }
}

extension Failure {
  /// Says which function failed, and for which row.
  func calledFunction(_ name: String, row: Int) -> Failure {
    var copy = self
    copy.details.append("in the \(name), row \(row + 1)")
    return copy
  }
}
