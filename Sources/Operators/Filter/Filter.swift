import Columns
import Contract
import Expressions
import Plan

extension Filter: OperatorNode {
  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    RowByRowOperator(
      output: output, child: children[0],
      step: FilterStep(condition: CompiledExpression(condition, input: children[0].output)))
  }
}

private struct FilterStep: RowStep {
  let condition: CompiledExpression

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    let kept = Selection.whereTrue(try condition.evaluate(context))
    return kept.count == batch.count ? batch : batch.selecting(kept)
  }
}
