import Columns
import Contract
import Expressions
import Plan

/// New columns from the columns of each row: `select`, `withColumns`, `drop`.
public struct Project: OperatorNode {
  public let columns: [NamedExpression]
  public let child: any PlanNode
  public let origin: Origin?

  public init(_ columns: [NamedExpression], _ child: any PlanNode, origin: Origin? = nil) {
    self.columns = columns
    self.child = child
    self.origin = origin
  }

  public var name: String { "Project" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { columns.map(\.attribute) }
  public var expressions: [Expression] { columns.map(\.expression) }
  public var details: String { PlanText.list(columns) }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Project(columns, children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Project(
      zip(columns, expressions).map { NamedExpression($1, as: $0.attribute) }, child,
      origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let compiled = columns.map { CompiledExpression($0.expression, input: input) }
    return RowByRowOperator(
      output: output, child: children[0],
      step: ProjectStep(columns: compiled, places: plainPlaces(input)))
  }

  /// Where every column is an input column as it is: their places.
  private func plainPlaces(_ input: [Attribute]) -> [Int]? {
    var places: [Int] = []
    for column in columns {
      guard case .attribute(let attribute) = column.expression.kind,
        let place = input.firstIndex(of: attribute)
      else { return nil }
      places.append(place)
    }
    return places
  }
}

private struct ProjectStep: RowStep {
  let columns: [CompiledExpression]
  let places: [Int]?

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    if let places { return batch.choosing(places) }
    return Batch(try columns.map { try $0.evaluate(context) }, count: context.count)
  }
}
