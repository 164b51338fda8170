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
    if case .parameter(let name) = node { return try parameters.value(of: name, origin) }
    let old = node.children
    if old.isEmpty { return self }
    return with(children: try old.map { try $0.filling(parameters) })
  }
}
