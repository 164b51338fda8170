import Columns
import Contract
import Expressions
import Plan

/// The user's own function over rows: `filter(fn)`, `map`, `flatMap`, `mapPartitions`.
public struct RowFunction: OperatorNode {
  public enum Kind: String, Sendable {
    case filter, map, flatMap, mapPartitions
  }

  public let kind: Kind
  public let function: any UserRowFunction
  /// The child's columns for a filter.
  public let output: [Attribute]
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String {
    switch kind {
    case .filter: "FilterRows"
    case .map: "MapRows"
    case .flatMap: "FlatMapRows"
    case .mapPartitions: "MapPartitions"
    }
  }
  public var children: [any PlanNode] { [child] }
  public var expressions: [Expression] { [] }
  public var details: String { "\(function.name), \(PlanText.list(output))" }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    RowFunction(
      kind: kind, function: function, output: kind == .filter ? children[0].output : output,
      child: children[0], origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let step = RowFunctionStep(
      kind: kind, function: function, input: child.schema, output: schema, origin: origin)
    if kind == .mapPartitions {
      return MapPartitionsOperator(output: output, child: children[0], step: step)
    }
    return RowByRowOperator(output: output, child: children[0], step: step)
  }
}

extension RowFunction: NeedsAllColumns {}

private struct RowFunctionStep: RowStep {
  let kind: RowFunction.Kind
  let function: any UserRowFunction
  let input: Schema
  let output: Schema
  let origin: Origin?

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    if batch.count == 0 { return Batch(output.fields.map { .nulls($0.type, count: 0) }, count: 0) }
    do {
      if kind == .filter {
        let kept = Selection.whereTrue(
          try function.filter(batch, schema: input, task: context.task))
        return kept.count == batch.count ? batch : batch.selecting(kept)
      }
      let (columns, rows) = try function.expand(
        batch, schema: input, output: output, isFlat: kind == .flatMap, task: context.task)
      return Batch(columns, count: rows.count)
    } catch let error as RowFailure {
      throw RowFailure(row: error.row, error.failure.at(origin))
    } catch let failure as Failure {
      throw failure.at(origin)
    }
  }

  /// The function over all rows of a partition.
  func apply(all batches: [Batch], _ task: TaskContext) throws -> Batch {
    try withOrigin(origin) {
      try function.apply(
        key: nil, keySchema: Schema([]),
        rows: .concatenated(batches, types: input.fields.map(\.type)), schema: input,
        output: output, task: task)
    }
  }
}

private final class MapPartitionsOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let step: RowFunctionStep

  init(output: [Attribute], child: any Operator, step: RowFunctionStep) {
    self.output = output
    self.child = child
    self.step = step
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    try child.partitions(run).map { partition in
      partition.through { [step] input, task in
        var isDone = false
        return GeneratedStream {
          if isDone { return nil }
          isDone = true
          var batches: [Batch] = []
          while let batch = try input.next() { if batch.count > 0 { batches.append(batch) } }
          return try step.apply(all: batches, task)
        }
      }
    }
  }
}

/// `filterRows`.
func buildFilterRows(_ call: OperatorCall) throws -> any PlanNode {
  RowFunction(
    kind: .filter, function: call.rowFunction("function"), output: call.child.output,
    child: call.child, origin: call.origin)
}

/// `mapRows`, `flatMapRows`, `mapPartitions`.
func buildRowFunction(_ call: OperatorCall, _ kind: RowFunction.Kind) throws -> any PlanNode {
  RowFunction(
    kind: kind, function: call.rowFunction("function"),
    output: call.schema("schema").fields.map {
      Attribute($0.name, $0.type, isNullable: $0.isNullable)
    }, child: call.child, origin: call.origin)
}
