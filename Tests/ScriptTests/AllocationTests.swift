import Columns
import Contract
import Expressions
import Synchronization
import Testing

@testable import Script

/// Every allocation of Lua's may fail, whatever function of the host asked for it: the batch fails
/// with a failure, nothing crashes, and nothing that Swift held stays behind.
@Suite(.serialized) struct AllocationTests {
  private let driver: LuaState

  init() throws { driver = try LuaState() }

  private func column(_ type: DataType) -> Vector {
    let builder = VectorBuilder(type)
    for row in 0..<4 {
      if type == .string {
        builder.append(text: "a text that is not short \(row)")
      } else {
        builder.append(integer: Int64(row))
      }
    }
    return builder.finish()
  }

  /// Runs `body` in states whose `number`-th allocation fails, for each number until none does.
  private func fails(
    step: Int, _ body: (WorkerStates) throws -> Void
  ) throws -> Int {
    var (failures, successes) = (0, 0)
    for number in stride(from: 1, to: 200_000, by: step) {
      var setting = try WorkerSetting(of: driver)
      setting.failingAllocation = number
      weak var kept: WorkerStates?
      var failed = false
      do {
        let states = WorkerStates(setting)
        kept = states
        try body(states)
      } catch {
        #expect(error is Failure || error is RowFailure, "\(error)")
        failed = true
        failures += 1
      }
      #expect(kept == nil, "the states live on after allocation \(number)")
      // Lua does without some of its allocations.
      successes = failed ? 0 : successes + 1
      if successes == 20 { return failures }
    }
    return failures
  }

  @Test func ofColumnFunctions() throws {
    let value = try driver.run(
      """
      local json, log, time = require "moontide.json", require "moontide.log", require "moontide.time"
      return function(n, s)
        local parts = {}
        for word in s:gmatch "%a+" do parts[#parts + 1] = word:upper() end
        table.sort(parts)
        local ok, err = pcall(error, { class = "MINE", message = s })
        local co = coroutine.wrap(function(a) coroutine.yield(a .. s) end)
        return json.encode { parts, err.message, co(n) } .. time.format(n) .. s:gsub("t", "%0%0")
      end
      """, name: "@t.lua")[0]
    let function = try #require(value.function)
    let found = try fails(step: 7) { states in
      let made = try LuaFunction(function, in: driver, returns: .string, states: states)
      let batch = Batch([column(.long), column(.string)], count: 4)
      _ = try made.call(
        batch.columns, context: EvaluationContext(batch, task: TaskContext()))
    }
    #expect(found > 100)
  }

  @Test func ofAggregates() throws {
    let value = try driver.run(
      """
      return {
        zero = function() return { n = 0, s = "" } end,
        reduce = function(b, s) return { n = b.n + 1, s = b.s .. s } end,
        merge = function(a, b) return { n = a.n + b.n, s = a.s .. b.s } end,
        finish = function(b) return b.s .. b.n end,
      }
      """, name: "@t.lua")[0]
    let functions = try #require(value.table)
    let buffer = DataType.structure([Field("n", .long), Field("s", .string)])
    let found = try fails(step: 1) { states in
      let aggregate = try LuaAggregate(
        functions, in: driver, name: "agg", buffer: buffer, returns: .string, states: states)
      let accumulator = aggregate.makeAccumulator()
      let batch = Batch([column(.string)], count: 4)
      let context = EvaluationContext(batch, task: TaskContext())
      accumulator.grow(to: 2)
      try accumulator.update(batch.columns, groups: [0, 1, 0, 1], count: 4, context: context)
      let partial = try accumulator.states(Selection([0, 1]))
      try accumulator.merge(partial, groups: [1, 0], count: 2)
      _ = try accumulator.results(Selection([0, 1]), context: context)
    }
    #expect(found > 60)
  }
}
