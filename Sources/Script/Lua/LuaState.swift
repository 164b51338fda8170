import CLua
import Columns
import Contract

/// A function that Lua may call: it reads its arguments from the call, pushes results, and returns
/// how many. What it throws is raised in Lua after it has returned.
public typealias LuaBody = (inout LuaCall) throws -> Int

/// The owner of one Lua state. Used by one thread at a time.
public final class LuaState {
  /// What a script may reach.
  public enum Kind: Sendable {
    /// The whole standard library and every module: the driver's script, and effect states.
    case whole
    /// The allow-list of functions whose results are the same on every run.
    case pure
  }

  public let kind: Kind
  private let host: UnsafeMutablePointer<moontide_host>
  /// The coroutine that runs now.
  private(set) var lua: OpaquePointer
  private var bodies: [LuaBody] = []
  private var objects: [UInt32: any LuaObject] = [:]
  private var nextHandle: UInt32 = 1
  let registry = LuaRegistry()
  /// Tables of column positions, see `places(of:)`.
  var placesBySchema: [Schema: LuaReference] = [:]

  /// A state with its libraries. `memoryLimit` is in bytes; 0 means none. A call may compute for
  /// `timeoutUs`, where the state is pure; 0: for ever.
  public init(_ kind: Kind = .whole, memoryLimit: Int = 0, timeoutUs: Int64 = 0) throws {
    let word = Int32(kind == .pure ? MOONTIDE_PURE : MOONTIDE_WHOLE)
    guard let host = moontide_open(word, runBody, nil, memoryLimit), let lua = host.pointee.lua
    else { throw Failure("OUT_OF_MEMORY", "There is no memory for another Lua state.") }
    if kind == .pure { host.pointee.timeoutNs = timeoutUs * 1000 }
    self.kind = kind
    self.host = host
    self.lua = lua
    host.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    try check(moontide_open_libraries(lua))
    _ = try require("moontide.error")
  }

  deinit { moontide_close(host) }

  // MARK: Registering

  /// Makes `functions` the module that `require(module)` gives, beside what it has already.
  public func register(_ module: String, _ functions: [String: LuaBody]) throws {
    for (name, body) in functions {
      try check(moontide_register(lua, module, name, add(body)))
    }
  }

  /// Gives objects of a class their metamethods (`__index`, `__tostring`, …).
  public func registerClass<Object: LuaObject>(
    _ type: Object.Type, _ metamethods: [String: LuaBody]
  ) throws {
    for (name, body) in metamethods {
      try check(moontide_register_metamethod(lua, Object.luaClass, name, add(body)))
    }
  }

  /// Gives objects of a class their methods (`object:name(…)`); instead of an `__index`.
  public func registerMethods<Object: LuaObject>(
    of type: Object.Type, _ methods: [String: LuaBody]
  ) throws {
    for (name, body) in methods {
      try check(moontide_register_method(lua, Object.luaClass, name, add(body)))
    }
  }

  private func add(_ body: @escaping LuaBody) -> Int32 {
    bodies.append(body)
    return Int32(bodies.count - 1)
  }

  // MARK: Running

  /// Loads a chunk of text. `name` is as in Lua: `@file.lua`, or `=text` for what is no file.
  public func load(_ text: String, name: String) throws -> LuaReference {
    var text = text
    try check(
      text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          guard let start = $0.baseAddress else { return moontide_load(lua, "", 0, name) }
          return moontide_load(lua, start, bytes.count, name)
        }
      })
    return try takeReference()
  }

  /// Calls a function; what it raises is thrown as a `Failure` with Lua's traceback.
  @discardableResult
  public func call(
    _ function: LuaReference, _ arguments: [LuaValue] = []
  ) throws -> [LuaValue] {
    precondition(function.registry === registry, "a reference was called in another state")
    let base = lua_gettop(lua)
    defer { lua_settop(lua, base) }
    try reserve(4)
    moontide_push_reference(lua, function.key)
    let count = try push(arguments)
    try check(moontide_call(lua, Int32(count), LUA_MULTRET))
    var reader = LuaReader(self)
    return try (base..<lua_gettop(lua)).map { try reader.value(at: $0 + 1) }
  }

  /// Loads and runs a chunk of text.
  @discardableResult
  public func run(
    _ text: String, name: String, _ arguments: [LuaValue] = []
  ) throws -> [LuaValue] {
    try call(load(text, name: name), arguments)
  }

  /// What `require(module)` gives.
  @discardableResult
  public func require(_ module: String) throws -> LuaReference {
    let base = lua_gettop(lua)
    defer { lua_settop(lua, base) }
    let loader = try load("return require((...))", name: "=moontide")
    moontide_push_reference(lua, loader.key)
    try push([.string(module)])
    try check(moontide_call(lua, 1, 1))
    return try takeReference()
  }

  /// Sets a global variable.
  public func setGlobal(_ name: String, _ value: LuaValue) throws {
    try run("local name, value = ... _G[name] = value", name: "=moontide", [.string(name), value])
  }

  /// The batch that a worker state runs, for its log; nil in the script's own state.
  var place: BatchPlace?
  /// The session's time zone, for text.
  public var timeZone = TimeZone.utc

  /// The wall clock; in a pure state, the batch's.
  var nowUs: Int64 { kind == .pure ? host.pointee.batchTimeUs : SystemClock().nowUs }

  /// Ends the Lua code that runs with an error; does nothing to code that begins later. Callable
  /// from any thread while the state lives.
  var interrupt: @Sendable () -> Void {
    let address = UInt(bitPattern: host)
    return {
      UnsafeMutablePointer<moontide_host>(bitPattern: address).map { moontide_interrupt($0) }
    }
  }

  /// A deadline was over or memory ran out: the state is not to be used again.
  var isSpent: Bool { host.pointee.isSpent }
  /// Memory ran out.
  var isExhausted: Bool { host.pointee.isExhausted }
  var memoryLimit: Int { host.pointee.limit }

  /// For tests: the `number`-th allocation from now fails; 0: none does.
  func failAllocation(afterNext number: Int) {
    let now = host.pointee.allocations
    host.pointee.failAt = number == 0 ? 0 : now + Int64(number)
  }

  /// For tests: whether the allocation that was to fail has not come yet.
  var isFailurePending: Bool { host.pointee.allocations < host.pointee.failAt }

  /// Bytes that Lua uses now.
  public var memoryUsed: Int { host.pointee.used }

  // MARK: The stack

  /// Room for `count` more values.
  func reserve(_ count: Int) throws {
    guard lua_checkstack(lua, Int32(count)) != 0 else {
      throw Failure("LUA_ERROR", "The Lua stack overflows.")
    }
  }

  /// Pushes values; returns how many.
  @discardableResult
  func push(_ values: [LuaValue]) throws -> Int {
    drain()
    var writer = LuaWriter()
    for value in values { try writer.write(value, in: self) }
    var count: Int32 = 0
    try check(
      writer.bytes.withUnsafeBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return LUA_OK }
        return moontide_push(lua, start, bytes.count, &count)
      })
    return Int(count)
  }

  /// Takes the value on the stack top into a reference.
  func takeReference() throws -> LuaReference {
    defer { moontide_pop(lua, 1) }
    return try reference(at: -1)
  }

  /// A reference to the value at a stack index.
  func reference(at index: Int32) throws -> LuaReference {
    drain()
    let definition = LuaReader(self).definition(at: index)
    try check(moontide_reference(lua, index))
    let key = Int32(truncatingIfNeeded: moontide_integer(lua, -1))
    moontide_pop(lua, 1)
    return LuaReference(key: key, registry: registry, definition: definition)
  }

  /// Throws the error on the stack top, which it pops, if `status` says that there is one.
  func check(_ status: Int32) throws {
    if status == LUA_OK { return }
    if status == MOONTIDE_NO_ROOM { throw Failure("LUA_ERROR", "The Lua stack overflows.") }
    let failure = takeFailure()
    throw host.pointee.limit > 0 && isExhausted ? outOfMemory : failure
  }

  private var outOfMemory: Failure {
    Failure(
      "USER_FUNCTION_OUT_OF_MEMORY",
      "a Lua state of a worker needs more than \(ByteSize.bytes(Int64(memoryLimit)))",
      hint: "`moontide.udf.memoryLimit` says how much each may use.")
  }

  // MARK: Objects

  /// A handle that stands for `object` in a userdata.
  func handle(for object: any LuaObject) -> UInt32 {
    let handle = nextHandle
    nextHandle += 1
    objects[handle] = object
    return handle
  }

  /// What the userdata at a stack index is, if it is one of ours.
  func className(at index: Int32) -> String? {
    let handle = moontide_handle(lua, index)
    return handle < 0 ? nil : object(UInt32(handle)).map { type(of: $0).luaClass }
  }

  func object(_ handle: UInt32) -> (any LuaObject)? { objects[handle] }

  /// Lets go of what was released by Swift or collected by Lua since the last time.
  private func drain() {
    let keys = registry.released.withLock { released in
      defer { released = [] }
      return released
    }
    for key in keys { moontide_release(lua, key) }
    while host.pointee.freedCount > 0 {
      host.pointee.freedCount -= 1
      objects[host.pointee.freed![Int(host.pointee.freedCount)]] = nil
    }
  }

  // MARK: Being called

  /// Runs a registered function on the coroutine that called it.
  fileprivate func run(_ function: Int, on coroutine: OpaquePointer) -> Int32 {
    let outer = lua
    lua = coroutine
    defer { lua = outer }
    var call = LuaCall(state: self, count: Int(lua_gettop(coroutine)))
    do {
      return Int32(try bodies[function](&call))
    } catch {
      return pushFailure(error)
    }
  }
}

/// What the C trampoline calls. It never raises.
private func runBody(
  _ lua: OpaquePointer, _ context: UnsafeMutableRawPointer?, _ function: Int32
) -> Int32 {
  guard let context else { return Int32(MOONTIDE_EXHAUSTED) }
  let state = Unmanaged<LuaState>.fromOpaque(context).takeUnretainedValue()
  return state.run(Int(function), on: lua)
}
