import Columns
import Contract

/// Evaluates the parts of an expression that hang on no row, once. A part that fails stays as it is:
/// its error belongs to the row that reaches it, if any does.
public func fold(_ expression: Expression, timeZoneId: String = "UTC") -> Expression {
  expression.transformed { node in
    guard case .call(let function, let arguments) = node.kind, function.isDeterministic,
      // A function of nothing, such as `current_timestamp`, hangs on the batch.
      node.type.isNested == arguments.isEmpty,
      arguments.allSatisfy({ if case .literal = $0.kind { true } else { false } })
    else { return node }
    let context = EvaluationContext(
      Batch([], count: 1), task: TaskContext(timeZoneId: timeZoneId))
    guard let value = try? CompiledExpression(node, input: []).evaluate(context) else { return node }
    return .literal(value.scalar(0), node.type, origin: node.origin)
  }
}
