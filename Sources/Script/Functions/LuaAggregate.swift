import CLua
import Columns
import Contract
import Expressions

/// An aggregate function of the script's own (`F.udaf`): buffers are Lua values, one a group, in a
/// pure state that belongs to the accumulator.
public final class LuaAggregate: UserFunction, AggregateFunction {
  public let name: String
  public let origin: Origin?
  public let resultType: DataType
  public var isNullable: Bool { true }
  /// The buffer: a structure's fields, or one value.
  private let bufferType: DataType
  /// nil where the plan is only analysed.
  private let shipped: ShippedFunction?
  private let states: WorkerStates?

  /// `functions` holds `zero`, `reduce`, `merge` and `finish`.
  init(
    _ functions: LuaTable, in state: LuaState, name: String, buffer: DataType, returns: DataType,
    states: WorkerStates?
  ) throws {
    self.name = name
    origin = functions["reduce"].function?.definition
    resultType = returns
    bufferType = buffer
    self.states = states
    shipped = try states?.ship(.table(functions), from: state, name: name)
  }

  public var hash: UInt64 { shipped?.hash ?? 0 }
  public var returnType: DataType { resultType }
  public var isDeterministic: Bool { true }
  public var aggregate: (any AggregateFunction)? { self }

  public func call(_ arguments: [Vector], context: EvaluationContext) throws -> Vector {
    preconditionFailure("\(name) is an aggregate, and was called for each row")
  }

  fileprivate var fields: [Field] {
    if case .structure(let fields) = bufferType { fields } else { [Field("buffer", bufferType)] }
  }

  public var stateTypes: [DataType] { fields.map(\.type) }

  public func makeAccumulator() -> any Accumulator { LuaAccumulator(self) }

  /// A state of the accumulator's own with the functions in it.
  fileprivate func open() throws -> LuaBuffers {
    guard let states, let shipped else {
      preconditionFailure("a plan that was only to be analysed ran")
    }
    return try LuaBuffers(states.newState(), shipped, bufferType, resultType, Schema(fields))
  }
}

/// The buffers of one table's groups.
private final class LuaAccumulator: Accumulator {
  private let aggregate: LuaAggregate
  /// Made with the first row.
  private var opened: LuaBuffers?

  init(_ aggregate: LuaAggregate) { self.aggregate = aggregate }

  private func buffers() throws -> LuaBuffers {
    if let opened { return opened }
    let made = try aggregate.open()
    opened = made
    return made
  }

  func grow(to groupCount: Int) {}

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    let buffers = try buffers()
    try buffers.worker.begin(BatchContext(context.task, firstRow: context.firstRow))
    try named { try buffers.reduce(LuaColumns(arguments: arguments), groups, count) }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    let buffers = try buffers()
    try named { try buffers.merge(states, groups, count) }
  }

  func states(_ groups: Selection) throws -> [Vector] {
    let buffers = try buffers()
    return try named { try buffers.states(groups) }
  }

  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector {
    let buffers = try buffers()
    try buffers.worker.begin(BatchContext(context.task))
    return try named { try buffers.results(groups) }
  }

  func reset(_ groups: Selection) { opened?.reset(groups) }

  var memoryBytes: Int { opened?.worker.lua.memoryUsed ?? 0 }

  /// A group is no row of the input, so what fails fails the batch.
  private func named<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as RowFailure {
      var failure = error.failure
      failure.details.append("in the \(aggregate.name)")
      throw failure
    } catch let failure as Failure { throw failure.inFunction(aggregate.name) }
  }
}

/// The Lua side of an accumulator.
private final class LuaBuffers {
  let worker: WorkerState
  private let buffers: LuaReference
  private let functions: [String: LuaReference]
  private let bufferType: DataType
  private let resultType: DataType
  private let schema: Schema

  init(
    _ worker: WorkerState, _ shipped: ShippedFunction, _ bufferType: DataType,
    _ resultType: DataType, _ schema: Schema
  ) throws {
    self.worker = worker
    self.bufferType = bufferType
    self.resultType = resultType
    self.schema = schema
    let lua = worker.lua
    try lua.push([.table(LuaTable())])
    buffers = try lua.takeReference()
    functions = try worker.functions(of: shipped)
  }

  private func key(_ name: String) -> Int32 {
    guard let function = functions[name] else {
      preconditionFailure("an aggregate without `\(name)`")
    }
    return function.key
  }

  func reduce(_ columns: LuaColumns, _ groups: UnsafePointer<UInt32>, _ count: Int) throws {
    try fold("reduce", columns, groups, count)
  }

  func merge(_ states: [Vector], _ groups: UnsafePointer<UInt32>, _ count: Int) throws {
    let columns = LuaColumns(
      Batch(states, count: count), schema: schema, places: try worker.lua.places(of: schema))
    try fold("merge", columns, groups, count)
  }

  func states(_ groups: Selection) throws -> [Vector] {
    let reader = try ValueReader(bufferType, in: worker.lua)
    try fold(nil, nil, groups.rows, groups.count, ResultTaker(reader, .value))
    let vector = reader.builder.finish()
    if case .structure = bufferType { return vector.children }
    return [vector]
  }

  func results(_ groups: Selection) throws -> Vector {
    let reader = try ValueReader(resultType, in: worker.lua)
    try fold("finish", nil, groups.rows, groups.count, ResultTaker(reader, .value))
    return reader.builder.finish()
  }

  private func fold(
    _ function: String?, _ columns: LuaColumns?, _ groups: UnsafePointer<UInt32>, _ count: Int,
    _ taker: ResultTaker? = nil
  ) throws {
    var fold = moontide_fold(
      function: function.map(key) ?? 0, zero: key("zero"), buffers: buffers.key,
      asTable: function == "merge" && bufferType.isStructure,
      rows: columns.map { UnsafePointer($0.rows) }, groups: groups, count: Int64(count),
      take: taker == nil ? nil : takeResult,
      context: taker.map { Unmanaged.passUnretained($0).toOpaque() }, row: 0)
    let status = moontide_fold_rows(worker.lua.lua, &fold)
    withExtendedLifetime((columns, taker)) {}
    if let taker { return try taker.check(status, worker.lua, row: Int(fold.row)) }
    try worker.lua.check(status)
  }

  /// Empties groups. Their keys are in the table already, so this needs no memory.
  func reset(_ groups: Selection) {
    let lua = worker.lua.lua
    moontide_push_reference(lua, buffers.key)
    for index in 0..<groups.count {
      let place = Int64(groups.rows[index]) + 1
      if lua_rawgeti(lua, -1, place) != LUA_TNIL {
        lua_pushnil(lua)
        lua_rawseti(lua, -3, place)
      }
      moontide_pop(lua, 1)
    }
    moontide_pop(lua, 1)
  }
}

extension DataType {
  fileprivate var isStructure: Bool { if case .structure = self { true } else { false } }
}
