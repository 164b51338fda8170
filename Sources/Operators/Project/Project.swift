import Columns
import Contract
import Expressions
import Plan

extension Project: OperatorNode {
  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let compiled = CompiledExpression.list(expressions, input: input)
    return RowByRowOperator(
      output: output, child: children[0],
      step: ProjectStep(columns: compiled, places: plainPlaces(input)))
  }

  /// Where every column is an input column as it is: their places.
  private func plainPlaces(_ input: [Attribute]) -> [Int]? {
    let known = Dictionary(
      input.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var places: [Int] = []
    for column in columns {
      guard case .attribute(let attribute) = column.expression.kind, let place = known[attribute]
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
