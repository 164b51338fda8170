extension HostileCase {
  // MARK: Ways out

  static let escapes: [HostileCase] = [
    // Crashes Lua 5.4.4 as Debian has it where `__concat` can be set.
    .init(
      "__concat that moves the stack", "attempt to concatenate",
      """
      local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end
      local o = setmetatable({}, { __concat = function() deep(3000) return 'M' end })
      return select(2, pcall(coroutine.wrap(function() return 'a' .. 'b' .. o .. 'c' .. 'd' end)))
      """),
    .init("coroutine.close", "nil", "return type(coroutine.close)"),
    .init(
      "__gc", "never",
      """
      local ran = 'never'
      for _ = 1, 100 do setmetatable({}, { __gc = function() ran = 'ran' end }) end
      collectgarbage() collectgarbage() return ran
      """),
    .init(
      "weak tables", "held",
      """
      local t = setmetatable({}, { __mode = 'v' })
      t[1] = {} collectgarbage() return t[1] and 'held' or 'gone'
      """),
    .init(
      "a metatable changed later", "attempt to concatenate",
      """
      local mt = {} local o = setmetatable({}, mt)
      mt.__concat = function() return 'x' end
      setmetatable({}, mt) return o .. 'y'
      """),
    .init("bytecode", "attempt to load a binary chunk", "return select(2, load('\\27Lua'))"),
    .init("string.dump", "nil", "return type(string.dump)"),
    .init("the strings' metatable", "false", "return tostring(getmetatable(''))"),
    .init("debug", "nil", "return type(debug)"),
    .init("require debug", "module 'debug' not found", "require 'debug'"),
    .init("io", "nil", "return type(io)"),
    .init("require io", "module 'io' not found", "require 'io'"),
    .init("os.execute", "nil", "return type(os.execute)"),
    .init("os.exit", "nil", "return type(os.exit)"),
    .init("os.remove", "nil", "return type(os.remove)"),
    .init("os.getenv", "nil", "return type(os.getenv)"),
    .init("dofile", "nil", "return type(dofile)"),
    .init("loadfile", "nil", "return type(loadfile)"),
    .init("package.loadlib", "nil", "return type(package.loadlib)"),
    .init("package.cpath", "nil", "return type(package.cpath)"),
    .init("a library changed", "cannot be changed", "string.upper = print"),
    .init("a library changed raw", "cannot be changed", "rawset(math, 'floor', print)"),
    .init("a library's metatable", "protected metatable", "setmetatable(table, {})"),
    .init("a library is read", "A", "return string.upper 'a'"),
    .init(
      "a library is gone through", "true",
      "for k in pairs(math) do if k == 'floor' then return 'true' end end"),
    .init("the engine", "UNAVAILABLE_IN_WORKER", "require('moontide').session {}"),
    .init("the engine's own functions", "nil", "return type(require('moontide.engine').start)"),
    .init("os.exit in load", "attempt to call a nil value", "load('os.exit(3)')()"),
    .init("load has the function's globals", "7", "y = 7 return tostring(load('return y')())"),
  ]

  // MARK: Errors of every kind

  static let errors: [HostileCase] = [
    .init("nil", "LUA_ERROR: nil", "error()"),
    .init("a number", "LUA_ERROR: 5", "error(5)"),
    .init("a boolean", "LUA_ERROR: false", "error(false)"),
    .init("a function", "LUA_ERROR: function: ", "error(error)"),
    .init("a coroutine", "LUA_ERROR: thread: ", "error(coroutine.create(error))"),
    .init("a table", "LUA_ERROR: table: ", "error {}"),
    .init("null", "LUA_ERROR: null", "error(require('moontide').null)"),
    .init(
      "__tostring that raises", "LUA_ERROR: a table that cannot be shown",
      "error(setmetatable({}, { __tostring = function() error('no') end }))"),
    .init(
      "__tostring that gives no text", "LUA_ERROR: a table that cannot be shown",
      "error(setmetatable({}, { __tostring = function() return {} end }))"),
    .init(
      "__tostring that loops", "USER_FUNCTION_TIMEOUT",
      "error(setmetatable({}, { __tostring = function() while true do end end }))"),
    .init("a name", "LUA_ERROR: Thing: ", "error(setmetatable({}, { __name = 'Thing' }))"),
    .init("a long text", "LUA_ERROR: xxxx", "error(('x'):rep(1 << 22), 0)"),
    .init("a text with zeros", "LUA_ERROR: a\0b", "error('a\\0b', 0)"),
    .init("a text that is no text", "LUA_ERROR: \u{FFFD}", "error('\\255', 0)"),
    .init("a class of its own", "MINE: mine", "error { class = 'MINE', message = 'mine' }"),
    .init(
      "a long message", "MINE: yyyy", "error { class = 'MINE', message = ('y'):rep(1 << 22) }"),
    .init(
      "a table with everything", "MINE: an error without",
      "local t = { class = 'MINE' } for i = 1, 1e5 do t[i] = {} end t.t = t error(t)"),
    .init(
      "a cause that is itself", "MINE: m",
      "local t = { class = 'MINE', message = 'm' } t.cause = t error(t)"),
    .init(
      "an error in a closing variable", "LUA_ERROR: second",
      """
      local t <close> = setmetatable({}, { __close = function() error('second', 0) end })
      error('first', 0)
      """),
    .init(
      "a message handler that raises", "out",
      "xpcall(error, function() error('again') end, 'x') return 'out'"),
    .init("a deep traceback", "LUA_ERROR: deep", deep),
  ]

  private static let deep = """
    local function f(n) if n == 0 then error('deep', 0) end f(n - 1) return 1 end f(10000)
    """
}
