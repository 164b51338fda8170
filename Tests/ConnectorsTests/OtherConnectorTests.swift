import Columns
import Contract
import Glibc
import Synchronization
import Testing

@testable import Connectors

struct OtherConnectorTests {
  @Test func rate() throws {
    let world = ConnectorWorld()
    let source = try world.stream("rate", ["rowsPerSecond": "2"])
    let start = try #require(try source.initialOffset())
    #expect(try source.latestOffset(from: start, limit: .asConfigured) == start)
    world.turn(us: 2_900_000)
    let end = try #require(try source.latestOffset(from: start, limit: .asConfigured))
    #expect(
      try source.rows(from: start, to: end) == [
        "1700000000000000 0", "1700000000500000 1", "1700000001000000 2", "1700000001500000 3",
      ])
    // The values go on in another process.
    world.turn(us: 1_000_000)
    let again = try world.stream("rate", ["rowsPerSecond": "2", "numPartitions": "2"])
    let later = try #require(try again.latestOffset(from: end, limit: .asConfigured))
    #expect(
      try again.rows(from: end, to: later) == ["1700000002000000 4", "1700000002500000 5"])
    #expect(try again.read(from: end, to: later).count == 2)
    try again.freezeForAvailableNow()
    world.turn(us: 9_000_000)
    #expect(try again.latestOffset(from: later, limit: .asConfigured) == later)
    // A clock that is set back makes no rows twice.
    world.turn(us: -3_600_000_000)
    #expect(try source.latestOffset(from: later, limit: .asConfigured) == later)
  }

  @Test func rampUp() throws {
    let world = ConnectorWorld()
    let rate = try RateSource.Rate(
      world.request("rate", ["rowsPerSecond": "8", "rampUpTime": "3 seconds"]))
    #expect((0...5).map { rate.value(after: $0) } == [0, 2, 6, 12, 20, 28])
    #expect(
      ConnectorWorld.failure { _ = try world.stream("rate", ["rowsPerSecond": "0"]) }
        == "INVALID_OPTION_VALUE")
    #expect(
      ConnectorWorld.failure { _ = try world.stream("rate", [:], schema: "a INT") }
        == "SCHEMA_NOT_ALLOWED")
  }

  @Test func rateMicroBatch() throws {
    let world = ConnectorWorld()
    let options = [
      "rowsPerBatch": "2", "startTimestamp": "5000", "advanceMillisPerBatch": "700",
      "numPartitions": "2",
    ]
    let source = try world.stream("rate-micro-batch", options)
    let first = try #require(
      try source.latestOffset(from: source.initialOffset(), limit: .asConfigured))
    #expect(first.json == "{\"offset\":2,\"timestamp\":5700}")
    let second = try #require(try source.latestOffset(from: first, limit: .asConfigured))
    #expect(try source.rows(from: nil, to: first).count == 2)
    #expect(try source.read(from: nil, to: first).count == 2)
    try source.freezeForAvailableNow()
    let third = try source.latestOffset(from: second, limit: .asConfigured)
    #expect(try source.latestOffset(from: third, limit: .asConfigured) == third)
    #expect(
      ConnectorWorld.failure { _ = try world.stream("rate-micro-batch", [:]) }
        == "INVALID_OPTION_VALUE")
  }

  @Test func socketLines() throws {
    let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = bind(server, generic, length)
        listen(server, 4)
        getsockname(server, generic, &length)
      }
    }
    defer { close(server) }
    let port = String(UInt16(bigEndian: address.sin_port))
    let world = ConnectorWorld()
    let options = ["host": "127.0.0.1", "port": port, "includeTimestamp": "true"]
    let source = try world.stream("socket", options)
    let client = accept(server, nil, nil)
    let start = try #require(try source.initialOffset())
    #expect(try source.latestOffset(from: start, limit: .asConfigured) == start)
    func send(_ text: String, until end: String, from offset: SourceOffset) throws {
      _ = text.withCString { write(client, $0, strlen($0)) }
      for _ in 0..<5000 {
        if try source.latestOffset(from: offset, limit: .asConfigured)?.json == end { return }
        usleep(1000)
      }
      Issue.record("the lines did not come")
    }
    try send("one\r\ntwo\nthr", until: "1", from: start)
    let time = "1700000000000000"
    let second = SourceOffset("1")
    #expect(try source.rows(from: start, to: second) == ["one \(time)", "two \(time)"])
    try send("ee\n", until: "2", from: second)
    try source.commit(second)
    #expect(try source.rows(from: second, to: SourceOffset("2")) == ["three \(time)"])
    #expect(try source.rows(from: start, to: second).isEmpty, "released lines are gone")
    source.stop()
    // Another process goes on behind the batch whose lines are lost, and says so.
    let again = try world.stream("socket", options)
    try again.recover(from: second, to: SourceOffset("4"))
    #expect(try again.rows(from: second, to: SourceOffset("4")).isEmpty)
    #expect(world.warnings.withLock { $0.count } == 1)
    again.stop()
    close(client)
    #expect(
      ConnectorWorld.failure { _ = try world.stream("socket", ["host": "127.0.0.1", "port": "1"]) }
        == "SOCKET_NOT_CONNECTED")
    #expect(
      ConnectorWorld.failure { _ = try world.stream("socket", ["host": "h"]) }
        == "INVALID_OPTION_VALUE")
  }

  private func strings(_ texts: [String?]) -> Batch {
    let builder = VectorBuilder(.string)
    for text in texts { if let text { builder.append(text: text) } else { builder.appendNull() } }
    return Batch([builder.finish()], count: texts.count)
  }

  private func print(_ options: [String: String], _ rows: [[String?]]) throws -> String {
    let world = ConnectorWorld()
    let sink = try world.catalog.sink("console").open(
      world.sink("console", options, schema: "value STRING"))
    let batch = try #require(try sink.begin(batch: 3, mode: .append))
    for (index, rows) in rows.enumerated() {
      let writer = try batch.writer(partition: index)
      try writer.write(strings(rows))
      try writer.close()
    }
    try batch.commit()
    return world.printed.withLock { $0 }
  }

  private static let head = """
    -------------------------------------------
    Batch: 3
    -------------------------------------------

    """

  @Test func consolePrintsAsSparkDoes() throws {
    #expect(
      try print([:], [["x", "a line that is longer than twenty"], [nil, "日本"]]) == Self.head + """
        +--------------------+
        |               value|
        +--------------------+
        |                   x|
        |a line that is lo...|
        |                NULL|
        |                日本|
        +--------------------+


        """)
    #expect(
      try print(
        ["numRows": "1", "truncate": "false"], [["x", "a line that is longer than twenty"]])
        == Self.head + """
          +-----+
          |value|
          +-----+
          |x    |
          +-----+
          only showing top 1 row

          """)
    #expect(
      try print([:], []) == Self.head + """
        +-----+
        |value|
        +-----+
        +-----+


        """)
  }

  @Test func noopAndUnknownOptions() throws {
    let world = ConnectorWorld()
    let sink = try world.catalog.sink("noop").open(world.sink("noop", [:], schema: "v INT"))
    let batch = try #require(try sink.begin(batch: 0, mode: .complete))
    try batch.writer(partition: 0).close()
    try batch.commit()
    for format in ["noop", "console", "json"] {
      #expect(
        ConnectorWorld.failure {
          _ = try world.catalog.sink(format).open(
            world.sink(format, ["path": world.folder + "/o", "nunRows": "1"], schema: "v STRING"))
        } == "UNKNOWN_OPTION")
    }
    #expect(
      ConnectorWorld.failure { _ = try world.catalog.sink("jsno") } == "DATA_SOURCE_NOT_FOUND")
  }

  // MARK: df.write

  private func save(
    _ world: ConnectorWorld, _ mode: SaveMode, _ rows: [String?], partitionBy: [String] = []
  ) throws -> Bool {
    let save = try #require(try world.catalog.sink("text").save)
    let request = try world.sink(
      "text", ["path": world.folder + "/out"],
      schema: partitionBy.isEmpty ? "value STRING" : "value STRING, k STRING",
      partitionBy: partitionBy)
    guard let batch = try save(request, mode) else { return false }
    let writer = try batch.writer(partition: 0)
    let values = strings(rows)
    try writer.write(
      partitionBy.isEmpty
        ? values : Batch([values.columns[0], values.columns[0]], count: rows.count))
    try writer.close()
    try batch.commit()
    return true
  }

  private func saved(_ world: ConnectorWorld) throws -> [String] {
    let table = try #require(try world.catalog.source("text").table)
    let source = try table(world.request("text", ["path": world.folder + "/out"]))
    return try FileStreamSource.rows(source.splits(), source.schema).sorted()
  }

  @Test func saveModes() throws {
    let world = ConnectorWorld()
    #expect(try save(world, .error, ["a"]))
    #expect(ConnectorWorld.failure { _ = try save(world, .error, ["b"]) } == "PATH_ALREADY_EXISTS")
    #expect(try save(world, .ignore, ["b"]) == false)
    #expect(try save(world, .append, ["c"]))
    #expect(try saved(world) == ["a", "c"])
    #expect(world.exists("out/_SUCCESS"))
    #expect(try save(world, .overwrite, ["d", "../x", "", nil], partitionBy: ["k"]))
    #expect(
      try saved(world) == [" NULL", "../x ../x", "NULL NULL", "d d"].sorted()
        || saved(world).contains("../x ../x"))
    #expect(world.exists("out/k=..%2Fx"))
    #expect(world.exists("out/k=__HIVE_DEFAULT_PARTITION__"))
  }
}
