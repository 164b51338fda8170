import Columns
import Connectors
import Contract
import Expressions
import Plan
import State
import Synchronization

@testable import Operators

/// A streaming query run by hand: batch after batch of rows, watermarks as the test says.
final class StreamQuery {
  /// A leaf whose rows the test hands in.
  struct Leaf: StreamSourceNode {
    let sourceId: Int
    let output: [Attribute]
    var name: String { "Leaf" }
    var children: [any PlanNode] { [] }
    var expressions: [Expression] { [] }
    var origin: Origin? { nil }
    var details: String { "" }
    var streaming: StreamingFacts { StreamingFacts() }
    var isStreaming: Bool { true }
    func with(children: [any PlanNode]) -> any PlanNode { self }
    func with(expressions: [Expression]) -> any PlanNode { self }
    func openSource(directory: String) throws -> any StreamSource {
      throw Failure("TEST", "the test hands in the rows")
    }
    func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
      LeafOperator(output: output, sourceId: sourceId)
    }
  }

  private final class LeafOperator: Operator {
    let output: [Attribute]
    let sourceId: Int
    init(output: [Attribute], sourceId: Int) {
      self.output = output
      self.sourceId = sourceId
    }
    func partitions(_ run: BatchRun) throws -> [Partition] {
      (run.inputs[sourceId] ?? []).map { split in
        Partition { _ in try split.open(ReadRequest(columns: [], batchRows: run.batchRows)) }
      }
    }
  }

  struct Split: InputSplit {
    let batch: Batch
    var description: String { "test" }
    func open(_ request: ReadRequest) throws -> any BatchStream { BatchList([batch]) }
  }

  /// What was put, as a store on disk would have it.
  final class Memory: StateStore, @unchecked Sendable {
    final class Part: StatePartition, @unchecked Sendable {
      var entries: [[UInt8]: [UInt8]] = [:]
      var changes = 0
      func restore(
        _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
      ) throws {
        for (key, value) in entries {
          try key.withUnsafeBytes { k in try value.withUnsafeBytes { try visit(k, $0) } }
        }
      }
      func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        entries[Array(key)] = Array(value)
        changes += 1
      }
      func remove(key: UnsafeRawBufferPointer) {
        precondition(entries.removeValue(forKey: Array(key)) != nil, "no such entry")
        changes += 1
      }
    }
    private let parts = Mutex<[String: Part]>([:])
    func open(
      _ operatorId: String, partition: Int, layout: any StateLayout
    ) -> any StatePartition {
      parts.withLock { parts in
        let id = "\(operatorId)/\(partition)"
        let part = parts[id] ?? Part()
        parts[id] = part
        return part
      }
    }
    var count: Int { parts.withLock { $0.values.reduce(0) { $0 + $1.entries.count } } }
    var changes: Int { parts.withLock { $0.values.reduce(0) { $0 + $1.changes } } }
  }

  let plan: any PlanNode
  let mode: OutputMode
  let state = Memory()
  private let schema: Schema
  private var running: (any Operator)?
  private var stateful: [any StatefulOperator] = []
  private(set) var metrics = BatchMetrics()
  private let pool: WorkerPool
  private let partitionCount: Int
  private var last = Watermarks(lateUs: 0, evictUs: 0)

  static let leafId = 7

  /// `build` makes the plan over the leaf's.
  init(
    _ ddl: String, _ mode: OutputMode, workers: Int = 2, partitionCount: Int = 4,
    _ build: (UnresolvedPlan) throws -> UnresolvedPlan
  ) throws {
    schema = try Schema(ddl: ddl)
    self.mode = mode
    self.partitionCount = partitionCount
    pool = WorkerPool(count: workers)
    var operators = Query.analyzer.operators
    let leaf = Leaf(
      sourceId: Self.leafId,
      output: schema.fields.map { Attribute($0.name, $0.type, isNullable: $0.isNullable) })
    operators.add([OperatorSpec("leaf") { _ in leaf }])
    let analyzer = Analyzer(operators: operators, functions: .builtIn)
    let analyzed = try analyzer.analyze(try build(UnresolvedPlan(id: -5, name: "leaf")))
    try StreamingRules.check(analyzed, mode: mode)
    plan = Optimizer().optimize(analyzed)
    try restart()
  }

  deinit { pool.shutDown() }

  /// The query stops, and another process goes on from its state.
  func restart() throws {
    let lowering = Lowering(
      settings: Query.settings, partitionCount: partitionCount, state: state, outputMode: mode,
      operatorId: { $0.kind.rawValue })
    running = try lowering.lower(plan)
    stateful = lowering.statefulOperators.all
  }

  /// One batch: rows in two splits, and the watermark (microseconds) that was fixed at its start.
  func batch(_ rows: [[Scalar]], watermark: Int64 = 0) throws -> [String] {
    let half = (rows.count + 1) / 2
    let splits = [rows[..<half], rows[half...]].filter { !$0.isEmpty }.map {
      some -> any InputSplit in
      let columns = schema.fields.enumerated().map { index, field -> Vector in
        let builder = VectorBuilder(field.type)
        for row in some { builder.append(row[index]) }
        return builder.finish()
      }
      return Split(batch: Batch(columns, count: some.count))
    }
    metrics = BatchMetrics()
    let marks = Watermarks(lateUs: last.evictUs, evictUs: watermark)
    last = marks
    let run = BatchRun(
      task: TaskContext(), pool: pool, inputs: [Self.leafId: splits], batchRows: 3,
      watermarks: Dictionary(stateful.map { ($0.operatorId, marks) }) { a, _ in a },
      metrics: metrics)
    guard let running else { return [] }
    return try Query.rows(of: running.partitions(run), run).map { row in
      row.map(Self.text).joined(separator: " ")
    }.sorted()
  }

  private static func text(_ value: Scalar) -> String {
    switch value {
    case .null: "-"
    case .integer(let value): String(value)
    case .bytes: value.text ?? ""
    case .structure(let fields): "[" + fields.map(text).joined(separator: ",") + "]"
    case .array(let elements): "(" + elements.map(text).joined(separator: ",") + ")"
    default: "\(value)"
    }
  }
}
