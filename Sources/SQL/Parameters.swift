import Columns
import Contract
import Expressions
import Plan

/// The values of `:name` and `?` in a query's text, put where they stand.
struct Parameters {
  let named: [String: UnresolvedExpression]
  let listed: [UnresolvedExpression]

  func filling(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    UnresolvedPlan(
      id: plan.id, name: plan.name, inputs: try plan.inputs.map(filling),
      arguments: try plan.arguments.mapValues(filling), origin: plan.origin)
  }

  private func filling(_ argument: PlanArgument) throws -> PlanArgument {
    switch argument {
    case .expression(let expression): .expression(try expression.filling(self))
    case .list(let list): .list(try list.map(filling))
    default: argument
    }
  }

  func value(of name: String, _ origin: Origin?) throws -> UnresolvedExpression {
    if let place = Int(name), place >= 1, place <= listed.count { return listed[place - 1] }
    if let value = named[name] { return value }
    throw Failure(
      "UNBOUND_SQL_PARAMETER", "the query has no value for the parameter `:\(name)`",
      hint: Suggestion.sentence(for: name, among: Array(named.keys))
        ?? "Give it as session:sql(text, { \(name) = … }).", origin: origin)
  }
}

extension UnresolvedExpression {
  fileprivate func filling(_ parameters: Parameters) throws -> UnresolvedExpression {
    func fill(_ list: [UnresolvedExpression]) throws -> [UnresolvedExpression] {
      try list.map { try $0.filling(parameters) }
    }
    let filled: Node
    switch node {
    case .parameter(let name): return try parameters.value(of: name, origin)
    case .name, .column, .star, .literal: return self
    case .starExcept(let parts, let names): filled = .starExcept(parts, except: names)
    case .argument(let name, let child): filled = .argument(name, try child.filling(parameters))
    case .subquery(let subquery):
      guard let query = subquery.query as? UnresolvedPlan else {
        preconditionFailure("a query that is no plan")
      }
      filled = .subquery(
        Subquery(
          subquery.use, values: try fill(subquery.values), query: try parameters.filling(query)))
    case .call(let name, let arguments, let isDistinct, let filter):
      filled = .call(
        name, try fill(arguments), isDistinct: isDistinct, filter: try filter?.filling(parameters))
    case .cast(let child, let type, let isTry):
      filled = .cast(try child.filling(parameters), type, isTry: isTry)
    case .alias(let child, let names): filled = .alias(try child.filling(parameters), names)
    case .extract(let child, let key):
      filled = .extract(try child.filling(parameters), try key.filling(parameters))
    case .lambda(let names, let body): filled = .lambda(names, try body.filling(parameters))
    case .userFunction(let function, let arguments):
      filled = .userFunction(function, try fill(arguments))
    case .sort(let child, let order): filled = .sort(try child.filling(parameters), order)
    case .over(let call, let window):
      filled = .over(
        try call.filling(parameters),
        UnresolvedWindow(
          base: window.base, partition: try fill(window.partition), order: try fill(window.order),
          frame: window.frame))
    }
    return UnresolvedExpression(filled, origin: origin)
  }
}
