import Contract
import Synchronization

/// A value of Lua, held by Swift. Tables are trees or graphs without cycles.
public enum LuaValue: Sendable {
  case `nil`
  /// `moontide.null`, which stands for NULL where Lua has no hole.
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  /// A Lua string that is valid UTF-8.
  case string(String)
  /// A Lua string that is not.
  case bytes([UInt8])
  case table(LuaTable)
  case function(LuaReference)
  /// Something of ours that runs: a query, a state handle, a writer.
  case object(any LuaObject)
  /// An error table, for results such as `query.exception`; read back, it is a table.
  case failure(Failure)
  /// What Swift cannot hold, by the name of its type: a coroutine, a foreign userdata.
  case opaque(String)
}

/// Something of Swift's that Lua holds as userdata.
public protocol LuaObject: AnyObject, Sendable {
  /// The name that `state.registerClass` gave the metamethods.
  static var luaClass: String { get }
}

/// A table as Swift read it. The same Lua table met twice in one value is the same object.
public final class LuaTable: Sendable {
  /// The elements 1…n.
  public let list: [LuaValue]
  public let fields: [String: LuaValue]
  /// The pairs whose key is neither text nor a place in the list.
  public let others: [(key: LuaValue, value: LuaValue)]

  public init(
    _ list: [LuaValue] = [], fields: [String: LuaValue] = [:],
    others: [(key: LuaValue, value: LuaValue)] = []
  ) {
    self.list = list
    self.fields = fields
    self.others = others
  }

  public var isEmpty: Bool { list.isEmpty && fields.isEmpty && others.isEmpty }
  public var isList: Bool { fields.isEmpty && others.isEmpty }

  /// The field, or `.nil`.
  public subscript(_ name: String) -> LuaValue { fields[name] ?? .nil }
}

extension LuaValue {
  public var isNil: Bool { if case .nil = self { true } else { false } }
  /// nil and `moontide.null` both mean NULL wherever a value is taken.
  public var isNull: Bool {
    switch self {
    case .nil, .null: true
    default: false
    }
  }
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  /// An integer, or a float with an integral value in range (`6/2`).
  public var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var table: LuaTable? { if case .table(let value) = self { value } else { nil } }
  public var function: LuaReference? { if case .function(let value) = self { value } else { nil } }

  /// The type's name as Lua says it.
  public var typeName: String {
    switch self {
    case .nil: "nil"
    case .null: "null"
    case .boolean: "boolean"
    case .integer, .number: "number"
    case .string, .bytes: "string"
    case .table, .failure: "table"
    case .function: "function"
    case .object(let object): type(of: object).luaClass
    case .opaque(let name): name
    }
  }

  /// A table of named fields; fields that are `.nil` are left out.
  public static func record(_ fields: KeyValuePairs<String, LuaValue>) -> LuaValue {
    var present: [String: LuaValue] = [:]
    for (name, value) in fields where !value.isNil { present[name] = value }
    return .table(LuaTable(fields: present))
  }

  public static func list(_ elements: [LuaValue]) -> LuaValue { .table(LuaTable(elements)) }
  public static func strings(_ elements: [String]) -> LuaValue {
    .list(elements.map { .string($0) })
  }
  public static func optional(_ text: String?) -> LuaValue { text.map { .string($0) } ?? .nil }
}

extension LuaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(nilLiteral: ()) { self = .nil }
}

/// A Lua value that Swift holds on to, mostly a function. It belongs to one state; letting go of it
/// is allowed on any thread, and takes effect when the state next runs.
public final class LuaReference: Sendable {
  let key: Int32
  let registry: LuaRegistry
  /// Where the function was defined, if it is one of Lua's.
  public let definition: Origin?

  init(key: Int32, registry: LuaRegistry, definition: Origin?) {
    self.key = key
    self.registry = registry
    self.definition = definition
  }

  deinit { registry.released.withLock { $0.append(key) } }
}

/// What references of a state share: the mailbox of those that were let go.
final class LuaRegistry: Sendable {
  let released = Mutex<[Int32]>([])
}
