import CLua
import Columns
import Contract
import Expressions
import Synchronization

/// What is the same for all rows of a batch that a function sees: its clock and its chance.
public struct BatchContext: Sendable {
  public let batchTimeUs: Int64
  public let seed: UInt64
  public let partition: Int
  /// How many rows of this partition came before, so that each batch of rows draws anew.
  public let firstRow: Int
  public let timeZoneId: String
  /// Of a streaming query, for the log.
  let place: BatchPlace?

  init(
    batchTimeUs: Int64 = 0, seed: UInt64 = 0, partition: Int = 0, firstRow: Int = 0,
    timeZoneId: String = "UTC", place: BatchPlace? = nil
  ) {
    self.place = place
    self.batchTimeUs = batchTimeUs
    self.timeZoneId = timeZoneId
    self.seed = seed
    self.partition = partition
    self.firstRow = firstRow
  }
}

extension BatchContext {
  /// What a task's functions see.
  init(_ task: TaskContext, firstRow: Int = 0) {
    self.init(
      batchTimeUs: task.batchTimeUs, seed: task.seed, partition: task.partition,
      firstRow: firstRow, timeZoneId: task.timeZoneId,
      place: task.queryTitle.isEmpty
        ? nil
        : BatchPlace(
          query: task.queryTitle, id: task.queryTitle == QueryTitle.batch ? nil : task.batchId))
  }
}

/// What worker states are made from: the same for all states of a query.
public struct WorkerSetting: Sendable {
  /// The script's `package.path` and `package.cpath`.
  public var path: String
  public var cpath: String
  /// Bytes that one state may use; 0: no limit.
  public var memoryLimit = 0
  /// How long one call may compute, where the state is pure; 0: no limit.
  public var timeoutUs: Int64 = 0
  /// For tests: the allocation that fails in each state; 0: none does.
  var failingAllocation = 0
  /// `--sealed`: effect states are pure as well.
  public var isSealed = false

  public init(path: String, cpath: String) {
    self.path = path
    self.cpath = cpath
  }

  /// The setting of the script that runs in a state.
  public init(of state: LuaState) throws {
    let found = try state.run("return package.path, package.cpath", name: "=moontide")
    self.init(path: found.first?.text ?? "", cpath: found.last?.text ?? "")
  }
}

/// A Lua state that runs the script's functions away from the script. Used by one thread at a time.
public final class WorkerState {
  public let lua: LuaState
  private var arrived: [Int: LuaReference] = [:]

  /// A state for functions whose results feed the query (`pure`), or for what exists to touch the
  /// world: writers, sources and sinks of the script's own.
  public init(_ kind: LuaState.Kind, _ setting: WorkerSetting) throws {
    lua = try LuaState(
      setting.isSealed ? .pure : kind, memoryLimit: setting.memoryLimit,
      timeoutUs: setting.timeoutUs)
    try lua.register("moontide.native", NativeFunctions.all)
    try lua.register("moontide.engine", NativeFunctions.all)
    try StateHandles.register(in: lua)
    try lua.call(
      lua.load(Self.opening, name: "=moontide.worker"),
      [.string(setting.path), .string(setting.cpath), .strings(Self.unavailable(lua.kind))])
    if lua.kind == .pure { try lua.check(moontide_freeze(lua.lua)) }
    lua.failAllocation(afterNext: setting.failingAllocation)
  }

  /// The modules that describe or run queries have nothing to do in a worker. A function that
  /// mentions one without need still travels; using it raises.
  private static func unavailable(_ kind: LuaState.Kind) -> [String] {
    var kept = ["moontide.error", "moontide.json"]
    // A source's `schema` may be made of constructors, which use `debug` to find the script's line.
    if kind == .whole { kept += ["moontide.types", "moontide.check", "moontide.origin"] }
    return (0...).lazy.map { moontide_module_name($0) }.prefix { $0 != nil }
      .compactMap { $0.map { String(cString: $0) } }.filter { !kept.contains($0) }
  }

  private static let opening = """
    local path, cpath, unavailable = ...
    package.path = path
    if package.cpath then package.cpath = cpath end
    local native, errors = require "moontide.native", require "moontide.error"
    local kept = {
      ["moontide"] = { null = native.null },
      ["moontide.time"] = { parse = native.parseTime, format = native.formatTime },
      ["moontide.log"] = {},
    }
    for _, level in ipairs { "debug", "info", "warn", "error" } do
      kept["moontide.log"][level] = function(...) native.log(level, ...) end
    end
    for _, name in ipairs(unavailable) do
      package.preload[name] = function()
        return setmetatable(kept[name] or {}, { __index = function(_, key)
          errors.raise { class = "UNAVAILABLE_IN_WORKER", message =
            ("`%s.%s` was used in a function that runs in a worker."):format(name, tostring(key)),
            hint = "Workers have moontide.json, moontide.log, moontide.time and moontide.null." }
        end })
      end
    end
    function print(...)
      local texts = table.pack(...)
      for i = 1, texts.n do texts[i] = tostring(texts[i]) end
      native.log("info", table.concat(texts, "\\t"))
    end
    """

  /// The function as this state has it; it arrives with the first use.
  public func instance(of function: ShippedFunction) throws -> LuaReference {
    if let known = arrived[function.id] { return known }
    try lua.reserve(4)
    try lua.check(
      function.bytes.withUnsafeBufferPointer { bytes in
        bytes.baseAddress.map { moontide_arrive(lua.lua, $0, bytes.count) } ?? LUA_OK
      })
    let reference = try lua.takeReference()
    arrived[function.id] = reference
    return reference
  }

  /// A shipped table, as Swift reads it.
  func table(of shipped: ShippedFunction) throws -> LuaTable {
    try lua.reserve(4)
    let top = lua_gettop(lua.lua)
    defer { lua_settop(lua.lua, top) }
    moontide_push_reference(lua.lua, try instance(of: shipped).key)
    var reader = LuaReader(lua)
    guard case .table(let table) = try reader.value(at: -1) else {
      preconditionFailure("a shipped function where a table of them was wanted")
    }
    return table
  }

  /// The functions of a shipped table of functions, by name.
  func functions(of shipped: ShippedFunction) throws -> [String: LuaReference] {
    try table(of: shipped).fields.compactMapValues(\.function)
  }

  /// Sets the clock and the chance of a pure state.
  public func begin(_ context: BatchContext) throws {
    lua.place = context.place
    if lua.timeZone.id != context.timeZoneId { lua.timeZone = try .named(context.timeZoneId) }
    let stream = UInt64(truncatingIfNeeded: context.partition) << 40 ^ UInt64(context.firstRow)
    try lua.check(moontide_begin_batch(lua.lua, context.batchTimeUs, context.seed, stream))
  }
}

/// The pure states of one query: as many as threads use at the same time, made when needed.
///
/// Border (`@unchecked Sendable`): a state is handed to one thread at a time, under the lock.
public final class WorkerStates: @unchecked Sendable {
  private let setting: WorkerSetting
  private let lock = Mutex<Void>(())
  private var idle: [WorkerState] = []

  public init(_ setting: WorkerSetting) { self.setting = setting }

  /// Copies a function out of the script's state; what it requires is looked for now rather than in
  /// the first batch.
  func ship(_ value: LuaValue, from state: LuaState, name: String) throws -> ShippedFunction {
    let function = try ShippedFunction(value, in: state, name: name)
    try use(BatchContext()) { _ = try $0.instance(of: function) }
    return function
  }

  /// A pure state for somebody who keeps it.
  func newState() throws -> WorkerState { try WorkerState(.pure, setting) }

  /// Runs `body` with a state that nobody else uses meanwhile.
  public func use<T>(_ context: BatchContext, _ body: (WorkerState) throws -> T) throws -> T {
    let state = try lock.withLock { _ in idle.popLast() } ?? WorkerState(.pure, setting)
    do {
      try state.begin(context)
      let result = try body(state)
      if !state.lua.isSpent { lock.withLock { _ in idle.append(state) } }
      return result
    } catch {
      if !state.lua.isSpent { lock.withLock { _ in idle.append(state) } }
      throw error
    }
  }
}
