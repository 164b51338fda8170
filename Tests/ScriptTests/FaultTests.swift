import CLua
import Columns
import Contract
import Expressions
import Synchronization
import Testing

@testable import Script

/// Lua's errors never jump over a Swift frame: what Swift held is let go, whatever fails and where.
@Suite(.serialized) struct FaultTests {
  /// Something that a Swift function holds while it runs.
  private final class Held: Sendable {
    static let live = Atomic(0)
    init() { Self.live.add(1, ordering: .relaxed) }
    deinit { Self.live.subtract(1, ordering: .relaxed) }
  }

  private func makeState() throws -> LuaState {
    let state = try LuaState()
    try state.register(
      "test",
      [
        "fail": { call in
          let held = Held()
          defer { withExtendedLifetime(held) {} }
          throw Failure("TEST", "no", details: ["a"], cause: Failure("INNER", "why"))
        },
        "call": { call in
          let held = Held()
          defer { withExtendedLifetime(held) {} }
          return try call.push(call.state.call(call.function(1), call.values(from: 2)))
        },
        "echo": { call in
          let held = Held()
          defer { withExtendedLifetime(held) {} }
          return try call.push(call.values())
        },
      ])
    return state
  }

  @Test func errorsAtAnyDepthLetGo() throws {
    let state = try makeState()
    try state.run(
      """
      local test = require "test"
      local function deep(n) if n == 0 then test.fail() end test.call(deep, n - 1) end
      local kinds = {
        function() test.fail() end,
        function() test.call(error, "text") end,
        function() test.call(error, { any = 1 }) end,
        function() test.call(error) end,
        function() deep(20) end,
        function() coroutine.wrap(function() test.call(test.fail) end)() end,
        function() test.call(function() assert(pcall(test.fail)) test.call(test.fail) end) end,
        function() test.call(coroutine.yield, 1) end,
        function() setmetatable({}, { __index = function() test.fail() end }).x() end,
        function() table.sort({ 3, 2, 1 }, function() test.fail() end) end,
        function() ("x"):gsub(".", function() test.call(test.fail) end) end,
        function()
          local t <close> = setmetatable({}, { __close = function() test.fail() end })
          test.fail()
        end,
        function() test.echo(coroutine.create(print)) end,
        function() local t = {} t.t = t test.echo(t) end,
        function() local t = {} for i = 1, 1000 do t = { t } end test.echo(t) end,
        function() test.call(5) end,
      }
      for i = 1, 1000 do
        local ok, err = pcall(kinds[i % #kinds + 1])
        assert(not ok, i % #kinds + 1)
        tostring(err)
      end
      """, name: "@t.lua")
    #expect(Held.live.load(ordering: .relaxed) == 0)
  }

  @Test func everyAllocationMayFail() throws {
    var failed = 0
    // Grows until a run needs fewer allocations than the one that is to fail.
    for number in 1..<100_000 {
      let state = try makeState()
      state.failAllocation(afterNext: number)
      do {
        try state.run(
          """
          local test = require "test"
          local t = test.echo { 1, 2, x = { "long enough to need memory of its own, as text" } }
          local ok, err = pcall(test.fail)
          local text = test.call(function(a) return a .. tostring(err) end, "begin")
          coroutine.wrap(function() return test.call(test.echo, test.echo) end)()
          return text, t
          """, name: "@t.lua")
        if state.isFailurePending { break }
      } catch let failure as Failure {
        failed += 1
        #expect(["LUA_ERROR", "TEST"].contains(failure.condition), "\(failure)")
      }
      state.failAllocation(afterNext: 0)
      // The state works on.
      #expect(try state.run("return 1 + 1", name: "@t.lua")[0].integer == 2)
      #expect(lua_gettop(state.lua) == 0)
    }
    #expect(failed > 50)
    #expect(Held.live.load(ordering: .relaxed) == 0)
  }

  @Test func everyAllocationOfABatchMayFail() throws {
    let driver = try LuaState()
    let function = try #require(
      driver.run(
        """
        local memo = {}
        return function(row)
          memo[#memo + 1] = row.s
          return { { n = row.n, s = row.s .. "!" }, row }
        end
        """, name: "@t.lua")[0].function)
    let shipped = try ShippedFunction(.function(function), in: driver)
    let schema = Schema([Field("n", .long), Field("s", .string)])
    let (numbers, strings) = (VectorBuilder(.long), VectorBuilder(.string))
    for row in 0..<20 {
      numbers.append(integer: Int64(row))
      strings.append(text: "a string that is not short \(row)")
    }
    let batch = Batch([numbers.finish(), strings.finish()], count: 20)
    for number in stride(from: 1, to: 100_000, by: 3) {
      let worker = try WorkerState(.pure, try WorkerSetting(of: driver))
      worker.lua.failAllocation(afterNext: number)
      do {
        let instance = try worker.instance(of: shipped)
        let columns = LuaColumns(
          batch, schema: schema, places: try worker.lua.places(of: schema))
        let taker = ResultTaker(
          try ValueReader(.structure(schema.fields), in: worker.lua), .rows)
        var calls = FunctionCalls(instance, columns, asRow: true, count: 20)
        try calls.run(worker.lua, taker)
        if worker.lua.isFailurePending { break }
      } catch {
        #expect(error is Failure || error is RowFailure)
      }
      #expect(lua_gettop(worker.lua.lua) == 0)
    }
  }

  @Test func memoryLimitsHold() throws {
    let state = try LuaState(memoryLimit: 4 << 20)
    let failure = #expect(throws: Failure.self) {
      try state.run(
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", name: "@t.lua")
    }
    #expect(failure?.condition == "USER_FUNCTION_OUT_OF_MEMORY")
    #expect(state.memoryUsed <= 4 << 20)
    #expect(try state.run("return 1", name: "@t.lua")[0].integer == 1)
  }
}
