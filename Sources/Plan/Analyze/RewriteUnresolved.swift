import Expressions

extension UnresolvedExpression {
  /// Rewrites top down: where `rewrite` gives something, that stands for the whole part.
  public func rewritten(_ rewrite: (UnresolvedExpression) throws -> UnresolvedExpression?) rethrows
    -> UnresolvedExpression
  {
    if let new = try rewrite(self) { return new }
    func again(_ part: UnresolvedExpression) throws -> UnresolvedExpression {
      try part.rewritten(rewrite)
    }
    func made(_ node: Node) -> UnresolvedExpression { UnresolvedExpression(node, origin: origin) }
    switch node {
    case .name, .column, .star, .starExcept, .literal, .parameter, .lambda: return self
    case .call(let name, let arguments, let isDistinct, let filter):
      return made(
        .call(
          name, try arguments.map(again), isDistinct: isDistinct, filter: try filter.map(again)))
    case .cast(let child, let type, let isTry):
      return made(.cast(try again(child), type, isTry: isTry))
    case .alias(let child, let names): return made(.alias(try again(child), names))
    case .extract(let child, let key): return made(.extract(try again(child), try again(key)))
    case .userFunction(let function, let arguments):
      return made(.userFunction(function, try arguments.map(again)))
    case .argument(let name, let child): return made(.argument(name, try again(child)))
    case .subquery(let subquery):
      return made(.subquery(subquery.with(values: try subquery.values.map(again))))
    case .sort(let child, let order): return made(.sort(try again(child), order))
    case .over(let child, let window): return made(.over(try again(child), window))
    }
  }
}
