import Glibc
import Script
import Testing

/// Runs the tests that are written in Lua (`Tests/Lua`) in a state of the binary's own.
@Suite struct StdlibTests {
  private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

  @Test func plansAndErrorsOfTheLuaApi() throws {
    let state = try LuaState()
    let path = Self.root + "/Tests/Lua/harness.lua"
    try state.setGlobal("arg", .table(LuaTable(others: [(key: .integer(0), value: .string(path))])))
    try state.run("dofile(arg[0])", name: "=test")
  }
}
