import Columns
import Contract
import Expressions
import Plan
import Synchronization
import Testing

@testable import Operators
@testable import Streaming

/// The only field of a state.
private func number(_ state: [Scalar]?) -> Int64? {
  if case .integer(let number)? = state?.first { number } else { nil }
}

/// Counts the rows of each word; a word that stays away for ten seconds is given as gone.
private struct CountUntilGone: UserGroupFunction {
  let name = "countUntilGone"
  let origin: Origin? = nil
  let hash: UInt64 = 1

  func call(
    _ groups: GroupedRows, states: any GroupStates, output: Schema, returnsOneRow: Bool,
    task: TaskContext
  ) throws -> Batch {
    let (words, counts) = (VectorBuilder(.string), VectorBuilder(.long))
    for group in 0..<groups.keys.count {
      states.enter(group)
      let word = groups.keys.columns[0].scalar(group)
      let isGone = states.hasTimedOut
      let before = number(states.value) ?? 0
      let count = before + Int64(groups.offsets[group + 1] - groups.offsets[group])
      words.append(isGone ? .text("-" + (word.text ?? "")) : word)
      counts.append(integer: count)
      if isGone {
        states.remove()
      } else {
        try states.update([.integer(count)])
        try states.setTimeoutDuration(us: 10_000_000)
      }
    }
    return Batch([words.finish(), counts.finish()], count: groups.keys.count)
  }
}

/// Keeps for each word: a count that lives for 25 s, and a timer 10 s after its first row.
private struct CountWithTimer: UserStateProcessor {
  let name = "countWithTimer"
  let origin: Origin? = nil
  let hash: UInt64 = 1
  let handlesInitialState = false

  func open(
    _ states: any ProcessorStates, output: Schema, task: TaskContext
  ) throws -> any RunningProcessor {
    let schema = Schema([Field("n", .long)])
    return Running(states, try states.value("count", schema, ttlUs: 25_000_000))
  }

  private final class Running: RunningProcessor {
    let states: any ProcessorStates
    let count: any ValueState

    init(_ states: any ProcessorStates, _ count: any ValueState) {
      self.states = states
      self.count = count
    }

    func handleInputRows(_ groups: GroupedRows, task: TaskContext) throws -> Batch {
      let (words, counts) = (VectorBuilder(.string), VectorBuilder(.long))
      for group in 0..<groups.keys.count {
        states.enter(group)
        let before = number(try count.get())
        if before == nil { try states.registerTimer(us: states.processingTimeUs + 10_000_000) }
        let own = Int64(groups.offsets[group + 1] - groups.offsets[group])
        // Each row is a new life.
        try count.update([.integer((before ?? 0) + own)])
        words.append(groups.keys.columns[0].scalar(group))
        counts.append(integer: (before ?? 0) + own)
      }
      return Batch([words.finish(), counts.finish()], count: groups.keys.count)
    }

    func handleExpiredTimers(
      keys: Batch, keySchema: Schema, timesUs: [Int64], task: TaskContext
    ) throws -> Batch {
      let (words, counts) = (VectorBuilder(.string), VectorBuilder(.long))
      for timer in 0..<keys.count {
        states.enter(timer)
        words.append(text: "!" + (keys.columns[0].scalar(timer).text ?? ""))
        counts.append(integer: number(try count.get()) ?? -1)
      }
      return Batch([words.finish(), counts.finish()], count: keys.count)
    }

    func handleInitialState(_ groups: GroupedRows, task: TaskContext) {}
    func close() {}
  }
}

/// Timeouts, timers and times to live of the machine's clock, turned by hand.
struct ProcessingTimeTests {
  private let world = TestWorld()

  private func call() -> KeyedCall {
    let source = TestSourceNode(stream: world.stream)
    return KeyedCall(
      keys: [NamedExpression(.attribute(source.output[0]), as: source.output[0])],
      output: [
        Attribute("word", .string, isNullable: true), Attribute("n", .long, isNullable: true),
      ], mode: .update, clock: .processingTime, children: [source], uid: nil, origin: nil)
  }

  private var group: GroupState {
    GroupState(
      call: call(), function: CountUntilGone(), stateSchema: Schema([Field("n", .long)]),
      returnsOneRow: false)
  }

  /// Starts a query with a batch every five seconds; each step turns the clock by so much, and
  /// gives the rows of the batch that then runs.
  private func run(
    _ plan: any PlanNode, _ steps: [(turnUs: Int64, words: [String], rows: [String])]
  ) throws -> [QueryProgress] {
    func prepare(_ step: (turnUs: Int64, words: [String], rows: [String])) {
      for word in step.words { world.stream.add(word) }
      world.clock.turn(us: step.turnUs)
    }
    // The first batch runs at once, so its rows are there before the query is.
    prepare(steps[0])
    let before = world.table.rows.count
    let query = try world.queries().start(
      world.definition(.processingTime(intervalUs: 5_000_000), plan: plan))
    defer { query.stop() }
    for (number, step) in steps.enumerated() {
      if number > 0 { prepare(step) }
      try QueryRunTests.wait { world.table.rows.count == before + number + 1 }
      try #require(world.table.rows.count == before + number + 1)
      #expect(world.table.rows[before + number].sorted() == step.rows, "step \(number)")
      // The clock is not turned before the query waits for it.
      let waits = world.clock.waits
      try QueryRunTests.wait { world.clock.waits > waits }
    }
    query.stop()
    return query.recentProgress
  }

  @Test func aGroupTimesOutOnce() throws {
    _ = try run(
      group,
      [
        (0, ["a"], ["a 1"]),
        // At its timeout a group is not yet late.
        (5_000_000, [], []), (5_000_000, [], []), (5_000_000, [], ["-a 1"]),
        (5_000_000, [], []), (5_000_000, ["a"], ["a 1"]),
        // A row sets the timeout anew.
        (10_000_000, ["a"], ["a 2"]), (10_000_000, [], []), (5_000_000, [], ["-a 2"]),
      ])
  }

  @Test func aTimeoutOutlivesTheRun() throws {
    _ = try run(group, [(0, ["a"], ["a 1"]), (5_000_000, [], [])])
    _ = try run(group, [(15_000_000, ["b"], ["-a 1", "b 1"])])
  }

  @Test func timersFireAndLivesEnd() throws {
    let node = TransformWithState(call: call(), processor: CountWithTimer())
    let progress = try run(
      node,
      [
        (0, ["a"], ["a 1"]), (5_000_000, [], []),
        // A timer fires at its moment, and once.
        (5_000_000, [], ["!a 1"]), (5_000_000, [], []),
        // 20 s later the count lives still; 25 s after that row it does not.
        (5_000_000, ["a"], ["a 2"]), (25_000_000, ["a"], ["a 1"]),
        (10_000_000, [], ["!a 1"]), (20_000_000, [], []),
      ])
    let counts = progress.map { $0.json["stateOperators"]?.array?.first?["customMetrics"] }
    func sum(_ name: String) -> Int64 {
      counts.reduce(0) { $0 + ($1?[name]?.integer ?? -1000) }
    }
    #expect(sum("numRegisteredTimers") == 2 && sum("numExpiredTimers") == 2)
    // The other value had ended too, but was set anew in the batch that would have removed it.
    #expect(sum("numValuesRemovedDueToTTLExpiry") == 1)
    #expect(sum("numValueStateWithTTLVars") > 0 && sum("numValueStateVars") == 0)
  }

  /// As in Spark: a clock that always runs on always wants another batch.
  @Test func availableNowEndsOnlyWithoutEmptyBatches() throws {
    world.stream.add("a")
    let query = try world.queries().start(world.definition(plan: group))
    try QueryRunTests.wait { world.table.rows.count > 3 }
    query.stop()
    let ran = world.table.rows.count
    var definition = try world.definition(plan: group)
    try definition.settings.set("moontide.streaming.noDataMicroBatches.enabled", to: "false")
    world.stream.add("b")
    try world.queries().start(definition).awaitTermination()
    #expect(world.table.rows.count == ran + 1)
  }
}
