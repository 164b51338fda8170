import Columns
import Contract

/// Evaluates the parts of an expression that hang on no row, once, and simplifies conditions. A
/// part that fails stays as it is: its error belongs to the row that reaches it, if any does.
public func fold(_ expression: Expression, timeZoneId: String = "UTC") -> Expression {
  expression.transformed { node in
    guard case .call(let function, let arguments) = node.kind, function.isDeterministic else {
      return node
    }
    if let simpler = simplified(node, function, arguments) { return simpler }
    let isConstant = arguments.allSatisfy { if case .literal = $0.kind { true } else { false } }
    // A function of nothing, such as `current_timestamp`, hangs on the batch.
    guard isConstant, !arguments.isEmpty, !node.hangsOnClock(arguments) else { return node }
    let context = EvaluationContext(
      Batch([], count: 1), task: TaskContext(timeZoneId: timeZoneId))
    guard let value = try? CompiledExpression(node, input: []).evaluate(context) else {
      return node
    }
    return .literal(value.scalar(0), node.type, origin: node.origin)
  }
}

/// Conditions with a constant operand, and casts to the type that is there already.
private func simplified(
  _ node: Expression, _ function: ScalarFunction, _ arguments: [Expression]
) -> Expression? {
  switch function.name {
  case "and", "or":
    let decisive = Scalar.boolean(function.name == "or")
    let neutral = Scalar.boolean(function.name == "and")
    if arguments[0].literalValue == decisive { return arguments[0] }
    if arguments[0].literalValue == neutral { return arguments[1] }
    if arguments[1].literalValue == neutral { return arguments[0] }
    // The left side may not be dropped where it may raise.
    if arguments[1].literalValue == decisive, !arguments[0].canFail { return arguments[1] }
    return nil
  case "not":
    guard case .call(let inner, let operands) = arguments[0].kind, inner.name == "not" else {
      return nil
    }
    return operands[0]
  case "when":
    // Branches whose condition is false or NULL are never taken; one that is true ends the CASE.
    return simplifiedCase(node, function, arguments)
  case "coalesce":
    return arguments[0].isNullable ? nil : arguments[0]
  default: return nil
  }
}

private func simplifiedCase(
  _ node: Expression, _ function: ScalarFunction, _ arguments: [Expression]
) -> Expression? {
  var kept: [Expression] = []
  var fallback = arguments.count.isMultiple(of: 2) ? nil : arguments.last
  for index in stride(from: 0, to: arguments.count - 1, by: 2) {
    switch arguments[index].literalValue {
    case .boolean(true):
      fallback = arguments[index + 1]
      if kept.isEmpty { return fallback }
      return node.with(kept: kept, fallback, function)
    case .boolean(false), .null: continue
    default: kept += [arguments[index], arguments[index + 1]]
    }
  }
  let rest = kept.count + (fallback == nil ? 0 : 1)
  if rest == arguments.count { return nil }
  if kept.isEmpty { return fallback ?? .literal(.null, node.type, origin: node.origin) }
  return node.with(kept: kept, fallback, function)
}

extension Expression {
  /// The value of a literal.
  public var literalValue: Scalar? {
    if case .literal(let value) = kind { value } else { nil }
  }

  /// Whether this is an instant made of a time of day, which is one of the batch's day.
  fileprivate func hangsOnClock(_ arguments: [Expression]) -> Bool {
    guard type == .timestamp, let text = arguments[0].literalValue?.text else { return false }
    return TimestampReader.isTimeOnly(text)
  }

  fileprivate func with(
    kept: [Expression], _ fallback: Expression?, _ function: ScalarFunction
  ) -> Expression {
    Expression(
      .call(function, kept + (fallback.map { [$0] } ?? [])), type, isNullable: isNullable,
      origin: origin)
  }
}
