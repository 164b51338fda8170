import Contract
import Operators
import Synchronization
import Testing

@testable import Script

@Suite struct CallbackTests {
  @Test func aQueryThreadAsksTheScript() throws {
    let state = try LuaState()
    let queue = CallbackQueue()
    let double = try #require(
      state.run("n = 0 return function(x) n = n + 1 return 2 * x end", name: "@a.lua")[0].function)
    let answers = Mutex<[Int64]>([])
    let finished = Mutex(0)
    for number in 1...3 {
      WorkerPool.startThread {
        let result = try? queue.call { state in
          #expect(queue.isInCallback)
          #expect(throws: Failure.self) { try queue.refuseInCallback("awaitTermination") }
          return try state.call(double, [.integer(Int64(number))])[0].integer
        }
        answers.withLock { $0.append((result ?? nil) ?? -1) }
        finished.withLock { $0 += 1 }
        queue.wake()
      }
    }
    #expect(try queue.serve(state) { finished.withLock { $0 == 3 } })
    #expect(answers.withLock { $0.sorted() } == [2, 4, 6])
    #expect(try state.run("return n", name: "@a.lua")[0].integer == 3)
    #expect(!queue.isInCallback)
  }

  @Test func errorsAndTheEndReachTheAsker() throws {
    let state = try LuaState()
    let queue = CallbackQueue()
    let made = try state.run("return function() error 'no' end", name: "@a.lua")
    let fail = try #require(made[0].function)
    let seen = Mutex<[String]>([])
    WorkerPool.startThread {
      do { try queue.call { _ = try $0.call(fail) } } catch {
        seen.withLock { $0.append((error as? Failure)?.message ?? "") }
      }
      queue.wake()
      do { try queue.call { _ in } } catch {
        seen.withLock { $0.append((error as? Failure)?.condition ?? "") }
      }
      queue.wake()
    }
    try queue.serve(state) { seen.withLock { $0.count == 1 } }
    queue.close()
    try queue.serve(state) { seen.withLock { $0.count == 2 } }
    #expect(seen.withLock { $0 } == ["no", "SCRIPT_ENDED"])
    #expect(try !queue.serve(state, untilNs: 0) { false })
  }
}

@Suite struct JSONTests {
  private func run(_ text: String) throws -> LuaValue {
    let chunk = "local json = require 'moontide.json' return (" + text + ")"
    return try LuaState().run(chunk, name: "@a.lua")[0]
  }

  @Test(arguments: [
    #"{"a":[1,2.0,true,null,{}],"b":"é😀\n","c":[],"d":9223372036854775807,"e":1e+300}"#,
    "[]", "{}", "0.1", "-5",
  ])
  func roundTrips(_ text: String) throws {
    #expect(try run("json.encode(json.decode [==[\(text)]==])").string == text)
  }

  @Test(arguments: [
    (#""\u00e9\ud83d\ude00\ud800x""#, "é😀\u{FFFD}x"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
  ])
  func readsEscapes(_ text: String, _ result: String) throws {
    #expect(try run("json.decode [==[\(text)]==]").string == result)
  }

  @Test(arguments: [
    ("[1,]", "no value at line 1, column 4"), ("{\n \"a\" 1}", "`:` expected at line 2, column 6"),
    ("01", "no value"), ("\"a", "a string without an end at line 1, column 1"),
    ("[1]x", "text behind"),
    ("", "no value"), ("nul", "no value"),
  ])
  func refuses(_ text: String, _ message: String) throws {
    let failure = #expect(throws: Failure.self) { try run("json.decode [==[\(text)]==]") }
    #expect(failure?.condition == "MALFORMED_JSON")
    #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    #expect(failure?.origin == Origin(file: "a.lua", line: 1))
  }

  @Test func tellsIntegersFromFloats() throws {
    for (text, type) in [("1", "integer"), ("1.0", "float"), ("1e2", "float")] {
      #expect(try run("math.type(json.decode '\(text)')").string == type)
    }
    #expect(try run("tostring(json.null)").string == "null")
    #expect(try run("json.decode 'null' == require 'moontide.native'.null").boolean == true)
  }
}
