import Columns
import Contract

/// The operators, which SQL calls by their signs: each is a function of that name.
let operatorFunctions: [FunctionSpec] = [
  arithmeticFunctions, comparisonFunctions, logicFunctions, conditionalFunctions,
  patternFunctions, bitFunctions, windowFunctions, fieldFunctions,
].flatMap { $0 }

/// Spark's BINARY_OP_DIFF_TYPES.
func differentOperands(_ call: FunctionCall, _ sign: String) -> Failure {
  Failure(
    "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
    "the operands of `\(call[0].sqlText) \(sign) \(call[1].sqlText)` have incompatible types "
      + "(\"\(call[0].type)\" and \"\(call[1].type)\")", origin: call.origin)
}

/// Spark's BINARY_OP_WRONG_TYPE.
func wrongOperands(_ call: FunctionCall, _ sign: String, wants: String) -> Failure {
  Failure(
    "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
    "`\(call[0].sqlText) \(sign) \(call[1].sqlText)` needs \(wants), not \"\(call[0].type)\"",
    origin: call.origin)
}

/// Operands that no rule brings to a type the operator has. Where coercion makes them one type, it
/// is the wrong one; otherwise they do not go together.
func refusedOperands(_ call: FunctionCall, _ sign: String, wants: String) -> Failure {
  let (left, right) = (call[0].type, call[1].type)
  let isOneType =
    left == right || ImplicitCast.promotesString(left, right)
    || (left == .double && right.isDecimal) || (left.isDecimal && right == .double)
  return isOneType ? wrongOperands(call, sign, wants: wants) : differentOperands(call, sign)
}

extension FunctionCall {
  /// The same call under another name, for `!=` as NOT of `=`.
  func renamed(_ name: String) -> FunctionCall {
    FunctionCall(
      name: name, arguments: arguments, isDistinct: isDistinct, filter: filter, origin: origin,
      session: session, lambda: lambda)
  }

  /// The negation of a condition.
  func negated(_ condition: Expression) -> Expression {
    renamed("not").with([condition]).result(.boolean, notation: .prefix) { columns, _ in
      inverted(columns[0])
    }
  }
}
