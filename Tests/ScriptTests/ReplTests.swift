import Contract
import Synchronization
import Testing

@testable import Script

@Suite struct ReplTests {
  /// Evaluates chunks and gives what was printed.
  private func printed(_ chunks: [String]) throws -> (String, [Repl.Result]) {
    let text = Mutex("")
    let repl = try Repl(try LuaState(), callbacks: CallbackQueue()) { piece in
      text.withLock { $0 += piece }
    }
    let results = chunks.map(repl.evaluate)
    return (text.withLock { $0 }, results)
  }

  @Test func expressionsAndStatements() throws {
    let (text, results) = try printed(["x = 5", "x + 1, 'a', nil", "print(x)", "local y = 1"])
    #expect(text == "6\ta\tnil\n5\n")
    #expect(results == [.done, .done, .done, .done])
  }

  @Test(arguments: ["for i = 1, 3 do", "f(", "x = {", "s = [[abc", "return 1 +", "if x then y()"])
  func incompleteChunksGoOn(_ text: String) throws {
    #expect(try printed([text]).1 == [.incomplete])
  }

  @Test func errorsArePrinted() throws {
    let (text, results) = try printed(["x = = 1", "error 'no'", "error('t', 0)"])
    #expect(results == [.failed, .failed, .failed])
    #expect(text.contains("stdin:1: LUA_ERROR: unexpected symbol near '='\n"))
    #expect(text.contains("stdin:1: LUA_ERROR: no\n"))
  }
}
