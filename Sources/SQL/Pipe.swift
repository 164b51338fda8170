import Columns
import Contract
import Expressions
import Plan

/// `query |> operator`: each operator works on what stands before it.
extension QueryParser {
  mutating func piped(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    switch tokens.peek.kind == .word ? tokens.peek.keyword : "" {
    case "SELECT":
      let select = try select(from: plan)
      return try finished(select)
    case "WHERE":
      tokens.advance()
      return node("filter", [plan], ["condition": .expression(try tokens.expression())])
    case "EXTEND":
      tokens.advance()
      return node("select", [plan], ["columns": expressions([make(.star([]))] + (try items()))])
    case "SET": return try pipedSet(plan)
    case "DROP":
      tokens.advance()
      var names = [[try tokens.identifier()]]
      while tokens.take(sign: ",") { names.append([try tokens.identifier()]) }
      return node(
        "select", [plan], ["columns": expressions([make(.starExcept([], except: names))])])
    case "AS":
      tokens.advance()
      return node("alias", [plan], ["name": .text(try tokens.identifier())])
    case "AGGREGATE": return try pipedAggregate(plan)
    case "ORDER", "SORT":
      tokens.advance()
      try tokens.expect("BY")
      return sorted(plan, by: try sortKeys())
    case "LIMIT", "OFFSET": return try limited(plan)
    case "UNION", "EXCEPT", "MINUS", "INTERSECT": return try pipedSetOperation(plan)
    case "PIVOT", "UNPIVOT":
      guard let turned = try turned(plan) else { throw tokens.unexpected() }
      return turned
    case "LATERAL":
      tokens.advance()
      try tokens.expect("VIEW")
      return try lateralView(over: plan)
    default:
      let start = tokens.position
      let joined = try joins(of: plan)
      if tokens.position == start { throw tokens.unexpected("a pipe operator is expected") }
      return joined
    }
  }

  private mutating func items() throws -> [UnresolvedExpression] {
    var items: [UnresolvedExpression] = []
    repeat { items.append(try tokens.namedExpression()) } while tokens.take(sign: ",")
    return items
  }

  /// `SET a = a + 1, b = 2`: columns that are there, under new values.
  private mutating func pipedSet(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    tokens.advance()
    var plan = plan
    repeat {
      let name = try tokens.identifier()
      try tokens.expect(sign: "=")
      let value = make(.alias(try tokens.expression(), [name]))
      plan = node(
        "withColumns", [plan], ["columns": expressions([value]), "mustExist": .boolean(true)])
    } while tokens.take(sign: ",")
    return plan
  }

  /// `AGGREGATE sum(x) [GROUP BY k AS name, …]`: keys first.
  private mutating func pipedAggregate(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    tokens.advance()
    let aggregates = tokens.peek.isWord("GROUP") ? [] : try items()
    guard tokens.take("GROUP", "BY") else {
      return node("select", [plan], ["columns": expressions(aggregates)])
    }
    let keys = try items()
    return node(
      "aggregate", [plan],
      [
        "grouping": .text("groupBy"), "keys": expressions(keys),
        "aggregates": expressions(aggregates),
      ])
  }

  private mutating func pipedSetOperation(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    let word = tokens.advance().keyword
    let isAll = tokens.take("ALL")
    if !isAll { _ = tokens.take("DISTINCT") }
    var plan = plan
    repeat {
      try tokens.expect(sign: "(")
      let other = try query()
      try tokens.expect(sign: ")")
      switch word {
      case "UNION":
        let union = node("union", [plan, other])
        plan = isAll ? union : node("deduplicate", [union])
      case "INTERSECT": plan = node("intersect", [plan, other], ["all": .boolean(isAll)])
      default: plan = node("except", [plan, other], ["all": .boolean(isAll)])
      }
    } while tokens.take(sign: ",")
    return plan
  }
}
