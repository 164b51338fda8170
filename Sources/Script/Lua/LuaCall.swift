import CLua
import Contract

/// One call of a Swift function by Lua: its arguments, and where its results go.
public struct LuaCall {
  public let state: LuaState
  /// How many arguments there are.
  public let count: Int

  /// The argument at a position from 1; `.nil` beyond the last.
  public func value(_ position: Int) throws -> LuaValue {
    guard position <= count else { return .nil }
    var reader = LuaReader(state)
    return try reader.value(at: Int32(position))
  }

  /// An argument whose tables may lie as deep in each other as this thread's stack is made for.
  func value(_ position: Int, depthLimit: Int) throws -> LuaValue {
    guard position <= count else { return .nil }
    var reader = LuaReader(state, depthLimit: depthLimit)
    return try reader.value(at: Int32(position))
  }

  /// All arguments from a position on.
  public func values(from position: Int = 1) throws -> [LuaValue] {
    guard position <= count else { return [] }
    var reader = LuaReader(state)
    return try (position...count).map { try reader.value(at: Int32($0)) }
  }

  /// A string of any bytes, given as text.
  public func string(_ position: Int) throws -> String {
    try expect(position, "a string", optionalString(position))
  }
  /// The same, or nil if the argument is nil.
  public func optionalString(_ position: Int) throws -> String? {
    try optional(position, "a string", \.string)
  }
  public func integer(_ position: Int) throws -> Int64 {
    try expect(position, "an integer", optionalInteger(position))
  }
  public func optionalInteger(_ position: Int) throws -> Int64? {
    try optional(position, "an integer", \.integer)
  }
  public func number(_ position: Int) throws -> Double {
    try expect(position, "a number", optionalNumber(position))
  }
  public func optionalNumber(_ position: Int) throws -> Double? {
    try optional(position, "a number", \.number)
  }
  public func boolean(_ position: Int) throws -> Bool {
    try expect(position, "a boolean", optional(position, "a boolean", \.boolean))
  }
  public func table(_ position: Int) throws -> LuaTable {
    try expect(position, "a table", optionalTable(position))
  }
  public func optionalTable(_ position: Int) throws -> LuaTable? {
    try optional(position, "a table", \.table)
  }
  public func function(_ position: Int) throws -> LuaReference {
    try expect(position, "a function", optional(position, "a function", \.function))
  }
  /// The Swift object that the userdata argument stands for.
  public func object<Object: LuaObject>(_ position: Int, as type: Object.Type) throws -> Object {
    if case .object(let object) = try value(position), let object = object as? Object {
      return object
    }
    throw wrong(position, Object.luaClass, try value(position))
  }

  private func optional<T>(
    _ position: Int, _ wanted: String, _ read: (LuaValue) -> T?
  ) throws -> T? {
    let value = try value(position)
    if value.isNil { return nil }
    guard let result = read(value) else { throw wrong(position, wanted, value) }
    return result
  }

  private func expect<T>(_ position: Int, _ wanted: String, _ value: T?) throws -> T {
    guard let value else { throw wrong(position, wanted, .nil) }
    return value
  }

  private func wrong(_ position: Int, _ wanted: String, _ value: LuaValue) -> Failure {
    Failure(
      "WRONG_ARGUMENT", "Argument \(position) must be \(wanted), but it is a \(value.typeName).",
      origin: origin)
  }

  /// The user's own line nearest to this call.
  public var origin: Origin? { LuaReader(state).origin() }

  /// Pushes results; `return try call.push(…)`.
  public func push(_ values: LuaValue...) throws -> Int { try push(values) }
  public func push(_ values: [LuaValue]) throws -> Int {
    try state.push(values)
  }
}
