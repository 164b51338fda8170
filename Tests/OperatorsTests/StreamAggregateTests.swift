import Columns
import Contract
import Expressions
import Operators
import Plan
import Testing

/// Minutes as microseconds.
private func minutes(_ count: Int64) -> Int64 { count * 60_000_000 }

extension UnresolvedPlan {
  func watermark(_ column: String, _ delay: String) -> UnresolvedPlan {
    then(
      "withWatermark",
      ["column": .expression(UnresolvedExpression(.name([column]))), "delay": .text(delay)])
  }
}

@Suite struct StreamAggregateTests {
  private let words = "w STRING"

  @Test(arguments: [1, 2])
  func completeShowsAllAndUpdateTheChanged(_ workers: Int) throws {
    let rows = [["b", "a", "a"], ["c", "a"], []].map { $0.map { [text($0)] } }
    let complete = try StreamQuery(words, .complete, workers: workers) {
      try $0.aggregate(["w"], ["count(1) AS n"])
    }
    #expect(try complete.batch(rows[0]) == ["a 2", "b 1"])
    #expect(try complete.batch(rows[1]) == ["a 3", "b 1", "c 1"])
    try complete.restart()
    #expect(try complete.batch(rows[2]) == ["a 3", "b 1", "c 1"])
    #expect(complete.metrics.state["aggregate"]?.rowsTotal == 3)
    let update = try StreamQuery(words, .update, workers: workers) {
      try $0.aggregate(["w"], ["count(1) AS n"])
    }
    #expect(try update.batch(rows[0]) == ["a 2", "b 1"])
    let changes = update.state.changes
    try update.restart()
    #expect(try update.batch(rows[1]) == ["a 3", "c 1"])
    #expect(update.state.changes == changes + 2)
    #expect(try update.batch(rows[2]) == [])
    #expect(update.metrics.state["aggregate"]?.rowsUpdated == 0)
  }

  @Test func globalAggregatesEmitWithoutRows() throws {
    let query = try StreamQuery("n INT", .complete) { try $0.aggregate([], ["sum(n) AS s"]) }
    #expect(try query.batch([]) == ["-"])
    #expect(try query.batch([[int(4)], [int(5)]]) == ["9"])
    try query.restart()
    #expect(try query.batch([[int(1)]]) == ["10"])
  }

  /// The trace of Spark's own documentation, measured.
  @Test func appendEmitsWhenTheWatermarkPasses() throws {
    let query = try StreamQuery("t TIMESTAMP", .append) {
      try $0.watermark("t", "10 minutes").aggregate(["window(t, '10 minutes')"], ["count(1) AS n"])
        .select("unix_micros(window.start) DIV 60000000 AS s", "n")
    }
    func rows(_ times: Int64...) -> [[Scalar]] { times.map { [int(minutes($0))] } }
    #expect(try query.batch(rows(721, 729), watermark: 0) == [])
    #expect(query.metrics.eventTimes.values.first?.maxUs == minutes(729))
    #expect(try query.batch(rows(741, 725), watermark: minutes(719)) == [])
    // 12:04 is behind the new watermark, not behind the old one: it counts.
    #expect(try query.batch(rows(724, 742), watermark: minutes(731)) == ["720 4"])
    try query.restart()
    #expect(try query.batch(rows(723, 752), watermark: minutes(732)) == [])
    #expect(query.metrics.state["aggregate"]?.rowsDroppedByWatermark == 1)
    #expect(try query.batch([], watermark: minutes(750)) == ["740 2"])
    #expect(query.state.count == 1)
  }

  @Test func slidingWindowsHoldARowSeveralTimes() throws {
    let query = try StreamQuery("t TIMESTAMP", .update) {
      try $0.watermark("t", "0 seconds")
        .aggregate(["window(t, '10 minutes', '5 minutes')"], ["count(1) AS n"])
        .select("unix_micros(window.start) DIV 60000000 AS s", "n")
    }
    #expect(
      try query.batch([[int(minutes(7))], [int(minutes(12))], [.null]])
        == ["0 1", "10 1", "5 2"])
  }

  @Test(arguments: [OutputMode.append, .complete])
  func sessionsMerge(_ mode: OutputMode) throws {
    let query = try StreamQuery("t TIMESTAMP, k STRING", mode) {
      try $0.watermark("t", "1 minute")
        .aggregate(["k", "session_window(t, '5 minutes')"], ["count(1) AS n"])
        .select(
          "k", "unix_micros(session_window.start) DIV 60000000 AS s",
          "unix_micros(session_window.end) DIV 60000000 AS e", "n")
    }
    func rows(_ times: (Int64, String)...) -> [[Scalar]] {
      times.map { [int(minutes($0.0)), text($0.1)] }
    }
    let isComplete = mode == .complete
    // 12:00 and 12:10 are two sessions; 12:05 touches both.
    #expect(
      try query.batch(rows((720, "a"), (730, "a"), (731, "b")))
        == (isComplete ? ["a 720 725 1", "a 730 735 1", "b 731 736 1"] : []))
    try query.restart()
    #expect(
      try query.batch(rows((725, "a")))
        == (isComplete ? ["a 720 735 3", "b 731 736 1"] : []))
    #expect(query.state.count == 2)
    try query.restart()
    #expect(
      try query.batch(rows((760, "a")), watermark: minutes(735))
        == (isComplete ? ["a 720 735 3", "a 760 765 1", "b 731 736 1"] : ["a 720 735 3"]))
    #expect(
      try query.batch([], watermark: minutes(770))
        == (isComplete
          ? ["a 720 735 3", "a 760 765 1", "b 731 736 1"]
          : ["a 760 765 1", "b 731 736 1"]))
    #expect(query.state.count == (isComplete ? 3 : 0))
  }

  @Test func deduplicationRemembers() throws {
    let query = try StreamQuery("k STRING, n INT", .append) { $0.deduplicate(["k"]) }
    #expect(
      try query.batch([[text("a"), int(1)], [text("a"), int(2)], [text("b"), int(3)]]) == [
        "a 1", "b 3",
      ])
    try query.restart()
    #expect(try query.batch([[text("a"), int(4)], [text("c"), int(5)]]) == ["c 5"])
    #expect(query.metrics.state["deduplicate"]?.custom["numDroppedDuplicateRows"] == 1)
  }

  @Test func deduplicationWithinWatermarkForgets() throws {
    let query = try StreamQuery("t TIMESTAMP, k STRING", .append) {
      $0.watermark("t", "10 minutes").then(
        "deduplicateWithinWatermark", ["names": .list([.text("k")])]
      )
    }
    #expect(try query.batch([[int(minutes(100)), text("a")]]).count == 1)
    #expect(try query.batch([[int(minutes(105)), text("a")]], watermark: minutes(95)).isEmpty)
    try query.restart()
    // Remembered until 110, whatever the duplicate's time; then new again.
    #expect(try query.batch([[int(minutes(121)), text("a")]], watermark: minutes(110)).isEmpty)
    #expect(query.state.count == 0)
    #expect(try query.batch([[int(minutes(122)), text("a")]], watermark: minutes(111)).count == 1)
  }

  @Test func limitCountsAllBatches() throws {
    let query = try StreamQuery("n INT", .append) { $0.limit(3) }
    #expect(try query.batch([[int(1)], [int(2)]]) == ["1", "2"])
    try query.restart()
    #expect(try query.batch([[int(3)], [int(4)]]) == ["3"])
    #expect(try query.batch([[int(5)]]) == [])
  }
}

@Suite struct StreamingRulesTests {
  private func refusal(_ mode: OutputMode, _ build: (UnresolvedPlan) throws -> UnresolvedPlan)
    -> String?
  {
    do {
      _ = try StreamQuery("t TIMESTAMP, k STRING, n INT", mode, build)
      return nil
    } catch let failure as Failure {
      return failure.condition
    } catch {
      return "\(error)"
    }
  }

  private let mode = "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION"
  private let legacy = "_LEGACY_ERROR_TEMP_3102"

  @Test func outputModes() throws {
    let stateless: (UnresolvedPlan) throws -> UnresolvedPlan = {
      try $0.filter("n > 1").select("k")
    }
    #expect(refusal(.append, stateless) == nil)
    #expect(refusal(.update, stateless) == nil)
    #expect(refusal(.complete, stateless) == mode)
    let plain: (UnresolvedPlan) throws -> UnresolvedPlan = { try $0.aggregate(["k"], ["count(1)"]) }
    #expect(refusal(.append, plain) == mode)
    #expect(refusal(.update, plain) == nil)
    #expect(refusal(.complete, plain) == nil)
    #expect(
      refusal(.append) { try $0.watermark("t", "1 minute").aggregate(["k"], ["count(1)"]) } == mode)
    #expect(
      refusal(.append) { try $0.watermark("t", "1 minute").aggregate(["t"], ["count(1)"]) } == nil)
    let session: (UnresolvedPlan) throws -> UnresolvedPlan = {
      try $0.watermark("t", "1 minute").aggregate(
        ["k", "session_window(t, '1 minute')"], ["count(1)"])
    }
    #expect(refusal(.append, session) == nil)
    #expect(refusal(.update, session) == mode)
    #expect(refusal(.complete, session) == nil)
    #expect(refusal(.complete) { $0.deduplicate() } == mode)
    #expect(refusal(.update) { $0.deduplicate() } == nil)
  }

  @Test func operators() throws {
    #expect(refusal(.update) { $0.limit(1) } == legacy)
    #expect(refusal(.append) { $0.limit(1) } == nil)
    #expect(refusal(.append) { try $0.sort(("k", .ascending)) } == legacy)
    #expect(
      refusal(.complete) {
        try $0.aggregate(["k"], ["count(1) AS c"]).sort(("c", .ascending)).limit(2)
      } == nil)
    #expect(
      refusal(.update) { try $0.aggregate(["k"], ["count(1) AS c"]).sort(("c", .ascending)) }
        == legacy)
    #expect(refusal(.update) { try $0.aggregate(["k"], ["count(DISTINCT n)"]) } == legacy)
    #expect(
      refusal(.update) { try $0.aggregate(["k"], ["count(1) AS c"]).aggregate(["c"], ["count(1)"]) }
        == legacy)
    #expect(
      refusal(.append) {
        try $0.watermark("t", "1 minute").aggregate(["window(t, '1 minute')"], ["count(1) AS c"])
          .aggregate(["window(window_time(window), '2 minutes')"], ["sum(c)"])
      } == nil)
    #expect(
      refusal(.append) { try $0.select("row_number() OVER (PARTITION BY k ORDER BY n)") }
        == "NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING")
    #expect(refusal(.append) { $0.then("deduplicateWithinWatermark") } == legacy)
    #expect(
      refusal(.append) { try $0.aggregate(["window(n, '1 minute')"], ["count(1)"]) }
        == "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
    #expect(
      refusal(.append) { try $0.aggregate(["window(t, '1 month')"], ["count(1)"]) }
        == "_LEGACY_ERROR_TEMP_3231")
    #expect(refusal(.append) { $0.watermark("t", "soon") } == "CANNOT_PARSE_INTERVAL")
    #expect(
      refusal(.append) { $0.watermark("k", "1 minute") } == "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE")
  }
}

@Suite struct ObserveTests {
  @Test(arguments: [0, 5])
  func countsWhatPasses(_ rows: Int) throws {
    let query = try StreamQuery("n INT", .append) {
      $0.then(
        "observe",
        [
          "name": .text("seen"),
          "columns": try UnresolvedPlan.columns(["count(1) AS c", "max(n) + 1 AS m"]),
        ])
    }
    #expect(try query.batch((0..<rows).map { [int(Int64($0))] }).count == rows)
    let observed = query.metrics.observed["seen"]
    #expect(observed?.map(\.name) == ["c", "m"])
    #expect(observed?.map(\.value) == [int(Int64(rows)), rows == 0 ? .null : int(Int64(rows))])
  }
}
