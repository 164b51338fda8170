import CLua
import Contract
import Testing

@testable import Script

@Suite struct LuaStateTests {
  @Test func valuesGoInAndOut() throws {
    let state = try LuaState()
    let results = try state.run(
      "local a, b, t = ... return b, a, t, #t, t.x.y, nil, 1.5", name: "@t.lua",
      [1, "zwei", .table(LuaTable([1, 2, .null], fields: ["x": .record(["y": "ü"])]))])
    #expect(results[0].string == "zwei")
    #expect(results[1].integer == 1)
    #expect(results[2].table?.list.count == 3)
    #expect(results[2].table?.list[2].isNull == true)
    #expect(results[2].table?["x"].table?["y"].string == "ü")
    #expect(results[3].integer == 3)
    #expect(results[5].isNil)
    #expect(results[6].number == 1.5)
  }

  @Test func failuresKeepEverything() throws {
    let state = try LuaState()
    let failure = Failure(
      "A.B", "It is so", hint: "Do not", details: ["one", "two"],
      origin: Origin(file: "a:b.lua", line: 7), traceback: "stack", cause: Failure("C", "deep"))
    try state.register("test", ["fail": { _ in throw failure }])
    let shown = try state.run(
      """
      local ok, err = pcall(require "test".fail)
      return tostring(err), err.class
      """, name: "@t.lua")
    #expect(shown[0].string == failure.description)
    #expect(shown[1].string == "A.B")
    let thrown = #expect(throws: Failure.self) {
      try state.run("require('test').fail()", name: "@t.lua")
    }
    #expect(thrown?.description == failure.description)
    #expect(thrown?.cause?.message == "deep")
  }

  @Test(
    arguments: [
      ("error 'x'", "x", 1), ("error('x', 0)", "x", nil), ("error(nil)", "nil", nil),
      ("local a\nreturn a.b", "attempt to index a nil value (local 'a')", 2),
      ("error({})", "table: ", nil), ("error(5)", "5", nil),
      (
        "error(setmetatable({}, {__tostring = function() error 'no' end}))",
        "a table that cannot be shown", nil
      ),
      ("error(setmetatable({}, {__tostring = function() return 'yes' end}))", "yes", nil),
      ("error(string.rep('x', 1000000), 0)", "xxx", nil),
      ("error(setmetatable({class = 5}, {__index = function() error 'no' end}))", "table: ", nil),
      ("local function f() return 1 + f() end f()", "stack overflow", 1),
    ] as [(String, String, Int?)])
  func anyErrorIsUnderstood(_ text: String, _ message: String, _ line: Int?) throws {
    let state = try LuaState()
    let failure = #expect(throws: Failure.self) { try state.run(text, name: "@t.lua") }
    #expect(failure?.condition == "LUA_ERROR")
    #expect(failure?.message.hasPrefix(message) == true)
    #expect(failure?.origin?.line == line)
    #expect(failure?.traceback?.contains("stack traceback") == true)
    #expect((failure?.message.utf8.count ?? 0) <= 65536)
  }

  @Test func referencesAndObjectsAreLetGo() throws {
    final class Thing: LuaObject {
      static let luaClass = "test.Thing"
      nonisolated(unsafe) static var live = 0
      init() { Thing.live += 1 }
      deinit { Thing.live -= 1 }
    }
    let state = try LuaState()
    try state.registerClass(
      Thing.self,
      [
        "__tostring": { call in
          _ = try call.object(1, as: Thing.self)
          return try call.push("a thing")
        }
      ])
    try state.register("test", ["make": { call in try call.push(.object(Thing())) }])
    let text = try state.run(
      "local make = require 'test'.make for i = 1, 100 do make() end return tostring(make())",
      name: "@t.lua")
    #expect(text[0].string == "a thing")
    try state.run("collectgarbage() collectgarbage()", name: "@t.lua")
    try state.setGlobal("x", nil)
    #expect(Thing.live == 0)
  }
}
