import Connectors
import Contract
import Glibc
import Operators
import Plan
import Synchronization
import Testing

@testable import Streaming

struct QueryRunTests {
  @Test func batchesRunAndGoOnAfterARestart() throws {
    let world = TestWorld()
    world.stream.add("a", "b", "a")
    world.stream.add("b")
    try world.run()
    #expect(world.table.counts == [["a 2", "b 1"], ["b 2"]])
    try world.run()
    #expect(world.table.batches.count == 2, "nothing new, nothing run")
    world.stream.add("a", "c")
    try world.run()
    #expect(world.table.counts.last == ["a 3", "c 1"])
    let query = try world.queries().start(world.definition())
    #expect(query.name == nil && !query.id.isEmpty)
    try query.awaitTermination()
  }

  /// Ends the process before every system call of three runs over six batches, goes on, and
  /// compares with a world in which nothing happened. A repeated batch has the rows, clock and
  /// random numbers of the first attempt.
  @Test(arguments: [false, true])
  func killedAtEveryCall(_ isTorn: Bool) throws {
    let words = [["a", "b"], ["a"], ["c", "a"], ["b"], ["d"], ["a", "d"]]
    let quiet = TestWorld()
    for step in words { for word in step { quiet.stream.add(word) } }
    try quiet.run()
    for number in 1...10_000 {
      let world = TestWorld()
      let faults = StorageFaults { count, call, _ in
        guard count == number else { return nil }
        return isTorn && call == .write ? .torn : .kill
      }
      for step in words { for word in step { world.stream.add(word) } }
      let failure = Self.failure { try world.run(faults) }
      #expect(failure == nil || failure?.condition == "KILLED", "\(String(describing: failure))")
      world.clock.turn(us: 3_600_000_000)
      try world.run()
      #expect(world.table.counts == quiet.table.counts, "call \(number)")
      for (id, attempts) in world.table.batches {
        #expect(Set(attempts).count == 1, "batch \(id) repeated the same, call \(number)")
      }
      if !faults.isKilled { return }
    }
  }

  /// Makes each system call fail in turn; the query ends with a named failure, and the next run
  /// goes on where the log ends.
  @Test(arguments: [ENOSPC, EIO])
  func failsAtEveryCall(_ code: CInt) throws {
    for number in 1...10_000 {
      let world = TestWorld()
      for word in ["a", "b", "a"] { world.stream.add(word) }
      let faults = StorageFaults(at: number, .error(code))
      let failure = Self.failure { try world.run(faults) }
      if faults.count < number { return }
      if let failure {
        let expected = code == ENOSPC ? "DISK_FULL" : "DISK_ERROR"
        #expect(failure.condition == expected, "call \(number): \(failure)")
      }
      try world.run()
      #expect(world.table.counts == [["a 1"], ["b 1"], ["a 2"]], "call \(number)")
    }
  }

  @Test func shortWritesGoOn() throws {
    let world = TestWorld()
    world.stream.add("a")
    try world.run(StorageFaults { _, call, _ in call == .write ? .short : nil })
    try world.run()
    #expect(world.table.counts == [["a 1"]])
  }

  @Test func aFailureNamesTheQueryAndTheBatch() throws {
    let world = TestWorld()
    world.stream.add("good")
    world.stream.add("bad")
    let plan = CountNode(child: TestSourceNode(stream: world.stream), fails: "bad")
    let query = try world.queries().start(world.definition(plan: plan, name: "counts"))
    let failure = Self.failure { try query.awaitTermination() }
    #expect(failure?.condition == "BAD_WORD")
    #expect(failure?.details.contains("batch: 1") == true)
    #expect(failure?.details.first?.hasPrefix("query: query `counts` (id \(query.id)") == true)
    #expect(!query.isActive && query.exception?.condition == "BAD_WORD")
    #expect(query.status.message == "Terminated with exception: BAD_WORD: the word `bad` is bad")
    // The batch is run again by a query that can.
    try world.run()
    #expect(world.table.counts == [["good 1"], ["bad 1"]])
  }

  @Test func oneCheckpointOneQuery() throws {
    let world = TestWorld()
    let queries = world.queries()
    let first = try queries.start(world.definition(.asSoonAsPossible))
    let failure = Self.failure { _ = try queries.start(world.definition(.asSoonAsPossible)) }
    #expect(failure?.condition == "CONCURRENT_QUERY")
    #expect(failure?.message.contains("process \(getpid())") == true)
    first.stop()
    let second = try queries.start(world.definition(.asSoonAsPossible))
    #expect(second.id == first.id && second.runId != first.runId)
    second.stop()
  }

  @Test func oneNameOneQuery() throws {
    let world = TestWorld()
    let queries = world.queries()
    let first = try queries.start(world.definition(.asSoonAsPossible, name: "n"))
    let failure = Self.failure { _ = try queries.start(world.definition(name: "n")) }
    #expect(failure?.condition == "DUPLICATE_QUERY_NAME")
    #expect(queries.get(first.id) === first)
    first.stop()
    #expect(queries.active.isEmpty)
    try queries.start(world.definition(name: "n")).awaitTermination()
  }

  @Test func changedPlansAreRefused() throws {
    let world = TestWorld()
    world.stream.add("a")
    try world.run()
    let source = TestSourceNode(stream: world.stream)
    let changed = CountNode(child: source, fingerprint: "count(distinct word)")
    var failure = Self.failure { _ = try world.queries().start(world.definition(plan: changed)) }
    #expect(failure?.condition == "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE")
    #expect(failure?.details == ["checkpoint: count(word)", "query: count(distinct word)"])
    failure = Self.failure { _ = try world.queries().start(world.definition(plan: source)) }
    #expect(failure?.details == ["gone: stateStoreSave count(word)"])
  }

  @Test func pinnedSettingsOfTheCheckpointWin() throws {
    let world = TestWorld()
    world.stream.add("a")
    try world.run()
    var definition = try world.definition()
    try definition.settings.set("moontide.shuffle.partitions", to: "3")
    var environment = QueryEnvironment(pool: TestWorld.pool)
    let warnings = Mutex<[String]>([])
    let log: @Sendable (String, String) -> Void = { _, text in
      warnings.withLock { $0.append(text) }
    }
    environment.log = log
    try StreamingQueries(environment: environment).start(definition).awaitTermination()
    #expect(warnings.withLock { $0.count } == 1)
    #expect(warnings.withLock { $0.first?.contains("`moontide.shuffle.partitions` = 8") } == true)
  }

  @Test func processAllAvailableAndStop() throws {
    let world = TestWorld()
    let query = try world.queries().start(world.definition(.asSoonAsPossible))
    for word in ["a", "b", "c"] {
      world.stream.add(word)
      try query.processAllAvailable()
      #expect(world.table.counts.last == ["\(word) 1"])
    }
    #expect(query.isActive && query.status.message == "Waiting for data to arrive")
    query.stop()
    #expect(!query.isActive && query.status.message == "Stopped")
    #expect(try query.awaitTermination())
  }

  @Test func intervalsWaitForTheClock() throws {
    let world = TestWorld()
    world.stream.add("a")
    let query = try world.queries().start(
      world.definition(.processingTime(intervalUs: 10_000_000)))
    try Self.wait { world.table.counts.count == 1 }
    world.stream.add("b")
    usleep(20_000)
    #expect(world.table.counts.count == 1)
    world.clock.turn(us: 10_000_000)
    try Self.wait { world.table.counts.count == 2 }
    query.stop()
  }

  @Test func progressHasSparksFields() throws {
    let world = TestWorld()
    world.stream.add("a", "a", "b")
    let query = try world.queries().start(world.definition(name: "p"))
    try query.awaitTermination()
    let progress = try #require(query.lastProgress?.json)
    #expect(
      progress.members?.map(\.name) == [
        "id", "runId", "name", "timestamp", "batchId", "batchDuration", "numInputRows",
        "inputRowsPerSecond", "processedRowsPerSecond", "durationMs", "stateOperators", "sources",
        "sink", "observedMetrics",
      ])
    #expect(progress["numInputRows"] == .integer(3))
    #expect(progress["timestamp"] == .text("2023-11-14T22:13:20.000Z"))
    #expect(progress["sources"]?.array?.first?["endOffset"] == .integer(1))
    #expect(progress["sources"]?.array?.first?["startOffset"] == .null)
    #expect(progress["sink"]?["numOutputRows"] == .integer(2))
    let names = progress["durationMs"]?.members?.map(\.name)
    #expect(
      names == [
        "addBatch", "commitOffsets", "getBatch", "latestOffset", "queryPlanning", "walCommit",
        "triggerExecution",
      ])
  }

  @Test func listenersHear() throws {
    final class Ear: QueryListener {
      let heard = Mutex<[String]>([])
      func hear(_ event: QueryEvent) {
        heard.withLock { heard in
          switch event {
          case .started(_, _, let name, _): heard.append("started \(name ?? "")")
          case .progress(let progress): heard.append("progress \(progress.batchId)")
          case .idle: heard.append("idle")
          case .terminated(_, _, _, _, let failure):
            heard.append("terminated \(failure?.condition ?? "well")")
          }
        }
      }
    }
    let world = TestWorld()
    world.stream.add("a")
    let queries = world.queries()
    let ear = Ear()
    queries.addListener(ear)
    let query = try queries.start(world.definition(.asSoonAsPossible, name: "q"))
    try query.processAllAvailable()
    world.clock.turn(us: 10_000_000)
    try Self.wait { ear.heard.withLock { $0.contains("idle") } }
    #expect(query.recentProgress.count == 2 && query.lastProgress?.batchId == 1)
    query.stop()
    queries.removeListener(ear)
    try queries.start(world.definition()).awaitTermination()
    #expect(
      ear.heard.withLock { $0 } == ["started q", "progress 0", "idle", "terminated well"])
    #expect(try queries.awaitAnyTermination())
    queries.resetTerminated()
    #expect(try !queries.awaitAnyTermination(timeoutNs: 1_000_000))
  }

  @Test func checkpointLocations() throws {
    let world = TestWorld()
    var definition = try world.definition(name: "named")
    definition.options["checkpointLocation"] = nil
    var location = try CheckpointLocation(definition, random: "r")
    #expect(location.isTemporary && location.path.hasSuffix("/temporary-r"))
    try definition.settings.set("moontide.streaming.checkpointLocation", to: "/x/y/")
    location = try CheckpointLocation(definition, random: "r")
    #expect(!location.isTemporary && location.path == "/x/y/named")
    definition.options["checkpointLocation"] = "s3://bucket/x"
    let failure = Self.failure { _ = try CheckpointLocation(definition, random: "r") }
    #expect(failure?.condition == "UNSUPPORTED_CHECKPOINT_LOCATION")
    definition.options["checkpointLocation"] = "file:///a/b"
    #expect(try CheckpointLocation(definition, random: "r").path == "/a/b")
  }

  @Test func aTemporaryCheckpointGoesWithACleanEnd() throws {
    let world = TestWorld()
    setenv("TMPDIR", world.folder.path, 1)
    defer { unsetenv("TMPDIR") }
    world.stream.add("bad")
    var definition = try world.definition()
    definition.options["checkpointLocation"] = nil
    try world.queries().start(definition).awaitTermination()
    #expect(try PosixStorage().list(world.folder.path).isEmpty)
    definition.plan = CountNode(child: TestSourceNode(stream: world.stream), fails: "bad")
    _ = Self.failure { try world.queries().start(definition).awaitTermination() }
    #expect(try PosixStorage().list(world.folder.path).count == 1, "kept after a failure")
  }

  @Test func aSmallBatchIsFast() throws {
    let world = TestWorld()
    var environment = QueryEnvironment(pool: TestWorld.pool)
    environment.random = { 1 }
    let queries = StreamingQueries(environment: environment)
    for _ in 0..<200 { world.stream.add("a") }
    let clock = SystemClock()
    let start = clock.monotonicNs
    try queries.start(world.definition()).awaitTermination()
    let ms = Double(clock.monotonicNs - start) / 1e6 / 200
    print("one-row batch: \(ms) ms")
    #expect(ms < 20)
  }

  static func failure(_ body: () throws -> Void) -> Failure? {
    do { try body() } catch let failure as Failure { return failure } catch {}
    return nil
  }

  /// Waits up to 10 s until something is so.
  static func wait(_ isSo: () -> Bool) throws {
    for _ in 0..<10_000 where !isSo() { usleep(1000) }
    #expect(isSo())
  }
}
