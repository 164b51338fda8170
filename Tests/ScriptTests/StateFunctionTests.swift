import Columns
import Contract
import Expressions
import Plan
import Testing

@testable import Script

private final class FakeGroupStates: GroupStates {
  let stateSchema = Schema([Field("n", .long)])
  var values: [[Scalar]?]
  var timeouts: [Int: Int64] = [:]
  var group = 0

  init(_ values: [[Scalar]?]) { self.values = values }

  func enter(_ group: Int) { self.group = group }
  var value: [Scalar]? { values[group] }
  func update(_ value: [Scalar]) { values[group] = value }
  func remove() { values[group] = nil }
  var hasTimedOut: Bool { false }
  func setTimeoutDuration(us: Int64) { timeouts[group] = us }
  func setTimeoutTimestamp(us: Int64) { timeouts[group] = us }
  func watermarkUs() throws -> Int64 { throw Failure("NO_WATERMARK", "none") }
  var processingTimeUs: Int64 { 77 }
}

private final class FakeProcessorStates: ProcessorStates {
  final class Value: ValueState {
    let owner: FakeProcessorStates
    var values: [Int: [Scalar]] = [:]
    init(_ owner: FakeProcessorStates) { self.owner = owner }
    func get() -> [Scalar]? { values[owner.group] }
    func update(_ value: [Scalar]) { values[owner.group] = value }
    func clear() { values[owner.group] = nil }
  }
  final class List: ListState {
    var values: [[Scalar]] = []
    func get() -> [[Scalar]] { values }
    func put(_ values: [[Scalar]]) { self.values = values }
    func append(_ values: [[Scalar]]) { self.values += values }
    func clear() { values = [] }
  }
  final class Map: MapState {
    var values: [(key: [Scalar], value: [Scalar])] = []
    func get(_ key: [Scalar]) -> [Scalar]? { values.first { $0.key == key }?.value }
    func update(_ key: [Scalar], _ value: [Scalar]) {
      remove(key)
      values.append((key, value))
    }
    func remove(_ key: [Scalar]) { values.removeAll { $0.key == key } }
    func entries() -> [(key: [Scalar], value: [Scalar])] { values }
    func clear() { values = [] }
  }
  var group = 0
  var ttls: [String: Int64] = [:]
  var timers: [Int64] = []

  func enter(_ group: Int) { self.group = group }
  func value(_ name: String, _ schema: Schema, ttlUs: Int64?) -> any ValueState {
    ttls[name] = ttlUs
    return Value(self)
  }
  func list(_ name: String, _ schema: Schema, ttlUs: Int64?) -> any ListState { List() }
  func map(_ name: String, key: Schema, value: Schema, ttlUs: Int64?) -> any MapState { Map() }
  func registerTimer(us: Int64) { timers.append(us) }
  func deleteTimer(us: Int64) { timers.removeAll { $0 == us } }
  func timersUs() -> [Int64] { timers }
  func watermarkUs() -> Int64 { 5 }
  var processingTimeUs: Int64 { 77 }
}

@Suite struct StateFunctionTests {
  private let driver: LuaState
  private let functions: ScriptFunctions

  init() throws {
    driver = try LuaState()
    functions = ScriptFunctions(
      state: driver, workers: WorkerStates(try WorkerSetting(of: driver)))
  }

  private var groups: GroupedRows {
    let (names, values) = (VectorBuilder(.string), VectorBuilder(.long))
    for name in ["a", "b"] { names.append(text: name) }
    for value in [1, 2, 10] as [Int64] { values.append(integer: value) }
    return GroupedRows(
      keys: Batch([names.finish()], count: 2), keySchema: Schema([Field("user", .string)]),
      rows: Batch([values.finish()], count: 3), schema: Schema([Field("x", .long)]),
      offsets: [0, 2, 3])
  }

  private func rows(_ batch: Batch) -> [[Scalar]] {
    (0..<batch.count).map { row in batch.columns.map { $0.scalar(row) } }
  }

  @Test func groupsWithState() throws {
    let value = try driver.run(
      """
      return function(key, rows, state)
        local n = state:exists() and state:get().n or 0
        for row in rows do n = n + row.x end
        if n > 50 then state:remove() else state:update { n = n } end
        state:setTimeoutDuration("10 minutes")
        if pcall(state.get, nil) or pcall(state.update, state, { m = 1 }) then error "accepted" end
        local now = state:currentProcessingTime()
        return { { key.user, n, state:hasTimedOut() }, { user = key.user, n = now } }
      end
      """, name: "@a.lua")[0]
    let function = try #require(
      functions.stateFunction(value, origin: nil) as? any UserGroupFunction)
    let states = FakeGroupStates([nil, [.integer(100)]])
    let output = Schema([Field("user", .string), Field("n", .long), Field("late", .boolean)])
    let made = try function.call(
      groups, states: states, output: output, returnsOneRow: false, task: TaskContext())
    #expect(
      rows(made) == [
        [.text("a"), .integer(3), .boolean(false)], [.text("a"), .integer(77), .null],
        [.text("b"), .integer(110), .boolean(false)], [.text("b"), .integer(77), .null],
      ])
    #expect(states.values[0] == [.integer(3)])
    #expect(states.values[1] == nil)
    #expect(states.timeouts == [0: 600_000_000, 1: 600_000_000])
  }

  @Test func processors() throws {
    let value = try driver.run(
      """
      return {
        init = function(self, handle)
          self.handle = handle
          self.total = handle:valueState("total", "n BIGINT", { ttl = "1 hour" })
          self.seen = handle:listState("seen", "x BIGINT")
          self.last = handle:mapState("last", "user STRING", "x BIGINT")
        end,
        handleInputRows = function(self, key, rows, timers)
          local n = self.total:exists() and self.total:get().n or 0
          for row in rows do
            n = n + row.x
            self.seen:appendValue { x = row.x }
            self.last:updateValue({ user = key.user }, { x = row.x })
          end
          self.total:update { n = n }
          self.handle:registerTimer(timers:currentWatermark() + n)
          local count, users, sum = 0, {}, 0
          for row in self.seen:get() do count = count + row.x end
          for user, row in self.last:iterator() do users[#users + 1] = user.user .. row.x end
          for t in self.handle:listTimers() do sum = sum + t end
          return { { key.user, n }, { table.concat(users, ","), count }, { "timers", sum } }
        end,
        handleExpiredTimer = function(self, key, timers, expired)
          local n = self.total:get().n
          self.total:clear()
          self.handle:deleteTimer(expired:expiryTime())
          return { { key.user .. expired:expiryTime(), n } }
        end,
        handleInitialState = function(self, key, row, timers) self.total:update { n = row.x } end,
        close = function(self) self.seen:clear() end,
      }
      """, name: "@a.lua")[0]
    let processor = try #require(
      functions.stateFunction(value, origin: nil) as? any UserStateProcessor)
    #expect(processor.handlesInitialState)
    let states = FakeProcessorStates()
    let output = Schema([Field("what", .string), Field("n", .long)])
    let running = try processor.open(states, output: output, task: TaskContext())
    #expect(states.ttls == ["total": 3_600_000_000])
    let (keys, values) = (VectorBuilder(.string), VectorBuilder(.long))
    keys.append(text: "a")
    values.append(integer: 1000)
    try running.handleInitialState(
      GroupedRows(
        keys: Batch([keys.finish()], count: 1), keySchema: groups.keySchema,
        rows: Batch([values.finish()], count: 1), schema: groups.schema, offsets: [0, 1]),
      task: TaskContext())
    let made = try running.handleInputRows(groups, task: TaskContext())
    #expect(
      rows(made) == [
        [.text("a"), .integer(1003)], [.text("a2"), .integer(3)],
        [.text("timers"), .integer(1008)],
        [.text("b"), .integer(10)], [.text("a2,b10"), .integer(13)],
        [.text("timers"), .integer(1023)],
      ])
    let expired = try running.handleExpiredTimers(
      keys: groups.keys, keySchema: groups.keySchema, timesUs: [1008, 15], task: TaskContext())
    #expect(
      rows(expired) == [
        [.text("a1008"), .integer(1003)], [.text("b15"), .integer(10)],
      ])
    #expect(states.timers.isEmpty)
    try running.close()
  }
}
