import CLua
import Contract

/// Reads Lua values from the stack with calls that never raise.
struct LuaReader {
  private let state: LuaState
  private let lua: OpaquePointer
  /// Tables read already, by address, so that a table met twice is one object. Those still being
  /// read are nil: meeting one is a cycle.
  private var tables: [UnsafeRawPointer: LuaTable?] = [:]
  private var depth = 0
  /// How deep tables may lie in each other.
  private let depthLimit: Int

  init(_ state: LuaState, depthLimit: Int = Int(MOONTIDE_DEPTH)) {
    self.state = state
    self.depthLimit = depthLimit
    self.lua = state.lua
  }

  /// The value at a stack index.
  mutating func value(at index: Int32) throws -> LuaValue {
    switch lua_type(lua, index) {
    case LUA_TNIL, LUA_TNONE: return .nil
    case LUA_TBOOLEAN: return .boolean(lua_toboolean(lua, index) != 0)
    case LUA_TNUMBER:
      return lua_isinteger(lua, index) != 0
        ? .integer(moontide_integer(lua, index)) : .number(lua_tonumberx(lua, index, nil))
    case LUA_TSTRING: return string(at: index)
    case LUA_TTABLE: return .table(try table(at: index))
    case LUA_TFUNCTION: return .function(try state.reference(at: index))
    case LUA_TLIGHTUSERDATA:
      return lua_touserdata(lua, index) == nil ? .null : .opaque("light userdata")
    case LUA_TUSERDATA:
      let handle = moontide_handle(lua, index)
      if handle >= 0, let object = state.object(UInt32(handle)) { return .object(object) }
      return .opaque("userdata")
    default: return .opaque("coroutine")
    }
  }

  /// "a string", "nil": the type's name as Lua says it, integers and floats told apart.
  static func typeName(_ lua: OpaquePointer, at index: Int32) -> String {
    if lua_type(lua, index) == LUA_TNUMBER {
      return lua_isinteger(lua, index) != 0 ? "an integer" : "a float"
    }
    if lua_type(lua, index) == LUA_TNIL { return "nil" }
    return "a " + (lua_typename(lua, lua_type(lua, index)).map { String(cString: $0) } ?? "value")
  }

  /// The string at a stack index that holds one.
  func string(at index: Int32) -> LuaValue {
    let bytes = Self.bytes(lua, at: index)
    if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
    return .bytes(Array(bytes))
  }

  /// The bytes of the string at a stack index; valid while the string is on the stack.
  static func bytes(_ lua: OpaquePointer, at index: Int32) -> UnsafeBufferPointer<UInt8> {
    var count = 0
    let start = lua_tolstring(lua, index, &count)
    return UnsafeBufferPointer(
      start: UnsafeRawPointer(start)?.assumingMemoryBound(to: UInt8.self), count: count)
  }

  private mutating func table(at index: Int32) throws -> LuaTable {
    let index = lua_absindex(lua, index)
    guard let address = lua_topointer(lua, index) else { return LuaTable() }
    if let known = tables[address] {
      guard let known else {
        throw Failure("CYCLIC_TABLE", "A table that contains itself cannot be taken.")
      }
      return known
    }
    guard depth < depthLimit else {
      throw Failure("NESTED_TOO_DEEP", "A table is nested deeper than \(depthLimit) levels.")
    }
    try state.reserve(6)
    tables[address] = .some(nil)
    depth += 1
    defer { depth -= 1 }
    let table = try elements(at: index)
    tables[address] = table
    return table
  }

  private mutating func elements(at index: Int32) throws -> LuaTable {
    let top = lua_gettop(lua)
    defer { lua_settop(lua, top) }
    var list: [LuaValue] = []
    while lua_rawgeti(lua, index, Int64(list.count + 1)) != LUA_TNIL {
      list.append(try value(at: -1))
      moontide_pop(lua, 1)
    }
    moontide_pop(lua, 1)
    var fields: [String: LuaValue] = [:]
    var others: [(key: LuaValue, value: LuaValue)] = []
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      let key = try value(at: -2)
      if case .integer(let place) = key, place >= 1, place <= list.count {
        // Read already, as part of the list.
      } else if case .string(let name) = key {
        fields[name] = try value(at: -1)
      } else {
        others.append((key, try value(at: -1)))
      }
      moontide_pop(lua, 1)
    }
    return LuaTable(list, fields: fields, others: others)
  }

  /// Where the function at a stack index was defined.
  func definition(at index: Int32) -> Origin? {
    guard lua_type(lua, index) == LUA_TFUNCTION, lua_iscfunction(lua, index) == 0 else {
      return nil
    }
    var frame = lua_Debug()
    lua_pushvalue(lua, index)
    guard lua_getinfo(lua, ">S", &frame) != 0, let source = frame.source else { return nil }
    return Origin(file: LuaReader.file(of: source), line: Int(frame.linedefined))
  }

  /// The user's own line nearest to the running call.
  func origin() -> Origin? {
    var frame = lua_Debug()
    var level: Int32 = 1
    while lua_getstack(lua, level, &frame) != 0 {
      lua_getinfo(lua, "Sl", &frame)
      if frame.currentline > 0, let source = frame.source, !LuaReader.isOurs(source) {
        return Origin(file: LuaReader.file(of: source), line: Int(frame.currentline))
      }
      level += 1
    }
    return nil
  }

  /// The embedded library's chunks are named `=moontide…`.
  private static func isOurs(_ source: UnsafePointer<CChar>) -> Bool {
    String(cString: source).hasPrefix("=moontide")
  }

  private static func file(of source: UnsafePointer<CChar>) -> String {
    let text = String(cString: source)
    if text.hasPrefix("@") || text.hasPrefix("=") { return String(text.dropFirst()) }
    return "[string]"
  }
}
