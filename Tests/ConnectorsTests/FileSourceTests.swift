import Columns
import Contract
import Glibc
import Testing

@testable import Connectors

struct FileSourceTests {
  private func world() -> ConnectorWorld {
    let world = ConnectorWorld()
    world.write("in/b.txt", "b\n", at: 200)
    world.write("in/c.txt", "c\n", at: 100)
    world.write("in/a.txt", "a\n", at: 200)
    return world
  }

  private func read(
    _ world: ConnectorWorld, _ options: [String: String] = [:], path: String = "in",
    directory: String = "checkpoint"
  ) throws -> [[String]] {
    var options = options
    options["path"] = world.folder + "/" + path
    return try world.stream("text", options, directory: directory).batches()
  }

  @Test func theOldestComeFirst() throws {
    #expect(try read(world()) == [["c", "a", "b"]])
  }

  @Test func limits() throws {
    #expect(try read(world(), ["maxFilesPerTrigger": "2"]) == [["c", "a"], ["b"]])
    #expect(try read(world(), ["maxBytesPerTrigger": "5"]) == [["c", "a"], ["b"]])
    #expect(try read(world(), ["maxBytesPerTrigger": "1b"]) == [["c"], ["a"], ["b"]])
    #expect(
      ConnectorWorld.failure {
        _ = try read(self.world(), ["maxFilesPerTrigger": "1", "maxBytesPerTrigger": "1"])
      } == "INVALID_OPTION_VALUE")
  }

  @Test func onceTakesAll() throws {
    let world = self.world()
    let source = try world.stream(
      "text", ["path": world.folder + "/in", "maxFilesPerTrigger": "1"])
    let end = try #require(try source.latestOffset(from: nil, limit: .everything))
    #expect(try source.rows(from: nil, to: end) == ["c", "a", "b"])
  }

  @Test func latestFirst() throws {
    #expect(
      try read(world(), ["latestFirst": "true", "maxFilesPerTrigger": "1"]) == [
        ["b"], ["a"], ["c"],
      ])
  }

  @Test func filters() throws {
    let world = self.world()
    world.write("in/_hidden.txt", "x\n")
    world.write("in/.hidden.txt", "x\n")
    world.write("in/d._COPYING_", "x\n")
    world.write("in/sub/d.txt", "d\n", at: 50)
    world.write("in/e.log", "e\n", at: 300)
    mkfifo(world.folder + "/in/pipe", 0o600)
    #expect(try read(world, directory: "c1") == [["c", "a", "b", "e"]])
    #expect(try read(world, ["pathGlobFilter": "*.log"], directory: "c2") == [["e"]])
    #expect(
      try read(world, ["recursiveFileLookup": "true"], directory: "c3")
        == [["d", "c", "a", "b", "e"]])
    #expect(try read(world, path: "in/{a,b}.*", directory: "c4") == [["a", "b"]])
    #expect(try read(world, path: "in/none*", directory: "c5").isEmpty)
    #expect(ConnectorWorld.failure { _ = try read(world, path: "none") } == "PATH_NOT_FOUND")
  }

  @Test func seenFilesAreNotReadAgain() throws {
    let world = self.world()
    #expect(try read(world) == [["c", "a", "b"]])
    world.write("in/d.txt", "d\n", at: 300)
    world.write("in/a.txt", "A\n", at: 400)
    let source = try world.stream("text", ["path": world.folder + "/in"])
    // The same offsets mean the same files.
    #expect(
      try source.rows(from: nil, to: SourceOffset("{\"logOffset\":0}")) == ["c", "A", "b"])
    #expect(try source.batches(from: SourceOffset("{\"logOffset\":0}")) == [["d"]])
    world.write("in/a.txt", "changed\n", at: 400)
    #expect(
      ConnectorWorld.failure {
        _ = try source.rows(from: nil, to: SourceOffset("{\"logOffset\":0}"))
      } == "FILE_CHANGED")
  }

  @Test func fileNameOnly() throws {
    let world = ConnectorWorld()
    world.write("in/k=1/a.txt", "1\n", at: 100)
    world.write("in/k=2/a.txt", "2\n", at: 200)
    #expect(try read(world, directory: "c1") == [["1 1", "2 2"]])
    #expect(
      try read(world, ["fileNameOnly": "true", "maxFilesPerTrigger": "1"], directory: "c2")
        == [["1 1"]])
  }

  @Test func maxFileAge() throws {
    let world = self.world()
    let options = ["path": world.folder + "/in", "maxFileAge": "1 minute"]
    let source = try world.stream("text", options)
    #expect(try source.batches() == [["c", "a", "b"]], "the first batch takes all")
    world.write("in/old.txt", "old\n", at: 139)
    world.write("in/new.txt", "new\n", at: 141)
    #expect(try source.batches(from: SourceOffset("{\"logOffset\":0}")) == [["new"]])
  }

  @Test func cleanSource() throws {
    for word in ["off", "delete", "archive"] {
      let world = self.world()
      let source = try world.stream(
        "text",
        [
          "path": world.folder + "/in", "maxFilesPerTrigger": "1", "cleanSource": word,
          "sourceArchiveDir": world.folder + "/archive",
        ])
      let first = try #require(try source.latestOffset(from: nil, limit: .asConfigured))
      let second = try #require(try source.latestOffset(from: first, limit: .asConfigured))
      try source.commit(first)
      #expect(world.exists("in/c.txt") == (word == "off"))
      #expect(world.exists("in/a.txt"))
      #expect(world.exists("archive" + world.folder + "/in/c.txt") == (word == "archive"))
      try source.commit(second)
      #expect(world.exists("in/a.txt") == (word == "off"))
    }
    #expect(
      ConnectorWorld.failure { _ = try read(self.world(), ["cleanSource": "archive"]) }
        == "INVALID_OPTION_VALUE")
    let world = self.world()
    #expect(
      ConnectorWorld.failure {
        _ = try read(
          world, ["cleanSource": "archive", "sourceArchiveDir": world.folder + "/in/old"])
      } == "INVALID_OPTION_VALUE")
  }

  @Test func partitionColumns() throws {
    let world = ConnectorWorld()
    world.write("in/k=1/d=2024-01-01/a.json", "{\"n\":1}\n", at: 1)
    world.write("in/k=x%20y/d=2024-01-02/b.json", "{\"n\":2}\n", at: 2)
    world.write("in/k=__HIVE_DEFAULT_PARTITION__/d=2024-01-03/c.json", "{\"n\":3}\n", at: 3)
    let path = ["path": world.folder + "/in"]
    let source = try world.stream("json", path, schema: "n INT")
    #expect(source.schema.simpleString == "struct<n:int,k:string,d:date>")
    #expect(try source.batches() == [["1 1 19723", "2 x y 19724", "3 NULL 19725"]])
    // Only partition columns are asked for.
    let end = SourceOffset("{\"logOffset\":0}")
    let stream = try source.read(from: nil, to: end)[1].open(
      ReadRequest(columns: [1], batchRows: 10))
    #expect(try stream.next()?.column(0).scalar(0) == .text("x y"))
    let typed = try world.catalog.source("json").schema(
      world.request("json", path, schema: "d STRING, n INT"))
    #expect(typed.simpleString == "struct<n:int,k:string,d:string>")
  }

  @Test func aSchemaIsNeeded() throws {
    let world = ConnectorWorld()
    world.write("in/a.json", "{\"n\":1}\n")
    let path = ["path": world.folder + "/in"]
    let source = try world.catalog.source("json")
    #expect(
      ConnectorWorld.failure { _ = try source.schema(world.request("json", path)) }
        == "STREAMING_SCHEMA_MISSING")
    #expect(try world.catalog.source("text").schema(world.request("text", path)).fields.count == 1)
  }

  @Test func unknownOptionsAreRefused() throws {
    #expect(
      ConnectorWorld.failure { _ = try read(self.world(), ["maxFilesPerTriger": "1"]) }
        == "UNKNOWN_OPTION")
    let world = self.world()
    #expect(
      ConnectorWorld.failure {
        let request = try world.request(
          "text", ["path": world.folder + "/in", "maxFilesPerTrigger": "1"])
        _ = try world.catalog.source("text").table?(request)
      } == "UNKNOWN_OPTION", "a batch read has no triggers")
  }

  @Test func availableNowIsFrozen() throws {
    let world = self.world()
    let source = try world.stream(
      "text", ["path": world.folder + "/in", "maxFilesPerTrigger": "2"])
    try source.freezeForAvailableNow()
    world.write("in/late.txt", "late\n", at: 300)
    #expect(try source.batches() == [["c", "a"], ["b"]])
  }

  /// Directories that have not changed are not listed again, and files that come are found.
  @Test func filesThatComeAreFound() throws {
    let world = self.world()
    let source = try world.stream(
      "text", ["path": world.folder + "/in", "maxFilesPerTrigger": "1"])
    var at: SourceOffset?
    var rows: [[String]] = []
    for step in 0..<6 {
      if step == 1 { world.write("in/early.txt", "early\n", at: 50) }
      if step == 3 { world.write("in/late.txt", "late\n", at: 500) }
      // An old time, as if nothing had happened for long.
      let old = timespec(tv_sec: 10 + step / 3, tv_nsec: 0)
      if step != 1 { utimensat(AT_FDCWD, world.folder + "/in", [old, old], 0) }
      guard let end = try source.latestOffset(from: at, limit: .asConfigured), end != at else {
        rows.append([])
        continue
      }
      rows.append(try source.rows(from: at, to: end))
      at = end
    }
    #expect(rows == [["c"], ["early"], ["a"], ["b"], ["late"], []])
  }

  @Test func sparksSinkLogIsHonoured() throws {
    let world = ConnectorWorld()
    for name in ["a", "b", "c", "orphan"] { world.write("in/\(name).txt", "\(name)\n") }
    func line(_ name: String) -> String {
      "{\"path\":\"file://\(world.folder)/in/\(name).txt\",\"size\":2,\"isDir\":false,"
        + "\"modificationTime\":1000,\"blockReplication\":1,\"blockSize\":1,\"action\":\"add\"}\n"
    }
    world.write("in/_spark_metadata/8", "v1\n" + line("c"))
    world.write("in/_spark_metadata/9.compact", "v1\n" + line("a"))
    world.write("in/_spark_metadata/10", "v1\n" + line("b"))
    #expect(try read(world) == [["a", "b"]])
    #expect(
      ConnectorWorld.failure {
        _ = try read(world, ["cleanSource": "delete"], directory: "c2")
      } == "INVALID_OPTION_VALUE")
  }

  /// The log is written anew again and again; nothing that still counts is forgotten, and files
  /// beyond `maxFileAge` are.
  @Test func theLogIsFolded() throws {
    let world = ConnectorWorld()
    world.retained = 2
    var at: SourceOffset?
    var read: [String] = []
    let options = ["path": world.folder + "/in", "maxFileAge": "100 seconds"]
    var sizes: [Int] = []
    for round in 0..<60 {
      let number = String(1000 + round)
      world.write("in/\(number).txt", number + "\n", at: 1_000_000 + round * 10)
      // Each time another process.
      let source = try world.stream("text", options)
      guard let end = try source.latestOffset(from: at, limit: .asConfigured), end != at else {
        Issue.record("the file \(number) was not found")
        return
      }
      read += try source.rows(from: at, to: end)
      at = end
      try source.commit(end)
      source.stop()
      let log = try PosixStorage().read(world.folder + "/checkpoint/files.log")
      sizes.append(log?.count ?? 0)
    }
    #expect(read == (1000..<1060).map(String.init), "each file once")
    #expect(sizes[30...].max() ?? 0 < 4 * (sizes[..<15].max() ?? 0), "\(sizes)")
  }

  /// A process that ends after it found files, and before a batch with them was logged, changes
  /// no batch's size.
  @Test func foundTwiceIsFoundOnce() throws {
    let world = self.world()
    let options = ["path": world.folder + "/in", "maxFilesPerTrigger": "1"]
    let first = try world.stream("text", options)
    let end = try first.latestOffset(from: nil, limit: .asConfigured)
    first.stop()
    let second = try world.stream("text", options)
    #expect(try second.latestOffset(from: nil, limit: .asConfigured) == end)
    #expect(try second.batches() == [["c"], ["a"], ["b"]])
    second.stop()
  }

  @Test func aLargeLogIsCompacted() throws {
    var seen = SeenFiles(maxAgeUs: 1000, usesNameOnly: false)
    for number in 0..<1000 {
      seen.add(InputFile(path: "/f\(number)", size: 1, modifiedUs: Int64(number) * 100))
    }
    #expect(!seen.isNew(InputFile(path: "/f999", size: 1, modifiedUs: 99_900)))
    #expect(!seen.isNew(InputFile(path: "/old", size: 1, modifiedUs: 50_000)))
    #expect(seen.isNew(InputFile(path: "/new", size: 1, modifiedUs: 99_900)))
  }
}
