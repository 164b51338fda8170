import Columns
import Contract
import Expressions
import Plan

/// Several rows of each row, each by a list of expressions: the sets of `rollup` and `cube`.
public struct Expand: OperatorNode {
  /// For each row made, its columns.
  public let rows: [[Expression]]
  public let output: [Attribute]
  public let child: any PlanNode
  public let origin: Origin?

  public init(
    _ rows: [[Expression]], output: [Attribute], _ child: any PlanNode, origin: Origin? = nil
  ) {
    self.rows = rows
    self.output = output
    self.child = child
    self.origin = origin
  }

  public var name: String { "Expand" }
  public var children: [any PlanNode] { [child] }
  public var expressions: [Expression] { rows.flatMap { $0 } }
  public var details: String {
    rows.map { "[" + $0.map(\.description).joined(separator: ", ") + "]" }.joined(separator: ", ")
      + ", " + PlanText.list(output)
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Expand(rows, output: output, children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    var rest = expressions[...]
    let new = rows.map { row in
      defer { rest = rest.dropFirst(row.count) }
      return Array(rest.prefix(row.count))
    }
    return Expand(new, output: output, child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    return RowByRowOperator(
      output: output, child: children[0],
      step: ExpandStep(
        rows: rows.map { $0.map { CompiledExpression($0, input: input) } },
        types: output.map(\.type)))
  }
}

extension Expand: PrunesColumns {
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    let kept = output.indices.filter { needed.contains(output[$0]) }
    return Expand(
      rows.map { row in kept.map { row[$0] } }, output: kept.map { output[$0] }, child,
      origin: origin)
  }
}

private struct ExpandStep: RowStep {
  let rows: [[CompiledExpression]]
  let types: [DataType]

  /// The rows made of one row stand together, in the order of the lists.
  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    let count = context.count
    let parts = try rows.map { row in
      Batch(try row.map { try $0.evaluate(context) }, count: count)
    }
    let all = Batch.concatenated(parts, types: types)
    let order = Buffer(capacity: all.count * 4)
    let out = order.typed(UInt32.self)
    for row in 0..<count {
      for part in 0..<parts.count {
        out[row &* parts.count &+ part] = UInt32(truncatingIfNeeded: part &* count &+ row)
      }
    }
    return all.selecting(Selection(buffer: order, count: all.count))
  }
}
