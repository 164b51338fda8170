import CLua
import Columns
import Contract
import Expressions
import Glibc
import Synchronization

/// A table of the script's functions (a writer, a source, a sink) in an effect state of its own,
/// where `self` keeps what they put there.
///
/// Border (`@unchecked Sendable`): everything happens under the lock, so that the thread that runs
/// the query and the workers take turns.
final class EffectInstance: @unchecked Sendable {
  private let name: String
  private let worker: WorkerState
  private let table: LuaReference
  private let functions: [String: LuaReference]
  private let lock = Mutex(())

  /// `glue` is Lua that gets the table and gives one in its place: what the host calls.
  init(
    _ shipped: ShippedFunction, _ setting: WorkerSetting, name: String,
    options: [String: String] = [:], glue: String? = nil
  ) throws {
    self.name = name
    worker = try WorkerState(.whole, setting)
    table = try worker.instance(of: shipped)
    let options = LuaValue.table(LuaTable(fields: options.mapValues { .string($0) }))
    try worker.lua.run(
      "local self, options = ... if next(options) ~= nil then self.options = options end",
      name: "=moontide", [.function(table), options])
    guard let glue else {
      functions = try worker.functions(of: shipped)
      return
    }
    let members = try worker.lua.run(glue, name: "=moontide", [.function(table)])[0].table
    functions = (members?.fields ?? [:]).compactMapValues(\.function)
  }

  /// The batch that the next calls belong to, for the log.
  func begin(_ place: BatchPlace) { lock.withLock { _ in worker.lua.place = place } }

  func has(_ function: String) -> Bool { functions[function] != nil }

  /// Calls a function with `self` and some values, if there is one of that name.
  @discardableResult
  func call(_ function: String, _ arguments: [LuaValue] = []) throws -> LuaValue {
    try lock.withLock { _ in
      guard let body = functions[function] else { return .nil }
      return try named {
        try worker.lua.call(body, [.function(table)] + arguments).first ?? .nil
      }
    }
  }

  /// Calls a function with `self` and each row.
  func call(_ function: String, each batch: Batch, schema: Schema) throws {
    try lock.withLock { _ in
      guard let body = functions[function] else { return }
      var calls = FunctionCalls(
        body, try columns(batch, schema), asRow: true, count: batch.count)
      calls.before = [table]
      try run(&calls, nil)
    }
  }

  /// Calls a function with `self` and all rows.
  func call(_ function: String, all batch: Batch, schema: Schema) throws {
    try lock.withLock { _ in
      guard let body = functions[function] else { return }
      var calls = FunctionCalls(
        body, try columns(batch, schema), key: nil, offsets: [0, batch.count])
      calls.before = [table]
      try run(&calls, nil)
    }
  }

  /// Calls a function with `self` and some values, and reads the rows that it returns.
  func rows(_ function: String, _ arguments: [LuaValue], schema: Schema) throws -> Batch {
    try lock.withLock { _ in
      guard let body = functions[function] else {
        preconditionFailure("the \(name) has no `\(function)`")
      }
      var calls = FunctionCalls(body, LuaColumns(arguments: []), key: nil, offsets: [0, 0])
      calls.omitRows()
      calls.before = [table]
      calls.after = try arguments.map { try worker.reference(to: $0) }
      let reader = try ValueReader(.structure(schema.fields), in: worker.lua)
      try run(&calls, reader)
      let made = reader.builder.finish()
      return Batch(made.children, count: made.count)
    }
  }

  private func run(_ calls: inout FunctionCalls, _ reader: ValueReader?) throws {
    let taker = ResultTaker(
      try reader ?? ValueReader(.null, in: worker.lua), reader == nil ? .nothing : .rows)
    try named {
      do { try calls.run(worker.lua, taker) } catch let error as RowFailure {
        throw error.failure
      }
    }
  }

  private func columns(_ batch: Batch, _ schema: Schema) throws -> LuaColumns {
    LuaColumns(batch, schema: schema, places: try worker.lua.places(of: schema))
  }

  private func named<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Failure { throw failure.inFunction(name) }
  }
}

extension WorkerState {
  /// A reference to any value.
  func reference(to value: LuaValue) throws -> LuaReference {
    try lua.push([value])
    return try lua.takeReference()
  }
}
