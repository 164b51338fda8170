import Columns
import Connectors
import Contract
import Expressions
import Glibc
import Operators
import Plan
import State
import Synchronization

@testable import Streaming

/// A clock that stands until it is turned.
final class ManualClock: Clock {
  private let us = Mutex<Int64>(1_700_000_000_000_000)
  private let begun = Mutex(0)

  var nowUs: Int64 { us.withLock { $0 } }
  var monotonicNs: Int64 { nowUs * 1000 }

  /// How many waits have begun: one that begins after a batch says that the batch is done with.
  var waits: Int { begun.withLock { $0 } }

  func turn(us amount: Int64) { us.withLock { $0 += amount } }

  /// Looks again after a moment: whoever waits looks at the clock itself.
  func wait(untilNs deadlineNs: Int64, or wake: WakeUp) {
    begun.withLock { $0 += 1 }
    wake.wait(untilMonotonicNs: SystemClock().monotonicNs + 1_000_000)
  }
}

/// Rows of one STRING column that outlive a "process"; each `add` is a step of the offset.
final class TestStream: Sendable {
  private let steps = Mutex<[[String]]>([])

  func add(_ rows: String...) { steps.withLock { $0.append(rows) } }
  var count: Int { steps.withLock { $0.count } }
  func rows(_ range: Range<Int>) -> [[String]] { steps.withLock { Array($0[range]) } }

  static let schema = Schema([Field("word", .string)])

  static func batch(_ rows: [String]) -> Batch {
    let builder = VectorBuilder(.string)
    for row in rows { builder.append(text: row) }
    return Batch([builder.finish()], count: rows.count)
  }
}

final class TestSource: StreamSource {
  private let stream: TestStream
  private let stepLimit: Int
  private var frozen: Int?

  init(_ stream: TestStream, stepLimit: Int) {
    self.stream = stream
    self.stepLimit = stepLimit
  }

  var schema: Schema { TestStream.schema }
  var description: String { "TestSource[words]" }
  func initialOffset() -> SourceOffset? { nil }
  func freezeForAvailableNow() { frozen = stream.count }

  private func step(_ offset: SourceOffset?) -> Int { offset.flatMap { Int($0.json) } ?? 0 }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) -> SourceOffset? {
    let all = frozen ?? stream.count
    let end = limit == .everything ? all : min(all, step(start) + stepLimit)
    return end == 0 ? nil : SourceOffset(String(end))
  }

  func read(from start: SourceOffset?, to end: SourceOffset) -> [any InputSplit] {
    stream.rows(step(start)..<step(end)).map {
      RowsSplit(rows: TestStream.batch($0), description: "words")
    }
  }
}

struct TestSourceNode: StreamSourceNode {
  let stream: TestStream
  var stepLimit = 1
  var sourceId = 1
  var sourceCount = 1
  let output = [Attribute("word", .string, isNullable: true)]

  var name: String { "TestSource" }
  var children: [any PlanNode] { [] }
  var expressions: [Expression] { [] }
  var origin: Origin? { nil }
  var details: String { "" }
  var streaming: StreamingFacts { StreamingFacts() }
  var isStreaming: Bool { true }
  func with(children: [any PlanNode]) -> any PlanNode { self }
  func with(expressions: [Expression]) -> any PlanNode { self }

  func openSource(directory: String) -> any StreamSource {
    TestSource(stream, stepLimit: stepLimit)
  }

  func lower(_ children: [any Operator], _ lowering: Lowering) -> any Operator {
    TestScan(output: output, sourceId: sourceId)
  }
}

private final class TestScan: Operator {
  let output: [Attribute]
  let sourceId: Int

  init(output: [Attribute], sourceId: Int) {
    self.output = output
    self.sourceId = sourceId
  }

  func partitions(_ run: BatchRun) -> [Partition] {
    (run.inputs[sourceId] ?? []).map { split in
      Partition { [sourceId] _ in
        let rows = try split.open(ReadRequest(columns: [0], batchRows: 100))
        var batches: [Batch] = []
        while let batch = try rows.next() { batches.append(batch) }
        run.metrics.addInputRows(batches.reduce(0) { $0 + $1.count }, source: sourceId)
        return BatchList(batches)
      }
    }
  }
}

/// Counts words; gives each new count with the batch's clock and a random number of the batch.
/// `fails`: a word on which the batch fails.
struct CountNode: OperatorNode {
  let child: any PlanNode
  var fails = ""
  var fingerprint = "count(word)"
  var uid: String?

  let output = [
    Attribute("word", .string, isNullable: true), Attribute("count", .long, isNullable: false),
    Attribute("time", .long, isNullable: false), Attribute("random", .long, isNullable: false),
  ]
  var name: String { "Count" }
  var children: [any PlanNode] { [child] }
  var expressions: [Expression] { [] }
  var origin: Origin? { nil }
  var details: String { "" }
  var streaming: StreamingFacts {
    StreamingFacts(state: StateFacts(.aggregate, uid: uid, keys: "word", fingerprint: fingerprint))
  }
  func with(children: [any PlanNode]) -> any PlanNode { self }
  func with(expressions: [Expression]) -> any PlanNode { self }

  func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let id = lowering.operatorId(
      StateFacts(.aggregate, uid: uid, keys: "word", fingerprint: fingerprint))
    return CountOperator(
      children[0], id, try lowering.state.open(id, partition: 0, layout: KeyLayout()), output,
      fails: fails)
  }
}

private final class CountOperator: StatefulOperator {
  let output: [Attribute]
  let operatorId: String
  private let child: any Operator
  private let state: any StatePartition
  private let fails: String
  private let counts = Mutex<[String: Int64]?>(nil)

  init(
    _ child: any Operator, _ id: String, _ state: any StatePartition, _ output: [Attribute],
    fails: String
  ) {
    self.child = child
    operatorId = id
    self.state = state
    self.output = output
    self.fails = fails
  }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    StateSchema(
      .aggregate, name: "stateStoreSave", partitionCount: 1,
      key: Schema([Field("word", .string)]),
      stores: [.init(value: Schema([Field("count", .long)]))])
  }

  private func restored() throws -> [String: Int64] {
    var found: [String: Int64] = [:]
    try state.restore { key, value in
      found[String(decoding: key, as: UTF8.self)] = value.loadUnaligned(as: Int64.self)
    }
    return found
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    var known = try counts.withLock { $0 } ?? restored()
    var changed: Set<String> = []
    for partition in try child.partitions(run) {
      let rows = try partition.open(run.task)
      while let batch = try rows.next() {
        for row in 0..<batch.count {
          let word = batch.column(0).scalar(row).text ?? ""
          if word == fails { throw Failure("BAD_WORD", "the word `\(word)` is bad") }
          known[word, default: 0] += 1
          changed.insert(word)
        }
      }
    }
    counts.withLock { [known] in $0 = known }
    let builders = output.map { VectorBuilder($0.type) }
    for word in changed.sorted() {
      var count = known[word] ?? 0
      Array(word.utf8).withUnsafeBytes { key in
        withUnsafeBytes(of: &count) { state.put(key: key, value: $0) }
      }
      builders[0].append(text: word)
      builders[1].append(integer: count)
      builders[2].append(integer: run.task.batchTimeUs)
      builders[3].append(integer: Int64(truncatingIfNeeded: run.task.seed))
    }
    let batch = Batch(builders.map { $0.finish() }, count: changed.count)
    return [Partition { _ in BatchList([batch]) }]
  }
}

/// What a sink has taken, beyond the end of a "process".
final class TestTable: Sendable {
  /// By batch, each attempt's rows as text.
  private let attempts = Mutex<[Int64: [[String]]]>([:])

  func take(_ rows: [String], batch: Int64) {
    attempts.withLock { $0[batch, default: []].append(rows) }
  }

  var batches: [Int64: [[String]]] { attempts.withLock { $0 } }
  /// The rows of each batch, in order.
  var rows: [[String]] { batches.sorted { $0.key < $1.key }.map { $0.value.last ?? [] } }

  /// Without the columns of clock and randomness.
  var counts: [[String]] {
    rows.map { $0.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } }
  }
}

final class TestSink: StreamSink {
  let table: TestTable

  init(_ table: TestTable) { self.table = table }

  var description: String { "TestSink" }

  func begin(batch id: Int64, mode: OutputMode) -> (any SinkBatch)? {
    CollectedBatch { [table] batches in
      let rows = batches.flatMap { batch in
        (0..<batch.count).map { row in
          batch.columns.indices.map { column in
            switch batch.column(column).scalar(row) {
            case .integer(let value): String(value)
            case let value: value.text ?? "NULL"
            }
          }.joined(separator: " ")
        }
      }
      table.take(rows, batch: id)
    }
  }

  static func spec(_ table: TestTable) -> SinkSpec {
    SinkSpec(
      Spec(.sink, "test", category: "tests", summary: "Tests."),
      modes: [.append, .update], allowsTemporaryCheckpoint: true
    ) { _ in TestSink(table) }
  }
}

/// One world: a checkpoint folder, a clock, a stream and a table; queries come and go in it.
final class TestWorld: Sendable {
  static let pool = WorkerPool(count: 2)

  let folder = TemporaryFolder()
  let clock = ManualClock()
  let stream = TestStream()
  let table = TestTable()
  private let randoms = Mutex<UInt64>(0)

  func queries(_ faults: StorageFaults? = nil) -> StreamingQueries {
    var environment = QueryEnvironment(pool: Self.pool)
    environment.clock = clock
    environment.storage = PosixStorage(faults: faults)
    environment.random = { [self] in
      randoms.withLock {
        $0 &+= 0x9E37_79B9_7F4A_7C15
        return $0
      }
    }
    return StreamingQueries(environment: environment)
  }

  func definition(
    _ trigger: Trigger = .availableNow, plan: (any PlanNode)? = nil, name: String? = nil
  ) throws -> QueryDefinition {
    var options = Options()
    options["checkpointLocation"] = folder.path + "/checkpoint"
    var settings = Settings(StreamingSettings.all)
    try settings.set("moontide.streaming.pollingDelay", to: "1 ms")
    return QueryDefinition(
      plan: plan ?? CountNode(child: TestSourceNode(stream: stream)), outputMode: .update,
      trigger: trigger, name: name, sink: TestSink.spec(table), options: options,
      settings: settings)
  }

  /// Runs all that is there.
  func run(_ faults: StorageFaults? = nil) throws {
    try queries(faults).start(definition()).awaitTermination()
  }
}
