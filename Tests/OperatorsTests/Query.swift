import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan
import State

/// Builds and runs plans in tests as a script would.
struct Query {
  var workers = 2
  var batchRows = 8192
  var partitionCount = 8

  static let settings = Settings([
    Setting("moontide.shuffle.partitions", .integer(8), "test")
  ])

  static let analyzer = Analyzer(
    operators: .builtIn(
      ReadContext(
        connectors: ConnectorCatalog(sources: [], sinks: []), settings: settings,
        formats: FormatContext(), clock: SystemClock())),
    functions: .builtIn)

  /// An analysed and optimised plan.
  static func plan(_ unresolved: UnresolvedPlan) throws -> any PlanNode {
    Optimizer().optimize(try analyzer.analyze(unresolved))
  }

  /// The rows of a batch query.
  func rows(_ unresolved: UnresolvedPlan) throws -> [[Scalar]] {
    try rows(try Self.plan(unresolved))
  }

  func rows(_ plan: any PlanNode) throws -> [[Scalar]] {
    let lowering = Lowering(
      settings: Self.settings, partitionCount: partitionCount, state: NoStateStore(),
      outputMode: .complete, operatorId: { $0.kind.rawValue })
    let pool = WorkerPool(count: workers)
    defer { pool.shutDown() }
    let run = BatchRun(task: TaskContext(), pool: pool, inputs: [:], batchRows: batchRows)
    let partitions = try lowering.lower(plan).partitions(run)
    return try Self.rows(of: partitions, run)
  }

  static func rows(of partitions: [Partition], _ run: BatchRun) throws -> [[Scalar]] {
    var out: [[Scalar]] = []
    let batches = try run.pool.map(partitions.count) { index, worker -> [Batch] in
      let stream = try partitions[index].open(run.task.with(partition: index, worker: worker))
      var batches: [Batch] = []
      while let batch = try stream.next() { batches.append(batch.dense) }
      return batches
    }
    for batch in batches.flatMap({ $0 }) {
      for row in 0..<batch.count { out.append(batch.columns.map { $0.scalar(row) }) }
    }
    return out
  }
}

extension UnresolvedPlan {
  nonisolated(unsafe) private static var lastId = 0

  private static func newId() -> Int {
    lastId += 1
    return lastId
  }

  /// Rows by a DDL schema.
  static func table(_ ddl: String, _ rows: [[Scalar]], batches: Int = 1) throws -> UnresolvedPlan {
    let schema = try Schema(ddl: ddl)
    let size = max((rows.count + batches - 1) / batches, 1)
    let parts = stride(from: 0, to: max(rows.count, 1), by: size).map { begin -> Batch in
      let some = rows[begin..<min(begin + size, rows.count)]
      let columns = schema.fields.enumerated().map { index, field -> Vector in
        let builder = VectorBuilder(field.type)
        for row in some { builder.append(row[index]) }
        return builder.finish()
      }
      return Batch(columns, count: some.count)
    }
    return UnresolvedPlan(
      id: newId(), name: "localRows", arguments: ["rows": .rows(schema, parts)])
  }

  func then(
    _ name: String, _ arguments: [String: PlanArgument] = [:], with other: UnresolvedPlan? = nil
  )
    -> UnresolvedPlan
  {
    UnresolvedPlan(
      id: Self.newId(), name: name, inputs: [self] + (other.map { [$0] } ?? []),
      arguments: arguments)
  }

  static func columns(_ texts: [String]) throws -> PlanArgument {
    .list(try texts.map { .expression(try ExpressionParser.parse($0)) })
  }

  func select(_ texts: String...) throws -> UnresolvedPlan {
    then("select", ["columns": try Self.columns(texts)])
  }

  func filter(_ text: String) throws -> UnresolvedPlan {
    then("filter", ["condition": .expression(try ExpressionParser.parse(text))])
  }

  func aggregate(_ keys: [String], _ aggregates: [String], grouping: String = "groupBy") throws
    -> UnresolvedPlan
  {
    then(
      "aggregate",
      [
        "grouping": .text(grouping), "keys": try Self.columns(keys),
        "aggregates": try Self.columns(aggregates),
      ])
  }

  func limit(_ count: Int64) -> UnresolvedPlan { then("limit", ["count": .integer(count)]) }

  func sort(_ keys: (String, SortOrder)...) throws -> UnresolvedPlan {
    then(
      "sort",
      [
        "order": .list(
          try keys.map {
            .expression(UnresolvedExpression(.sort(try ExpressionParser.parse($0.0), $0.1)))
          })
      ])
  }

  func deduplicate(_ names: [String]? = nil) -> UnresolvedPlan {
    then("deduplicate", names.map { ["names": .list($0.map { .text($0) })] } ?? [:])
  }
}

func text(_ value: String) -> Scalar { .text(value) }
func int(_ value: Int64) -> Scalar { .integer(value) }
