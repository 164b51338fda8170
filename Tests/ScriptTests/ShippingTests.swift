import Contract
import Glibc
import Testing

@testable import Script

@Suite struct ShippingTests {
  /// Runs `text` in a driver state; the function it returns is called in a pure worker state.
  private func ship(
    _ text: String, _ arguments: [LuaValue] = [], kind: LuaState.Kind = .pure
  ) throws -> [LuaValue] {
    let driver = try LuaState()
    let value = try driver.run(text, name: "@a.lua")[0]
    let shipped = try ShippedFunction(value, in: driver)
    let worker = try WorkerState(kind, try WorkerSetting(of: driver))
    let function = try worker.instance(of: shipped)
    return try worker.lua.call(function, arguments)
  }

  private func failure(_ text: String, _ arguments: [LuaValue] = []) -> Failure? {
    #expect(throws: Failure.self) { try ship(text, arguments) }
  }

  @Test func upvaluesAndGlobalsTravel() throws {
    let result = try ship(
      """
      local rate, names = 0.5, { "a", "b", x = { y = 7 } }
      offset = 10
      function helper(n) return n * rate + offset + hidden end
      hidden = 1000
      local seen = { names = names }
      return function(n) return helper(n), names.x.y, seen.names == names, #names, unused end
      """, [4])
    #expect(result[0].number == 1012)
    #expect(result[1].integer == 7)
    #expect(result[2].boolean == true)
    #expect(result[3].integer == 2)
    #expect(result[4].isNil)
  }

  @Test func identityCyclesMetatablesAndSharedUpvalues() throws {
    let result = try ship(
      """
      local Point = {}
      Point.__index = Point
      Point.__add = function(a, b) return setmetatable({ x = a.x + b.x }, Point) end
      function Point:twice() return self.x * 2 end
      Point.origin = setmetatable({ x = 5 }, Point)
      local loop = {}
      loop.self = loop
      local n = 0
      local function up() n = n + 1 end
      local function get() return n end
      local function fact(k) return k <= 1 and 1 or k * fact(k - 1) end
      return function()
        up() up()
        local p = setmetatable({ x = 1 }, Point) + Point.origin
        return get(), n, loop.self == loop, p:twice(), getmetatable(p) == Point, fact(10),
          string.format("%d", 3), ("x"):rep(3)
      end
      """)
    #expect(result[0].integer == 2)
    #expect(result[1].integer == 2)
    #expect(result[2].boolean == true)
    #expect(result[3].integer == 12)
    #expect(result[4].boolean == true)
    #expect(result[5].integer == 3_628_800)
    #expect(result[6].string == "3")
    #expect(result[7].string == "xxx")
  }

  @Test func libraryFunctionsAndModulesMapToTheWorkers() throws {
    var template = Array("/tmp/moontide-modules-XXXXXX".utf8CString)
    let folder = String(cString: mkdtemp(&template))
    defer {
      _ = unlink(folder + "/util_shipped.lua")
      rmdir(folder)
    }
    let file = try #require(fopen(folder + "/util_shipped.lua", "w"))
    fputs("local m = { loads = 1 } function m.double(x) return 2 * x end return m", file)
    fclose(file)
    let result = try ship(
      """
      package.path = "\(folder)/?.lua;" .. package.path
      local util = require "util_shipped"
      local format, util_string = string.format, string
      local json = require "moontide.json"
      return function(x)
        return util.double(x), util == require "util_shipped", format("%02d", x),
          util_string == string, json ~= nil, math.max(1, x)
      end
      """, [4])
    #expect(result[0].integer == 8)
    #expect(result[1].boolean == true)
    #expect(result[2].string == "04")
    #expect(result[3].boolean == true)
    #expect(result[5].integer == 4)
  }

  @Test(arguments: [
    (
      "local cfg = { inner = { c = coroutine.create(print) } } return function() return cfg end",
      "function at a.lua:1 → upvalue 'cfg'.inner.c is a coroutine"
    ),
    (
      "local f = io.stdout return function() return f end",
      "function at a.lua:1 → upvalue 'f' is a userdata"
    ),
    (
      "local it = ('x'):gmatch('.') return function() return it() end",
      "function at a.lua:1 → upvalue 'it' is a C function"
    ),
    (
      "local c = coroutine.create(print)\nlocal function h() return c end\n"
        + "return function() return h() end",
      "function at a.lua:3 → upvalue 'h' (function at a.lua:2) → upvalue 'c' is a coroutine"
    ),
  ])
  func whatCannotTravelIsNamed(_ text: String, _ message: String) throws {
    let failure = failure(text)
    #expect(failure?.condition == "UNSHIPPABLE_FUNCTION")
    #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
  }

  @Test func anUnshippableGlobalRaisesWhenUsed() throws {
    let text =
      "conn = coroutine.create(print)\n"
      + "return function(use) if use then return conn end return 1 end"
    #expect(try ship(text, [false])[0].integer == 1)
    let failure = failure(text, [true])
    #expect(failure?.condition == "UNSHIPPABLE_FUNCTION")
    let path = "function at a.lua:2 → global 'conn' is a coroutine"
    #expect(failure?.message.hasPrefix(path) == true)
    #expect(failure?.origin == Origin(file: "a.lua", line: 2))
  }

  @Test func pureStatesReachNothing() throws {
    let result = try ship(
      """
      return function()
        return io, os.execute, debug, string.dump, package.loadlib, dofile, loadfile,
          coroutine.close, os.getenv, load("\\27Lua"), pcall(load, "return 1", "x", "b")
      end
      """)
    for value in result.prefix(9) { #expect(value.isNil) }
    let more = try ship(
      """
      return function()
        local t = setmetatable({}, {
          __gc = error, __mode = "k", __concat = error, __len = function() return 9 end,
        })
        local ok = pcall(function() return t .. "x" end)
        return #t, ok, getmetatable(""), load("return 5")(), load(string.gmatch("return 6", "."))(),
          getmetatable(t).__mode
      end
      """)
    #expect(more[0].integer == 9)
    #expect(more[1].boolean == false)
    #expect(more[2].boolean == false)
    #expect(more[3].integer == 5)
    #expect(more[4].integer == 6)
    #expect(more[5].string == "k")
  }

  @Test func timeAndChanceComeFromTheBatch() throws {
    let driver = try LuaState()
    let value = try driver.run(
      """
      return function()
        return os.time(), os.date("%Y-%m-%d %H:%M"), math.random(1 << 40),
          os.time { year = 1970, month = 1, day = 2, hour = 0 }
      end
      """, name: "@a.lua")[0]
    let shipped = try ShippedFunction(value, in: driver)
    let context = BatchContext(batchTimeUs: 86_400_000_000 * 365, seed: 7, partition: 1)
    var draws: [Int64?] = []
    for _ in 0..<2 {
      let worker = try WorkerState(.pure, try WorkerSetting(of: driver))
      try worker.begin(context)
      let result = try worker.lua.call(worker.instance(of: shipped))
      #expect(result[0].integer == 31_536_000)
      #expect(result[1].string == "1971-01-01 00:00")
      #expect(result[3].integer == 86_400)
      draws.append(result[2].integer)
    }
    #expect(draws[0] == draws[1])
  }

  @Test func hashesTellCodeAndDataApart() throws {
    func hash(_ text: String) throws -> UInt64 {
      let driver = try LuaState()
      return try ShippedFunction(try driver.run(text, name: "@a.lua")[0], in: driver).hash
    }
    let add = "return function(x) return t.a + x end"
    let one = try hash("local t = { a = 1, b = 2, c = 3 } " + add)
    #expect(try hash("\n\nlocal t = { c = 3, b = 2, a = 1 }\n" + add) == one)
    #expect(try hash("local t = { a = 2, b = 2, c = 3 } " + add) != one)
    #expect(
      try hash("local t = { a = 1, b = 2, c = 3 } return function(x) return t.a - x end") != one)
  }

  @Test func effectStatesHaveEverything() throws {
    let result = try ship(
      "return function() return io ~= nil, os.getenv('PATH') ~= nil end", kind: .whole)
    #expect(result[0].boolean == true)
    #expect(result[1].boolean == true)
  }
}
