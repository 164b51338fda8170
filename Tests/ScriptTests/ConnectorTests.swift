import Columns
import Connectors
import Contract
import Testing

@testable import Script

@Suite struct LuaConnectorTests {
  private let driver: LuaState
  private let setting: WorkerSetting

  init() throws {
    driver = try LuaState()
    setting = try WorkerSetting(of: driver)
  }

  private let schema = Schema([Field("x", .long)])

  private func batch(_ values: [Int64]) -> Batch {
    let builder = VectorBuilder(.long)
    for value in values { builder.append(integer: value) }
    return Batch([builder.finish()], count: values.count)
  }

  private func table(_ text: String) throws -> LuaTable {
    try #require(driver.run("return " + text, name: "@a.lua")[0].table)
  }

  private func sinkRequest(host: (any Sendable)? = nil) -> SinkRequest {
    SinkRequest(
      format: "own", schema: schema, options: Options([("Target", "here")]), settings: Settings([]),
      context: FormatContext(), clock: SystemClock(), host: host)
  }

  @Test func foreach() throws {
    let functions = try ForeachFunctions(
      table(
        """
        {
          open = function(self, partition, epoch)
            self.log = { partition, epoch }
            return epoch == 0
          end,
          process = function(self, row)
            if row.x == 99 then error "bad" end
            self.log[#self.log + 1] = row.x
          end,
          close = function(self, err)
            local f = io.open(os.getenv "HOME" .. "/.moontide_test", "w")
            f:write(table.concat(self.log, ","), " ", err and err.message or "done") f:close()
          end,
        }
        """), in: driver, setting: setting)
    let sink = try ForeachSink.spec.open(sinkRequest(host: functions))
    func written() throws -> String? {
      try driver.run(
        """
        local name = os.getenv "HOME" .. "/.moontide_test"
        local f = io.open(name)
        local s = f:read "a"
        f:close()
        os.remove(name)
        return s
        """, name: "@a.lua")[0].string
    }
    let first = try #require(try sink.begin(batch: 0, mode: .append))
    let writer = try first.writer(partition: 3)
    try writer.write(batch([7, 8]))
    try writer.close()
    #expect(try written() == "3,0,7,8 done")
    let second = try #require(try sink.begin(batch: 1, mode: .append)).writer(partition: 0)
    try second.write(batch([5]))
    try second.close()
    #expect(try written() == "0,1 done")
    let third = try #require(try sink.begin(batch: 0, mode: .append)).writer(partition: 0)
    let failure = #expect(throws: Failure.self) { try third.write(batch([1, 99])) }
    #expect(failure?.message == "bad")
    third.abort(try #require(failure))
    #expect(try written() == "0,0,1 bad")
  }

  @Test func ownSink() throws {
    let declared = LuaConnector(
      try table(
        """
        { name = "own", options = { "target" }, modes = { "append", "update" },
          open = function(self, id) self.rows = {} end,
          write = function(self, rows) for row in rows do self.rows[#self.rows + 1] = row.x end end,
          commit = function(self, id)
            if self.rows[1] ~= 1 or #self.rows ~= 3 or self.options.target ~= "here" then
              error("rows " .. table.concat(self.rows, ","))
            end
            error("committed " .. id, 0)
          end }
        """), in: driver, kind: "sink", setting: { setting })
    let spec = LuaSink.spec(declared)
    #expect(spec.modes == [.append, .update])
    let sink = try spec.open(sinkRequest(host: try declared.capture()))
    let batch = try #require(try sink.begin(batch: 4, mode: .append))
    for rows in [[1, 2], [3]] as [[Int64]] {
      let writer = try batch.writer(partition: 0)
      try writer.write(self.batch(rows))
      try writer.close()
    }
    let failure = #expect(throws: Failure.self) { try batch.commit() }
    #expect(failure?.message == "committed 4")
  }

  @Test func ownSource() throws {
    let declared = LuaConnector(
      try table(
        """
        { name = "own", options = { "step" },
          schema = function(options)
            local T = require "moontide.types"
            return T.struct { { "n", T.long }, { "s", T.string } }
          end,
          initialOffset = function(self) return { at = 0 } end,
          latestOffset = function(self, from)
            return { at = from.at + tonumber(self.options.step) }
          end,
          read = function(self, from, to)
            local n = from.at
            return function() if n < to.at then n = n + 1 return { n, "row " .. n } end end
          end,
          commit = function(self, to) error("commit " .. to.at, 0) end }
        """), in: driver, kind: "source", setting: { setting })
    let spec = LuaSource.spec(declared)
    let request = SourceRequest(
      format: "own", schema: nil, options: Options([("step", "3")]), settings: Settings([]),
      context: FormatContext(), clock: SystemClock())
    let open = try #require(spec.stream)
    let source = try open(request, "")
    #expect(source.schema == Schema([Field("n", .long), Field("s", .string)]))
    let start = try #require(try source.initialOffset())
    let end = try #require(try source.latestOffset(from: start, limit: .asConfigured))
    #expect(end.json == #"{"at":3}"#)
    let splits = try source.read(from: start, to: end)
    let stream = try splits[0].open(ReadRequest(columns: [1], batchRows: 2))
    #expect(try stream.next()?.column(0).scalar(1) == .text("row 2"))
    #expect(try stream.next()?.count == 1)
    let failure = #expect(throws: Failure.self) { try source.commit(end) }
    #expect(failure?.message == "commit 3")
    let wrong = SourceRequest(
      format: "own", schema: nil, options: Options([("stepp", "3")]), settings: Settings([]),
      context: FormatContext(), clock: SystemClock())
    #expect(throws: Failure.self) { try spec.schema(wrong) }
  }
}
