import Columns
import Contract
import Expressions
import Glibc
import Synchronization
import Testing

@testable import Script

/// Functions that do their worst in a worker: the process lives, the call ends in time and within
/// its memory, and the next one works.
@Suite(.serialized) struct HostileTests {
  static let limitBytes = 48 << 20

  private let driver: LuaState
  private let setting: WorkerSetting

  init() throws {
    driver = try LuaState()
    var setting = try WorkerSetting(of: driver)
    setting.memoryLimit = Self.limitBytes
    self.setting = setting
  }

  /// The function's result for one row as text, or the failure.
  private func outcome(_ body: String, _ states: WorkerStates) throws -> String {
    let value = try driver.run(body, name: "@h.lua")[0]
    let function = try LuaFunction(
      #require(value.function), in: driver, returns: .string, states: states)
    let rows = VectorBuilder(.int)
    rows.append(integer: 1)
    let batch = Batch([rows.finish()], count: 1)
    do {
      let result = try function.call(
        batch.columns, context: EvaluationContext(batch, task: TaskContext()))
      return Self.text(result.scalar(0))
    } catch let error as RowFailure {
      return "\(error.failure.condition): \(error.failure.message)"
    } catch let failure as Failure {
      return "\(failure.condition): \(failure.message)"
    }
  }

  private static func text(_ scalar: Scalar) -> String {
    guard case .bytes(let bytes) = scalar else { return "\(scalar)" }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Runs a case on a thread with the stack that workers have.
  private func run(_ hostile: HostileCase) throws {
    var setting = setting
    // Who is to be ended in time is; who is to run out of memory has the time for it.
    setting.timeoutUs = hostile.expected.hasPrefix("USER_FUNCTION_TIMEOUT") ? 60_000 : 10_000_000
    let states = WorkerStates(setting)
    let began = clock()
    let found = try outcome(hostile.body, states)
    let seconds = Double(clock() - began) / 1_000_000
    #expect(found.contains(hostile.expected), "\(hostile.name): \(found.prefix(300))")
    #expect(found.utf8.count < 70_000, "\(hostile.name)")
    #expect(seconds < 5, "\(hostile.name) took \(seconds) s")
    #expect(
      try outcome("return function() return 'fine' end", states) == "fine", "\(hostile.name)")
  }

  @Test func everyHostileFunctionEnds() throws {
    #expect(HostileCase.all.count >= 60)
    let failure = Mutex<(any Error)?>(nil)
    let done = WakeUp()
    nonisolated(unsafe) let test = self
    ScriptHost.startThread {
      for hostile in HostileCase.all {
        do { try test.run(hostile) } catch {
          failure.withLock { $0 = Failure("TEST", "\(hostile.name): \(error)") }
          break
        }
      }
      done.ring()
    }
    done.wait(untilMonotonicNs: .max / 2)
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
