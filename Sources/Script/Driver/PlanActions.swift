import CLua
import Columns
import Contract
import Expressions
import Operators
import Plan

/// What makes a DataFrame's plan cross into the engine: its columns, its rows, its explanation.
extension Driver {
  var planFunctions: [String: LuaBody] {
    [
      "schema": { [unowned self] call in
        try call.push(DataType.structure(described(call).schema.fields).described)
      },
      "isStreaming": { [unowned self] call in
        try call.push(.boolean(described(call).isStreaming))
      },
      "schemaTree": { [unowned self] call in
        try call.push(.string(described(call).schema.treeString))
      },
      "explain": { [unowned self] call in
        try call.push(.string(explain(call, mode: call.string(2))))
      },
      "collect": { [unowned self] call in
        let query = try batchQuery(call)
        let schema = query.plan.schema
        if checksOnly { return try call.push(.list([])) }
        let rows = Batch.concatenated(try query.batches(), types: schema.fields.map(\.type))
        return try call.push(rows: rows, schema: schema)
      },
      "show": { [unowned self] call in
        try call.push(
          .string(
            show(call, rows: call.integer(2), truncate: call.integer(3), vertical: call.boolean(4)))
        )
      },
      "persist": { [session, unowned self] call in
        try StreamingRules.checkBatch(described(call))
        session.persist(plan: Int(try call.integer(2)))
        return 0
      },
      "unpersist": { [session] call in
        session.unpersist(plan: Int(try call.integer(1)))
        return 0
      },
      "tables": { [session] call in try call.push(.strings(session.tables.names)) },
      "iterate": { [unowned self] call in
        try call.push(.object(try RowCursor(batchQuery(call))))
      },
      "nextRows": { [checksOnly] call in
        if checksOnly { return try call.push(.nil) }
        let cursor = try call.object(1, as: RowCursor.self)
        guard let batch = try cursor.next() else { return try call.push(.nil) }
        let bytes = batch.columns.reduce(0) { $0 + $1.heldBytes }
        return try call.push(rows: batch, schema: cursor.schema)
          + call.push(.integer(Int64(bytes)))
      },
    ]
  }

  private func described(_ call: LuaCall) throws -> any PlanNode {
    try analyzed(call, willRun: false) { $0 }
  }

  /// The first rows as a table, and whether there are more.
  private func show(
    _ call: LuaCall, rows: Int64, truncate: Int64, vertical: Bool
  ) throws -> String {
    let limited = try analyzed(call, willRun: true) { plan in
      UnresolvedPlan(
        id: plan.id, name: "limit", inputs: [plan], arguments: ["count": .integer(rows &+ 1)],
        origin: plan.origin)
    }
    let query = try session.batchQuery(limited)
    if checksOnly { return "" }
    let schema = query.plan.schema
    let batch = Batch.concatenated(try query.batches(), types: schema.fields.map(\.type))
    let table = TableText(
      truncate: Int(truncate), isVertical: vertical, timeZoneId: session.timeZone.id)
    return table.text(batch, schema: schema, rows: Int(rows))
  }

  /// The plan as text, before and after it is optimised.
  private func explain(_ call: LuaCall, mode: String) throws -> String {
    let plan = try described(call)
    return PlanTree.explained(
      analyzed: plan, optimized: try session.optimizer.optimize(plan), mode: mode)
  }

  private func batchQuery(_ call: LuaCall) throws -> BatchQuery {
    try session.batchQuery(analyzed(call, willRun: true) { $0 })
  }

  /// The plan at the call's first place, changed and analysed. Where it will run, what functions
  /// hold on to is copied now, into worker states of this plan's own.
  func analyzed(
    _ call: LuaCall, willRun: Bool, _ change: (UnresolvedPlan) throws -> UnresolvedPlan
  ) throws -> any PlanNode {
    let workers = willRun ? WorkerStates(try workerSetting()) : nil
    let functions = ScriptFunctions(state: state, workers: workers)
    let catalog = try session.functions(made: functions)
    var reader = PlanReader(
      expressions: ExpressionReader(timeZoneId: session.timeZone.id, userFunctions: functions),
      userFunctions: functions
    ) { [session] plan in
      willRun ? try session.persistedRows(of: plan, functions: catalog) : nil
    }
    return try session.analyzed(change(reader.plan(planValue(call))), functions: catalog)
  }

  /// The tables of the plan at the call's first place.
  private func planValue(_ call: LuaCall) throws -> LuaValue {
    do {
      // Beyond the steps, room for the expressions of the deepest.
      return try call.value(1, depthLimit: Analyzer.depthLimit + Int(MOONTIDE_DEPTH))
    } catch let failure as Failure where failure.condition == "NESTED_TOO_DEEP" {
      throw Analyzer.tooDeep(call.origin)
    }
  }
}

/// The rows of a batch query, some at a time: what `toLocalIterator` holds.
///
/// A partition's rows are pulled as they are asked for, by a thread of the cursor's own: what the
/// loop's body starts finds the session's workers free, and functions stay on one thread.
///
/// Border (`@unchecked Sendable`): the script's thread waits while the cursor's own pulls.
final class RowCursor: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.RowCursor"

  let schema: Schema
  private let task: TaskContext
  /// Those not begun, the next one last.
  private var partitions: [Partition]
  private var number = 0
  private var stream: (any BatchStream)?
  private let thread = WorkerPool(count: 1)

  init(_ query: BatchQuery) throws {
    schema = query.plan.schema
    let (partitions, task) = try query.partitions()
    self.partitions = partitions.reversed()
    self.task = task
  }

  deinit { thread.shutDown() }

  /// The next rows, or nil at the end.
  func next() throws -> Batch? {
    do {
      return try thread.map(1) { [self] _, worker in try pull(worker) }.first?.first
    } catch {
      throw Failure.of(error)
    }
  }

  /// One batch with rows, or none at the end.
  private func pull(_ worker: Int) throws -> [Batch] {
    while true {
      guard let rows = stream else {
        guard let partition = partitions.popLast() else { return [] }
        stream = try partition.open(
          task.with(partition: number, worker: worker, inputName: partition.inputName))
        number += 1
        continue
      }
      guard let batch = try rows.next() else {
        stream = nil
        continue
      }
      if batch.count > 0 { return [batch.dense] }
    }
  }
}

extension Vector {
  /// Bytes of the memory that this column keeps; what several share counts for each.
  fileprivate var heldBytes: Int {
    children.reduce(values.capacity + (validity?.capacity ?? 0)) { $0 + $1.heldBytes }
      + blocks.reduce(0) { $0 + $1.capacity }
  }
}

extension DataType {
  /// As `stdlib/moontide/types.lua` reads it.
  var described: LuaValue {
    switch self {
    case .array(let element, _):
      .record(["kind": "array", "element": element.described])
    case .map(let key, let value, _):
      .record(["kind": "map", "key": key.described, "value": value.described])
    case .structure(let fields):
      .record([
        "kind": "struct",
        "fields": .list(
          fields.map {
            .record([
              "name": .string($0.name), "type": $0.type.described,
              "nullable": .boolean($0.isNullable),
            ])
          }),
      ])
    default: .record(["kind": "simple", "text": .string(description)])
    }
  }
}
