import Contract
import Expressions
import Plan

/// `SELECT price * 2 AS twice, twice + 1`: a name that is no column may be the alias of an earlier
/// item, and stands for its expression.
struct LateralAliases {
  let call: OperatorCall

  func replaced(
    in list: [UnresolvedExpression], over input: AnalyzedPlan
  ) throws -> [UnresolvedExpression] {
    let resolver = call.analyzer.resolver(input.scope)
    var known: [String: [UnresolvedExpression]] = [:]
    return try list.map { item in
      var inner = item
      var names: [String] = []
      if case .alias(let child, let given) = item.node { (inner, names) = (child, given) }
      if !known.isEmpty {
        inner = try inner.rewritten { part in
          guard case .name(let parts) = part.node, let made = known[call.key(parts[0])],
            !resolver.knows(parts)
          else { return nil }
          return try value(of: parts, made, part.origin)
        }
      }
      if names.count == 1 { known[call.key(names[0]), default: []].append(inner) }
      if names.isEmpty { return inner }
      return UnresolvedExpression(.alias(inner, names), origin: item.origin)
    }
  }

  private func value(
    of parts: [String], _ made: [UnresolvedExpression], _ origin: Origin?
  ) throws -> UnresolvedExpression {
    guard made.count == 1 else {
      throw Failure(
        "AMBIGUOUS_LATERAL_COLUMN_ALIAS",
        "the name `\(parts[0])` is ambiguous: \(made.count) items of the list are called that",
        origin: origin)
    }
    return parts.dropFirst().reduce(made[0]) { value, field in
      let key = UnresolvedExpression(.literal(.text(field), .string), origin: origin)
      return UnresolvedExpression(.extract(value, key), origin: origin)
    }
  }
}
