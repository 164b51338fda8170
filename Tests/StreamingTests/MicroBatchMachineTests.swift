import Connectors
import Contract
import Testing

@testable import Streaming

/// A world around the machine: one source that holds numbers, a log, a sink. It can be stopped
/// before any step and a new machine put in.
private struct World {
  var available = 0
  var limit = 1_000_000
  var offsets: [OffsetsRecord] = []
  var commits: [CommitRecord] = []
  /// By batch id: the range that the sink took.
  var sink: [Int64: OffsetsRecord] = [:]
  var released: [Int] = []
  var steps = 0
  var nowUs: Int64 = 1_000_000
  var operatorsWantBatch: @Sendable (MicroBatchMachine.OffsetsQuestion) -> Bool = { _ in false }
  var eventTimeUs: @Sendable (Int64) -> [Int: Int64] = { _ in [:] }

  var progress: LoggedProgress {
    LoggedProgress(lastOffsets: offsets.last, lastCommit: commits.last)
  }

  func machine(
    _ trigger: Trigger, nodes: [WatermarkTracker.Node] = []
  ) -> MicroBatchMachine {
    MicroBatchMachine(
      .init(runId: "run", trigger: trigger, sourceCount: 1, runsWithoutData: true),
      watermark: WatermarkTracker(nodes: nodes, policy: .min), progress: progress)
  }

  /// Runs until the machine stops or waits for data, or `budget` steps are done.
  mutating func run(_ machine: inout MicroBatchMachine, budget: Int = .max) -> String {
    var event = MicroBatchMachine.Event.triggered(nowUs: nowUs, seed: UInt64(steps))
    var left = budget
    while left > 0 {
      left -= 1
      steps += 1
      switch machine.handle(event) {
      case .readOffsets(let question):
        let start = question.starts[0].flatMap { Int($0.json) } ?? 0
        let end = question.limit == .everything ? available : min(available, start &+ limit)
        event = .offsetsRead(
          [end == 0 ? nil : SourceOffset("\(end)")],
          operatorsWantBatch: operatorsWantBatch(question))
      case .appendOffsets(let record):
        offsets.append(record)
        event = .offsetsAppended
      case .releaseSources(let ends, _):
        if let end = ends[0] { released.append(Int(end.json) ?? -1) }
        event = .sourcesReleased
      case .runBatch(let record, _): event = .batchRan(maximaUs: eventTimeUs(record.batchId))
      case .commitState: event = .stateCommitted
      case .commitSink(let record):
        sink[record.batchId] = record
        event = .sinkWritten
      case .appendCommit(let record):
        commits.append(record)
        event = .committed
      case .wait(.none): event = .triggered(nowUs: nowUs, seed: UInt64(steps))
      case .wait(.forData): return "idle"
      case .wait(.untilUs(let us, let foundNothing)): return "until \(us) \(foundNothing)"
      case .stop(let failure): return failure.map { "failed \($0.condition)" } ?? "stopped"
      }
    }
    return "cut"
  }
}

struct MicroBatchMachineTests {
  @Test func batchesFollowEachOther() {
    var world = World()
    var machine = world.machine(.asSoonAsPossible)
    #expect(world.run(&machine) == "idle")
    #expect(world.offsets.isEmpty)
    world.available = 3
    #expect(world.run(&machine) == "idle")
    world.available = 5
    #expect(world.run(&machine) == "idle")
    #expect(world.offsets.map(\.batchId) == [0, 1])
    #expect(world.offsets.map { $0.ranges[0].start?.json } == [nil, "3"])
    #expect(world.offsets.map { $0.ranges[0].end?.json } == ["3", "5"])
    #expect(world.released == [3], "a batch is released when the next is logged")
  }

  /// Stops before every step in turn: the sink ends with the same batches, each with the range,
  /// clock and seed that were logged first.
  @Test(arguments: [Trigger.availableNow, .asSoonAsPossible])
  func stoppedAtEveryStep(_ trigger: Trigger) {
    for budget in 1...40 {
      var world = World()
      (world.available, world.limit) = (10, 3)
      var machine = world.machine(trigger)
      if world.run(&machine, budget: budget) == "cut" {
        world.nowUs += 5_000_000
        machine = world.machine(trigger)
        _ = world.run(&machine)
      }
      #expect(world.sink.keys.sorted() == [0, 1, 2, 3])
      let ends = (0..<4).map { world.sink[$0]?.ranges[0].end?.json }
      #expect(ends == ["3", "6", "9", "10"])
      for (id, record) in world.sink {
        let first = world.offsets.first { $0.batchId == id }
        #expect(record == first, "batch \(id) repeats what was logged")
      }
    }
  }

  @Test func onceTakesAllAndOnlyFinishesWhatWasBegun() {
    var world = World()
    (world.available, world.limit) = (10, 3)
    var machine = world.machine(.once)
    #expect(world.run(&machine) == "stopped")
    #expect(world.offsets.map { $0.ranges[0].end?.json } == ["10"])
    world.available = 12
    machine = world.machine(.asSoonAsPossible)
    #expect(world.run(&machine, budget: 4) == "cut")
    #expect(world.offsets.count == 2 && world.commits.count == 1)
    world.available = 20
    machine = world.machine(.once)
    #expect(world.run(&machine) == "stopped")
    #expect(world.commits.count == 2 && world.sink[1]?.ranges[0].end?.json == "12")
  }

  @Test func intervalsAreAlignedToTheEpoch() {
    var world = World()
    world.nowUs = 12_300_000
    var machine = world.machine(.processingTime(intervalUs: 10_000_000))
    #expect(world.run(&machine) == "until 20000000 true")
    world.available = 1
    world.nowUs = 37_000_000
    #expect(world.run(&machine) == "until 40000000 false")
  }

  @Test func aBatchWithoutRowsMovesTheStateOn() {
    var world = World()
    world.eventTimeUs = { $0 == 0 ? [7: 100_000_999] : [:] }
    world.operatorsWantBatch = { $0.watermarkMs > $0.lateWatermarkMs }
    var machine = world.machine(.availableNow, nodes: [.init(id: 7, delayMs: 10_000)])
    world.available = 2
    #expect(world.run(&machine) == "stopped")
    #expect(world.offsets.map(\.watermarkMs) == [0, 90_000])
    #expect(world.offsets.map(\.lateWatermarkMs) == [0, 0])
    #expect(world.offsets[1].ranges[0].isEmpty)
    #expect(world.commits.map(\.nextWatermarkMs) == [90_000, 90_000])
    // A new run keeps the watermark, and what each node saw is forgotten as in Spark.
    machine = world.machine(.availableNow, nodes: [.init(id: 7, delayMs: 10_000)])
    #expect(machine.watermark.watermarkMs == 90_000)
    world.available = 3
    world.operatorsWantBatch = { _ in false }
    #expect(world.run(&machine) == "stopped")
    #expect(world.offsets.last?.lateWatermarkMs == 90_000)
  }

  @Test func theLeastNodeHoldsTheWatermark() {
    var tracker = WatermarkTracker(
      nodes: [.init(id: 1, delayMs: 0), .init(id: 2, delayMs: 0)], policy: .min)
    tracker.advance(maximaUs: [1: 5_000_000])
    #expect(tracker.watermarkMs == 0)
    tracker.advance(maximaUs: [2: 3_000_999])
    #expect(tracker.watermarkMs == 3000)
    tracker.advance(maximaUs: [2: 1_000_000])
    #expect(tracker.watermarkMs == 3000)
    var greatest = WatermarkTracker(
      nodes: [.init(id: 1, delayMs: 0), .init(id: 2, delayMs: 0)], policy: .max)
    greatest.advance(maximaUs: [1: 5_000_000])
    #expect(greatest.watermarkMs == 5000)
  }

  @Test func stoppingFinishesTheBatchAndAbandoningDoesNot() {
    for (isAbandoning, commits) in [(false, 1), (true, 0)] {
      var world = World()
      world.available = 1
      var machine = world.machine(.asSoonAsPossible)
      #expect(world.run(&machine, budget: 5) == "cut")
      machine.requestStop(abandoning: isAbandoning)
      // The batch has run.
      var action = machine.handle(.stateCommitted)
      if case .commitSink(let record) = action {
        world.sink[record.batchId] = record
        action = machine.handle(.sinkWritten)
        if case .appendCommit(let record) = action { world.commits.append(record) }
        action = machine.handle(.committed)
      }
      guard case .stop(nil) = action else {
        Issue.record("\(action)")
        return
      }
      #expect(world.commits.count == commits)
    }
  }

  @Test func aFailureStops() {
    var world = World()
    world.available = 1
    var machine = world.machine(.asSoonAsPossible)
    #expect(world.run(&machine, budget: 4) == "cut")
    guard case .stop(let failure?) = machine.handle(.failed(Failure("DISK_FULL", "full"))) else {
      Issue.record("went on")
      return
    }
    #expect(failure.condition == "DISK_FULL")
  }
}
