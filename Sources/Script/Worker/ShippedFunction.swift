import CLua
import CSystem
import Contract
import Synchronization

/// A Lua function, or a table of them, on its way to worker states: bytecode, upvalues and the
/// globals that it or a function it calls names, as bytes that any state can be given.
public struct ShippedFunction: Sendable {
  /// Unlike that of any other in this process: worker states keep what arrived under it.
  let id: Int
  let bytes: [UInt8]
  /// Of the code without its debug information and of what it captured.
  public let hash: UInt64
  /// Where the function was written.
  public let definition: Origin?

  private static let lastId = Atomic<Int>(0)

  /// Packs a function, or a table that holds some; both may be nested. What cannot travel is a
  /// `Failure` that names the path to it.
  public init(_ value: LuaValue, in state: LuaState, name: String? = nil) throws {
    let top = lua_gettop(state.lua)
    defer { lua_settop(state.lua, top) }
    try state.push([value])
    definition = value.function?.definition
    let path = name ?? definition.map { "function at \($0)" } ?? "function"
    bytes = try FunctionPacker.pack(state, path: path, strip: false)
    hash = try FunctionPacker.pack(state, path: path, strip: true).withUnsafeBytes {
      moontide_hash64($0.baseAddress, UInt($0.count), 0)
    }
    id = Self.lastId.add(1, ordering: .relaxed).newValue
  }
}

/// Writes the value on a state's stack top, as `moontide_arrive` reads it.
private struct FunctionPacker {
  private let state: LuaState
  private let lua: OpaquePointer
  private let strip: Bool
  private var writer = LuaWriter()
  /// Tables and functions met, and upvalues met, by address.
  private var numbers: [UnsafeRawPointer: UInt32] = [:]
  private var upvalues: [UnsafeRawPointer: UInt32] = [:]
  private var library: [UnsafeRawPointer: (module: String, field: String?)] = [:]
  private let globals: UnsafeRawPointer?
  /// Names of globals that functions use, in the order met.
  private var names: [(name: [UInt8], user: String)] = []
  private var known: Set<[UInt8]> = []
  private var depth = 0

  private init(_ state: LuaState, strip: Bool) {
    self.state = state
    self.lua = state.lua
    self.strip = strip
    moontide_push_globals(lua)
    globals = lua_topointer(lua, -1)
    moontide_pop(lua, 1)
  }

  static func pack(_ state: LuaState, path: String, strip: Bool) throws -> [UInt8] {
    try state.reserve(16)
    var packer = FunctionPacker(state, strip: strip)
    try packer.readLibrary()
    try packer.write(at: lua_gettop(state.lua), path: path)
    return try packer.writeGlobals()
  }

  // MARK: Libraries

  /// Notes the modules that are loaded and the functions of the standard library and of ours.
  private mutating func readLibrary() throws {
    moontide_push_loaded(lua)
    let loaded = lua_gettop(lua)
    for name in keys(of: loaded).texts.map({ String(decoding: $0, as: UTF8.self) }) {
      try state.push([.string(name)])
      lua_rawget(lua, loaded)
      if lua_type(lua, -1) == LUA_TTABLE { readModule(name) }
      moontide_pop(lua, 1)
    }
    moontide_pop(lua, 1)
  }

  private mutating func readModule(_ name: String) {
    let module = lua_gettop(lua)
    guard let address = lua_topointer(lua, module) else { return }
    if library[address] == nil { library[address] = (name, nil) }
    lua_pushnil(lua)
    while lua_next(lua, module) != 0 {
      let isOurs = name.hasPrefix("moontide") || lua_iscfunction(lua, -1) != 0
      if isOurs, lua_type(lua, -1) == LUA_TFUNCTION, lua_type(lua, -2) == LUA_TSTRING,
        let function = lua_topointer(lua, -1), library[function] == nil
      {
        library[function] = (name, text(at: -2))
      }
      moontide_pop(lua, 1)
    }
  }

  private func text(at index: Int32) -> String {
    String(decoding: LuaReader.bytes(lua, at: index), as: UTF8.self)
  }

  // MARK: Values

  private mutating func write(at index: Int32, path: String) throws {
    guard depth < 2 * Int(MOONTIDE_DEPTH), lua_checkstack(lua, 16) != 0 else {
      throw refusal(path, "nested too deep")
    }
    depth += 1
    defer { depth -= 1 }
    switch lua_type(lua, index) {
    case LUA_TNIL: writer.tag(MOONTIDE_NIL)
    case LUA_TBOOLEAN:
      writer.tag(lua_toboolean(lua, index) != 0 ? MOONTIDE_TRUE : MOONTIDE_FALSE)
    case LUA_TNUMBER where lua_isinteger(lua, index) != 0:
      writer.tag(MOONTIDE_INTEGER)
      writer.raw(moontide_integer(lua, index))
    case LUA_TNUMBER:
      writer.tag(MOONTIDE_NUMBER)
      writer.raw(lua_tonumberx(lua, index, nil))
    case LUA_TSTRING: writer.write(bytes: LuaReader.bytes(lua, at: index))
    case LUA_TLIGHTUSERDATA where lua_touserdata(lua, index) == nil: writer.tag(MOONTIDE_NULL)
    case LUA_TTABLE, LUA_TFUNCTION: try writeShared(at: index, path: path)
    case LUA_TTHREAD: throw refusal(path, "a coroutine")
    default: throw refusal(path, "a \(state.className(at: index) ?? "userdata")")
    }
  }

  private func refusal(_ path: String, _ what: String) -> Failure {
    Failure(
      "UNSHIPPABLE_FUNCTION", "\(path) is \(what), which cannot travel to a worker.",
      hint: "Make it inside the function, or pass plain values.")
  }

  private mutating func writeShared(at index: Int32, path: String) throws {
    guard let address = lua_topointer(lua, index) else { throw refusal(path, "nothing") }
    if address == globals { return writer.tag(MOONTIDE_ENVIRONMENT) }
    if let (module, field) = library[address] {
      writer.tag(field == nil ? MOONTIDE_MODULE : MOONTIDE_LIBRARY)
      writer.text(module)
      if let field { writer.text(field) }
      return
    }
    if let number = numbers[address] {
      writer.tag(MOONTIDE_AGAIN)
      return writer.raw(number)
    }
    let number = UInt32(numbers.count + 1)
    numbers[address] = number
    if lua_type(lua, index) == LUA_TTABLE {
      try writeTable(at: index, number: number, path: path)
    } else {
      try writeFunction(at: index, number: number, path: path)
    }
  }

  private mutating func writeTable(at index: Int32, number: UInt32, path: String) throws {
    let hasMetatable = lua_getmetatable(lua, index) != 0
    if hasMetatable, let name = try ownClass() { throw refusal(path, "a \(name)") }
    let metatable = lua_gettop(lua)
    defer { if hasMetatable { moontide_pop(lua, 1) } }
    let keys = keys(of: index)
    writer.tag(MOONTIDE_SHARED_TABLE)
    writer.raw(number)
    writer.raw(UInt8(hasMetatable ? 1 : 0))
    writer.raw(UInt32(keys.count))
    for key in keys.integers {
      lua_pushinteger(lua, key)
      try writePair(index, "\(path)[\(key)]")
    }
    for key in keys.texts {
      try state.push([.bytes(key)])
      try writePair(index, "\(path).\(String(decoding: key, as: UTF8.self))")
    }
    if keys.others > 0 {
      lua_pushnil(lua)
      while lua_next(lua, index) != 0 {
        moontide_pop(lua, 1)
        if lua_type(lua, -1) == LUA_TSTRING || lua_isinteger(lua, -1) != 0 { continue }
        lua_pushvalue(lua, -1)
        try writePair(index, "\(path)[…]")
      }
    }
    if hasMetatable { try write(at: metatable, path: path + "'s metatable") }
  }

  /// Writes the key on the stack top, which it pops, and its value.
  private mutating func writePair(_ table: Int32, _ path: String) throws {
    let key = lua_gettop(lua)
    defer { lua_settop(lua, key - 1) }
    try write(at: key, path: path + " (the key)")
    lua_pushvalue(lua, key)
    lua_rawget(lua, table)
    try write(at: key + 1, path: path)
  }

  /// The `__name` of the metatable on the stack top if it is one of the embedded library's: a
  /// session, a DataFrame, a Column. Such a metatable has a function that the library defined.
  private func ownClass() throws -> String? {
    let metatable = lua_gettop(lua)
    defer { lua_settop(lua, metatable) }
    for name in ["__index", "__tostring"] {
      try state.push([.string(name)])
      lua_rawget(lua, metatable)
      let source = LuaReader(state).definition(at: -1)?.file
      moontide_pop(lua, 1)
      if source?.hasPrefix("moontide") == true {
        try state.push([.string("__name")])
        return lua_rawget(lua, metatable) == LUA_TSTRING ? text(at: -1) : "value of the library"
      }
    }
    return nil
  }

  /// The keys of a table, sorted, so that the same content gives the same bytes.
  private func keys(of index: Int32) -> (
    integers: [Int64], texts: [[UInt8]], others: Int, count: Int
  ) {
    var (integers, texts, others) = ([Int64](), [[UInt8]](), 0)
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      moontide_pop(lua, 1)
      if lua_type(lua, -1) == LUA_TSTRING {
        texts.append(Array(LuaReader.bytes(lua, at: -1)))
      } else if lua_isinteger(lua, -1) != 0 {
        integers.append(moontide_integer(lua, -1))
      } else {
        others += 1
      }
    }
    integers.sort()
    texts.sort { $0.lexicographicallyPrecedes($1) }
    return (integers, texts, others, integers.count + texts.count + others)
  }

  // MARK: Functions

  private mutating func writeFunction(at index: Int32, number: UInt32, path: String) throws {
    if lua_iscfunction(lua, index) != 0 { throw refusal(path, "a C function") }
    let definition = LuaReader(state).definition(at: index)
    let own = depth == 1 ? path : path + (definition.map { " (function at \($0))" } ?? "")
    let code = dump(at: index)
    writer.tag(MOONTIDE_FUNCTION)
    writer.raw(number)
    let written = strip ? Bytecode.withoutLines(code) : code
    writer.raw(UInt32(written.count))
    writer.bytes.append(contentsOf: written)

    var count: UInt32 = 0
    let countAt = writer.bytes.count
    writer.raw(count)
    var environment: Int?
    while let name = lua_getupvalue(lua, index, Int32(count + 1)) {
      defer { moontide_pop(lua, 1) }
      if lua_topointer(lua, -1) == globals { environment = Int(count) }
      count += 1
      guard let address = lua_upvalueid(lua, index, Int32(count)).map({ UnsafeRawPointer($0) })
      else { continue }
      if let shared = upvalues[address] {
        writer.raw(shared)
      } else {
        let shared = UInt32(upvalues.count + 1)
        upvalues[address] = shared
        writer.raw(shared)
        try write(
          at: lua_gettop(lua), path: "\(own) → upvalue '\(String(cString: name))'")
      }
    }
    withUnsafeBytes(of: count) { writer.bytes.replaceSubrange(countAt..<countAt + 4, with: $0) }

    if let environment {
      for name in Bytecode.globals(of: code, environment: environment)
      where known.insert(name).inserted {
        names.append((name, own))
      }
    }
  }

  private func dump(at index: Int32) -> [UInt8] {
    var code: [UInt8] = []
    lua_pushvalue(lua, index)
    withUnsafeMutablePointer(to: &code) { target in
      _ = lua_dump(
        lua,
        { _, bytes, count, target in
          guard let bytes, let target else { return 1 }
          target.assumingMemoryBound(to: [UInt8].self).pointee.append(
            contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
          return 0
        }, target, strip ? 1 : 0)
    }
    moontide_pop(lua, 1)
    return code
  }

  // MARK: Globals

  /// The bytes, with the globals that travel and the reasons of those that do not.
  private mutating func writeGlobals() throws -> [UInt8] {
    let body = writer
    writer = LuaWriter()
    var (count, refused): (UInt32, [(name: [UInt8], reason: String)]) = (0, [])
    var next = 0
    while next < names.count {
      let (name, user) = names[next]
      next += 1
      moontide_push_globals(lua)
      let table = lua_gettop(lua)
      defer { lua_settop(lua, table - 1) }
      try state.push([.bytes(name)])
      if lua_rawget(lua, table) == LUA_TNIL || isStandard(name) { continue }
      // What was written of a value that turns out not to travel is taken back.
      let before = self
      do {
        writer.write(bytes: name)
        let path = "\(user) → global '\(String(decoding: name, as: UTF8.self))'"
        try write(at: table + 1, path: path)
        count += 1
      } catch {
        self = before
        refused.append((name, (error as? Failure)?.message ?? "\(error)"))
      }
    }
    let values = writer.bytes
    writer = body
    writer.raw(count)
    writer.bytes.append(contentsOf: values)
    writer.raw(UInt32(refused.count))
    for (name, reason) in refused {
      writer.write(bytes: name)
      writer.write(reason)
    }
    return writer.bytes
  }

  /// Whether the global on the stack top is the standard library's, which every state has.
  private func isStandard(_ name: [UInt8]) -> Bool {
    guard let address = lua_topointer(lua, -1) else { return name == Array("_VERSION".utf8) }
    if address == globals { return true }
    guard let (module, field) = library[address] else { return false }
    return module == "_G" || field == nil && Self.libraries.contains(module)
  }

  private static let libraries: Set<String> = [
    "string", "table", "math", "utf8", "coroutine", "os", "io", "debug", "package",
  ]
}
