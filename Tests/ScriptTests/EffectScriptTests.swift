import Columns
import Contract
import Glibc
import Testing

@testable import Script

/// Writers, sources and sinks of a script's own, in queries that the script runs.
@Suite struct EffectScriptTests {
  /// Runs a script with `session`, a `note` that any state may call, and `noted`, which gives what
  /// was noted; gives what the script returns, as texts.
  private func run(_ text: String, isSealed: Bool = false) throws -> [String] {
    let directory = "/tmp/moontide-effects-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    try #require(mkdir(directory, 0o700) == 0)
    let state = try LuaState()
    let driver = try Driver(state, session: .standard(), isSealed: isSealed)
    defer {
      _ = try? state.run("os.execute('rm -r \(directory)')", name: "=test")
      withExtendedLifetime(driver) {}
    }
    let opening = """
      local moontide = require "moontide"
      local session = moontide.session { master = "local[1]" }
      local dir = "\(directory)"
      local function note(...)
        local file = assert(io.open(dir .. "/notes", "a"))
        file:write(table.concat({ ... }, " "), "\\n")
        file:close()
      end
      local function noted()
        local file = io.open(dir .. "/notes")
        if not file then return "" end
        local text = file:read "a"
        file:close()
        os.remove(dir .. "/notes")
        return (text:gsub("\\n", ";"))
      end
      local function failure(fn, ...)
        local ok, err = pcall(fn, ...)
        return ok and "no error" or err.message .. " @" .. tostring(err)
      end
      """
    let lines = opening.split(separator: "\n").joined(separator: " ")
    return try state.run(lines + "\n" + text, name: "@a.lua").map { $0.string ?? "\($0)" }
  }

  // MARK: foreach

  @Test func writerKeepsItsFieldsAndSkipsWhatItDoesNotOpen() throws {
    let notes = try run(
      """
      local input = session:memoryStream "x BIGINT"
      local query = input:toDF().writeStream:foreach {
        open = function(self, partition, epoch)
          self.count = 0
          note("open", partition, epoch)
          return epoch ~= 1
        end,
        process = function(self, row)
          self.count = self.count + 1
          note("row", self.count, row.x)
        end,
        close = function(self, err) note("close", self.count, tostring(err)) end,
      }:start()
      input:addData { { 7 }, { 8 } }
      query:processAllAvailable()
      local first = noted()
      input:addData { { 9 } }
      query:processAllAvailable()
      query:stop()
      return first, noted()
      """)
    #expect(notes == ["open 0 0;row 1 7;row 2 8;close 2 nil;", "open 0 1;close 0 nil;"])
  }

  /// What each function raises ends the query with its line; `close` hears of it once.
  @Test(arguments: [
    ("open", "open;"), ("process", "open;process;close bad process;"),
    ("close", "open;process;close nil;"),
  ])
  func writerFails(_ function: String, _ notes: String) throws {
    let result = try run(
      """
      local bad = "\(function)"
      local function fail(name) if name == bad then error("bad " .. name, 0) end end
      local input = session:memoryStream "x BIGINT"
      local query = input:toDF().writeStream:foreach {
        open = function(self) note "open" fail "open" return true end,
        process = function(self, row) note "process" fail "process" end,
        close = function(self, err) note("close", tostring(err and err.message)) fail "close" end,
      }:start()
      input:addData { { 7 } }
      return failure(query.processAllAvailable, query), noted()
      """)
    #expect(result[0].hasPrefix("bad \(function) @"))
    #expect(result[0].contains("stack traceback"))
    #expect(result[0].contains("a.lua:3"))
    #expect(result[1] == notes)
  }

  @Test func writerUsesSQLite() throws {
    // Where the rock is not installed there is nothing to test.
    let isInstalled = try run("return tostring((pcall(require, 'luasql.sqlite3')))")
    if isInstalled == ["false"] { return }
    let result = try run(
      """
      local input = session:memoryStream "id BIGINT, name STRING"
      local query = input:toDF().writeStream:foreach {
        open = function(self)
          self.environment = require "luasql.sqlite3".sqlite3()
          self.database = assert(self.environment:connect(dir .. "/out.db"))
          assert(self.database:execute(
            "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT)"))
          return true
        end,
        process = function(self, row)
          assert(self.database:execute(
            ("INSERT OR REPLACE INTO t VALUES (%d, '%s')"):format(row.id, row.name)))
        end,
        close = function(self) self.database:close() self.environment:close() end,
      }:start()
      input:addData { { 1, "a" }, { 2, "b" } }
      query:processAllAvailable()
      input:addData { { 2, "c" } }
      query:processAllAvailable()
      query:stop()
      local database = require "luasql.sqlite3".sqlite3():connect(dir .. "/out.db")
      local cursor = database:execute "SELECT group_concat(id || name) FROM t"
      return (cursor:fetch())
      """)
    #expect(result == ["1a,2c"])
  }

  @Test func sealedStatesHaveNoFiles() throws {
    let result = try run(
      """
      local input = session:memoryStream "x BIGINT"
      local query = input:toDF().writeStream:foreach(function(row) note(row.x) end):start()
      input:addData { { 7 } }
      return failure(query.processAllAvailable, query), noted()
      """, isSealed: true)
    #expect(result[0] != "no error")
    #expect(result[1] == "")
  }

  // MARK: Sources and sinks

  /// A source of numbers, at most two a batch, whose functions fail when `bad` names them; a sink
  /// that notes, which works once there is a file `mended`. `go(top)` runs a
  /// query over both to its end.
  private static let own = """
    local function fail(name)
      if name == bad and not io.open(dir .. "/mended") then error("bad " .. name, 0) end
    end
    moontide.source {
      name = "counter", options = { "upTo" },
      schema = function(options) return "n BIGINT" end,
      initialOffset = function(self) fail "initialOffset" return { at = 0, kind = "n" } end,
      latestOffset = function(self, from, limit)
        fail "latestOffset"
        local top = tonumber(self.options.upTo)
        return { kind = "n", at = limit and top or math.min(from.at + 2, top) }
      end,
      read = function(self, from, to)
        fail "read"
        note("read", from.at, to.at)
        local rows = {}
        for n = from.at + 1, to.at do rows[#rows + 1] = { n = n } end
        return rows
      end,
      commit = function(self, to) note("release", to.at) end,
      close = function(self) note "source closed" end,
    }
    moontide.sink {
      name = "notes", modes = { "append", "update" },
      open = function(self, id) fail "open" self.rows = {} end,
      write = function(self, rows)
        for row in rows do self.rows[#self.rows + 1] = row.n end
        fail "write"
      end,
      commit = function(self, id)
        fail "commit"
        note("commit", id, table.concat(self.rows, ","))
      end,
      abort = function(self, id, err) note("abort", id, err.message) end,
      close = function(self) note "sink closed" end,
    }
    local function counter(top)
      return session.readStream:format "counter":option("upTo", top):load()
    end
    local function go(top)
      local query = counter(top).writeStream:format "notes"
        :option("checkpointLocation", dir .. "/checkpoint")
        :trigger { availableNow = true }:start()
      query:awaitTermination()
    end
    """

  @Test func availableNowGoesOnWhereItStood() throws {
    let result = try run(
      Self.own + """

        go(3)
        local first = noted()
        go(7)
        local second = noted()
        go(7)
        return first, second, noted()
        """)
    #expect(result[0] == "read 0 3;commit 0 1,2,3;source closed;sink closed;")
    #expect(result[1].contains("read 3 7;commit 1 4,5,6,7;"))
    #expect(!result[2].contains("read") && !result[2].contains("commit"))
  }

  @Test func batchesAreAsLargeAsTheSourceSays() throws {
    let result = try run(
      Self.own + """

        local query = counter(3).writeStream:format "notes":start()
        query:processAllAvailable()
        query:stop()
        local stream = noted()
        local rows = session.read:format "counter":option("upTo", 4):load():collect()
        return stream, #rows, rows[4].n, noted()
        """)
    #expect(result[0].contains("read 0 2;commit 0 1,2;"))
    #expect(result[0].contains("read 2 3;commit 1 3;"))
    #expect(result[3] == "read 0 4;source closed;")
  }

  @Test(arguments: ["initialOffset", "latestOffset", "read", "open", "write", "commit"])
  func functionFails(_ function: String) throws {
    let result = try run(
      "bad = '\(function)'\n" + Self.own + "\nreturn failure(go, 3), noted()")
    #expect(result[0].hasPrefix("bad \(function) @"))
    #expect(result[0].contains("a.lua:4: in upvalue 'fail'"))
    #expect(result[0].contains("stack traceback"))
    let isAborted = ["read", "write", "commit"].contains(function)
    #expect(result[1].contains("abort 0 bad \(function);") == isAborted)
    #expect(result[1].split(separator: ";").filter { $0.hasPrefix("abort") }.count <= 1)
    #expect(!result[1].contains("commit 0"))
  }

  /// The batch that failed comes again with its id and its offsets, though more is there by now.
  @Test(arguments: ["write", "commit"])
  func failedBatchIsRepeated(_ function: String) throws {
    let result = try run(
      "bad = '\(function)'\n" + Self.own + """

        failure(go, 3)
        local first = noted()
        io.open(dir .. "/mended", "w"):close()
        go(5)
        return first, noted()
        """)
    #expect(result[0].hasPrefix("read 0 3;abort 0 bad \(function);"))
    #expect(result[1].hasPrefix("read 0 3;commit 0 1,2,3;"))
    #expect(result[1].contains("read 3 5;commit 1 4,5;"))
  }

  @Test func declarationsAreChecked() throws {
    let result = try run(
      Self.own + """

        return failure(function() counter(3):groupBy "n":count().writeStream
            :format "notes":outputMode "complete":start() end),
          failure(function()
            return session.readStream:format "counter":option("upTwo", 1):load().schema
          end),
          failure(moontide.sink, { name = "Notes", write = print })
        """)
    #expect(result[0].contains("STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE"))
    #expect(result[1].contains("UNKNOWN_OPTION") && result[1].contains("upTo"))
    #expect(result[2].contains("DATA_SOURCE_ALREADY_EXISTS"))
  }
}
