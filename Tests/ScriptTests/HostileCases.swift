/// One function that does harm, and what comes of it.
struct HostileCase: Sendable {
  let name: String
  let body: String
  /// Part of the result or of `condition: message`.
  let expected: String

  init(_ name: String, _ expected: String, _ statements: String) {
    self.name = name
    self.expected = expected
    body = "return function(x) " + statements + " end"
  }

  private static let timeout = "USER_FUNCTION_TIMEOUT: the function computed for more than 0.06 s"
  private static let memory = "USER_FUNCTION_OUT_OF_MEMORY: a Lua state of a worker needs more than"

  static let all = loops + textBombs + tableBombs + memoryBombs + recursion + escapes + errors

  // MARK: Loops

  private static let loops: [HostileCase] = [
    .init("a loop", timeout, "while true do end"),
    .init("goto", timeout, "::again:: goto again"),
    .init("repeat", timeout, "repeat local y = x until false"),
    .init("a loop in a coroutine", timeout, "coroutine.wrap(function() while true do end end)()"),
    .init(
      "a loop in a coroutine in pcall", timeout,
      "pcall(coroutine.wrap(function() while true do end end)) return 'out'"),
    .init(
      "a loop in resume", timeout,
      """
      local co = coroutine.create(function() pcall(function() while true do end end) end)
      return tostring(coroutine.resume(co))
      """),
    .init(
      "coroutines in coroutines", timeout,
      """
      local function deep(n)
        if n == 0 then while true do end end
        pcall(coroutine.wrap(deep), n - 1) return deep(n - 1)
      end
      deep(50)
      """),
    .init(
      "a coroutine that was begun before", timeout,
      """
      local co = coroutine.wrap(function() coroutine.yield() while true do end end)
      co() pcall(co) return 'out'
      """),
    .init("pcall again and again", timeout, "local function f() pcall(f) f() end f()"),
    .init(
      "pcall in a loop", timeout, "while true do pcall(function() while true do end end) end"),
    .init(
      "resume in a loop", timeout,
      """
      while true do
        coroutine.resume(coroutine.create(function() error('no') end))
      end
      """),
    .init(
      "a message handler that loops", timeout,
      "xpcall(function() while true do end end, function() while true do end end) return 'out'"),
    .init(
      "a message handler that loops at once", timeout,
      "xpcall(error, function() while true do end end) return 'out'"),
    .init(
      "a variable that loops when closed", timeout,
      """
      local t <close> = setmetatable({}, { __close = function() while true do end end })
      while true do end
      """),
    .init(
      "many variables that loop when closed", timeout,
      """
      local mt = { __close = function() while true do end end }
      local function f(n)
        local t <close> = setmetatable({}, mt)
        if n > 0 then return (f(n - 1)) end
        while true do end
      end
      pcall(f, 100)
      """),
    .init(
      "a closed variable in a coroutine", timeout,
      """
      local co = coroutine.wrap(function()
        local t <close> = setmetatable({}, { __close = function() while true do end end })
        error('no')
      end)
      pcall(co) return 'out'
      """),
    .init(
      "__index that loops", timeout,
      "return setmetatable({}, { __index = function() while true do end end }).x"),
    .init(
      "__eq that loops", timeout,
      """
      local mt = { __eq = function() while true do end end }
      return tostring(setmetatable({}, mt) == setmetatable({}, mt))
      """),
    .init(
      "__tostring that loops", timeout,
      "return tostring(setmetatable({}, { __tostring = function() while true do end end }))"),
    .init(
      "__pairs that never ends", timeout,
      """
      local mt = { __pairs = function() return function(_, k) return (k or 0) + 1 end end }
      for _ in pairs(setmetatable({}, mt)) do end
      """),
    .init("load that reads for ever", timeout, "load(function() while true do end end)"),
    .init(
      "load that reads without end", "a chunk of more than 1 MiB",
      "return select(2, load(function() return 'x = 1 ' end))"),
    .init(
      "a comparison that loops", timeout,
      "table.sort({ 3, 2, 1 }, function() while true do end end)"),
    .init(
      "a replacement that loops", timeout, "('x'):gsub('.', function() while true do end end)"),
    .init("calls of C for ever", timeout, "while true do local s = tostring(x) end"),
  ]

  // MARK: Text

  private static let textBombs: [HostileCase] = [
    .init(
      "a pattern of many stars", timeout,
      "return (('a'):rep(200)):match(('a*'):rep(12) .. 'b') or 'none'"),
    .init(
      "lazy repetitions", timeout, "return tostring((('x'):rep(1 << 21)):find('.-.-.-b'))"),
    .init("gsub of a star", timeout, "return (('a'):rep(1 << 20):gsub('a*b', ''))"),
    .init("gmatch of a star", timeout, "for _ in ('a'):rep(1 << 20):gmatch('a*b') do end"),
    .init("a set", timeout, "return ('a'):rep(300):match(('[ab]*'):rep(10) .. 'c')"),
    .init("optional characters", timeout, "return ('a'):rep(30):match(('a?'):rep(60) .. 'b')"),
    .init(
      "a pattern in a coroutine in pcall", timeout,
      """
      pcall(coroutine.wrap(function() ('a'):rep(200):match(('a*'):rep(12) .. 'b') end))
      return 'out'
      """),
    .init("captures inside each other", "too many captures", "('x'):match(('('):rep(50))"),
    .init("a pattern too deep", "pattern too complex", "('a'):rep(999):match(('a?'):rep(400))"),
    .init("a pattern that is none", "malformed pattern", "('a'):match('[')"),
    .init("nothing, often", "0", "return tostring(#string.rep('', 1 << 60))"),
    .init("nothing with nothing between", "0", "return '' .. #string.rep('', 1 << 62, '')"),
    .init("a long text", "resulting string too large", "return ('x'):rep(1 << 40)"),
    .init("a longer text", "resulting string too large", "return ('xy'):rep(1 << 62)"),
    .init("a long separator", memory, "return ('x'):rep(1 << 20, ('y'):rep(1 << 10))"),
    .init("wide formats", "invalid conversion", "return ('%999d'):format(1)"),
    .init("precise formats", "invalid conversion", "return ('%.999f'):format(1)"),
    .init(
      "long formats", memory,
      """
      local t = {} for i = 1, 100 do t[i] = ('x'):rep(1 << 20) end
      return (('%s'):rep(100)):format(table.unpack(t))
      """),
    .init(
      "long texts in formats", memory,
      """
      local t, s = {}, ('x'):rep(1 << 20) for i = 1, 100 do t[i] = s end
      return (('%s'):rep(100)):format(table.unpack(t))
      """),
    .init("gsub that grows", memory, "local s = 'x' while true do s = s:gsub('.+', '%0%0') end"),
  ]

  // MARK: Tables

  private static let tableBombs: [HostileCase] = [
    .init("move of a range", timeout, "table.move({}, 1, 1 << 40, 2)"),
    .init("move by __index", timeout, huge + "table.move(t, 1, 1 << 40, 1, {})"),
    .init("insert by __len", timeout, huge + "table.insert(t, 1, 0)"),
    .init("remove by __len", timeout, huge + "table.remove(t, 1)"),
    .init(
      "sort by __len", timeout,
      "table.sort(setmetatable({}, { __len = function() return 1 << 30 end }), "
        + "os.clock)"),
    .init("sort of too much", "array too big", huge + "table.sort(t)"),
    .init(
      "sort without an order", "sorted",
      """
      local t = {} for i = 1, 2000 do t[i] = i * 7919 % 997 end
      local n = 0
      table.sort(t, function() n = n + 1 return n % 3 == 0 end) return 'sorted'
      """),
    .init("concat of a range", "invalid value", "return table.concat({}, '', 1, 1 << 40)"),
    .init("concat of what never ends", timeout, endless + "table.concat(t, '', 1, 1 << 40)"),
    .init("unpack of a range", "too many results", "return table.unpack({}, 1, 1 << 40)"),
    .init("insert in front", timeout, "local t = {} while true do table.insert(t, 1, 0) end"),
    .init("next for ever", timeout, "local t = { 1 } while next(t) do end"),
  ]

  private static let huge =
    "local t = setmetatable({}, { __len = function() return 1 << 60 end }) "
  private static let endless =
    "local again = ('x'):rep(1 << 24):gmatch('') "
    + "local t = setmetatable({}, { __index = function(_, k) return again() or again end }) "
    + "while true do pcall(table.concat, t, '', 1, 1 << 22) end "

  // MARK: Memory

  private static let memoryBombs: [HostileCase] = [
    .init("a table that grows", memory, "local t = {} while true do t[#t + 1] = {} end"),
    .init("a text that grows", memory, "local s = 'xxxxxxxx' while true do s = s .. s end"),
    .init(
      "growth that pcall hides", memory,
      "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end"),
    .init(
      "growth in a coroutine", memory,
      "return tostring(coroutine.resume(coroutine.create(function() return ('x'):rep(1 << 30) end)))"
    ),
    .init(
      "growth in a message handler", memory,
      "xpcall(error, function() return ('x'):rep(1 << 30) end) return 'out'"),
    .init("a hash part", memory, "local t = {} for i = 1, 1 << 30 do t[i * 3.5] = i end"),
    .init(
      "closures", memory, "local f for i = 1, 1 << 30 do local g = f f = function() g() end end"),
    .init("collection stopped", "not available in a worker", "collectgarbage('stop')"),
    .init(
      "coroutines kept", "more than 1000 coroutines",
      "local t = {} while true do t[#t + 1] = coroutine.create(print) end"),
    .init(
      "coroutines let go", "fine",
      """
      for i = 1, 5000 do
        coroutine.wrap(function() coroutine.yield() end)()
        coroutine.wrap(function() end)()
      end
      return 'fine'
      """),
    .init("a result that is too long", memory, "return ('x'):rep(1 << 26)"),
    .init(
      "parser: nested", "C stack overflow", "return select(2, load('return ' .. ('('):rep(100000)))"
    ),
    .init(
      "parser: tables", "C stack overflow", "return select(2, load('return ' .. ('{'):rep(100000)))"
    ),
    .init("parser: long", "more than 1 MiB", "return select(2, load(('x = 1 '):rep(1 << 19)))"),
    .init(
      "parser: locals", "too many local variables",
      "return select(2, load(('local x '):rep(300)))"),
  ]

  // MARK: Recursion

  private static let recursion: [HostileCase] = [
    .init("of a function", memory, "local function f() return 1 + f() end return f()"),
    .init("in pcall", "out", "local function f() return pcall(f) end f() return 'out'"),
    .init(
      "in gsub", "stack overflow",
      "local function f() return (('x'):gsub('.', f)) end return f()"),
    .init(
      "in sort", "stack overflow",
      "local function f() table.sort({ 2, 1 }, f) return false end f()"),
    .init(
      "in __index", "stack overflow",
      """
      local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
      return t[1]
      """),
    .init(
      "in tostring", "stack overflow",
      "local t = {} setmetatable(t, { __tostring = function() return tostring(t) end }) "
        + "return tostring(t)"),
    .init(
      "in coroutines", "stack overflow",
      "local function f() return coroutine.wrap(f)() end return f()"),
    .init(
      "in coroutines that fail as they close", "C stack overflow",
      """
      local function f()
        local t <close> = setmetatable({}, { __close = function() coroutine.wrap(f)() end })
        error('no')
      end
      coroutine.wrap(f)()
      """),
    .init(
      "of __index chains", "loop",
      "local t = {} t.__index = t setmetatable(t, t) return tostring(t.x) .. 'loop'"),
    .init("in require", "module 'nowhere' not found", "require 'nowhere'"),
  ]
}
